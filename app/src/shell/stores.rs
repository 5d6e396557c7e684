//! Everything that the desk knows, made once and handed down by context.

use core::ops::Deref;

use domain::ids::{ClientId, InteractionId};
use domain::records::Owner;
use leptos::prelude::*;
use wire::ApiError;

use crate::customers::CustomersStore;
use crate::inquiries::InquiriesStore;
use crate::platform::clock::Clock;
use crate::platform::tab;
use crate::realtime::LineStore;
use crate::records::RecordsStore;
use crate::records::list::{ImportStore, ListStore};
use crate::session::SessionStore;
use crate::telephony::{AudioLink, Devices, DiallerStore, KeypadStore, Microphone, Mute, TelephonyStore};

/// What the desk knows: a reference to what lives as long as the page.
#[derive(Clone, Copy)]
pub(crate) struct Stores(&'static Known);

impl Deref for Stores {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.0
    }
}

/// What the desk knows.
pub(crate) struct Known {
    /// Which tab this is.
    pub(crate) client: ClientId,
    /// Who uses it.
    pub(crate) session: SessionStore,
    /// Whether the server is heard.
    pub(crate) line: LineStore,
    /// The softphone and its call.
    pub(crate) telephony: TelephonyStore,
    /// The list of customers.
    customer_list: ListStore,
    /// The list of inquiries.
    inquiry_list: ListStore,
    /// The import of customers on display.
    pub(crate) imports: ImportStore,
    /// The defined fields, and the drafts.
    pub(crate) records: RecordsStore,
    /// Who is on display.
    pub(crate) customers: CustomersStore,
    /// The inquiry on display.
    pub(crate) inquiries: InquiriesStore,
    /// The microphone.
    pub(crate) microphone: Microphone,
    /// The audio connection.
    pub(crate) audio: AudioLink,
    /// Which devices sound goes through.
    pub(crate) devices: Devices,
    /// Whether the call is muted.
    pub(crate) mute: Mute,
    /// The keypad of the call.
    pub(crate) keypad: KeypadStore,
    /// The dialler.
    pub(crate) dialler: DiallerStore,
    /// Whether the start of the shift is open.
    pub(crate) start_shift: RwSignal<bool>,
    /// Whether the start of the shift is looking at the microphone, which then is open whatever the state.
    pub(crate) checking_microphone: RwSignal<bool>,
    /// The calls that changed last in the list of calls; none: any of them. Set anew with each change.
    pub(crate) calls_changed: RwSignal<Vec<InteractionId>>,
    /// Grows with each change to the fields of records.
    pub(crate) fields_changed: RwSignal<u32>,
    /// Grows with each change to a customer's record, inquiries or history.
    pub(crate) customers_changed: RwSignal<u32>,
    /// Grows with each change to the settings.
    pub(crate) settings_changed: RwSignal<u32>,
    /// The last alarm of the rules against toll fraud.
    pub(crate) toll_alarm: RwSignal<Option<wire::tolls::TollAlarm>>,
    /// Whether the page on display holds something typed that leaving it would lose.
    pub(crate) unsaved: RwSignal<bool>,
    /// Where somebody wants to go in spite of it: the page asks first.
    pub(crate) going: RwSignal<Option<String>>,
    /// The server's clock.
    pub(crate) clock: Clock,
}

impl Stores {
    /// Makes them, and makes them known to everything below; called once, where the desk is mounted.
    pub(super) fn provide(clock: Clock) -> Self {
        let client = ClientId(tab::id());
        let session = SessionStore::new();
        let line = LineStore::new();
        let devices = Devices::new();
        let microphone = Microphone::new(devices);
        let telephony = TelephonyStore::new(client, session, line);
        let known = Known {
            client,
            session,
            line,
            telephony,
            customer_list: ListStore::new(Owner::Customer),
            inquiry_list: ListStore::new(Owner::Inquiry),
            imports: ImportStore::new(),
            records: RecordsStore::new(),
            customers: CustomersStore::new(telephony),
            inquiries: InquiriesStore::new(),
            microphone,
            audio: AudioLink::new(client, microphone),
            devices,
            mute: Mute::new(telephony),
            keypad: KeypadStore::new(),
            dialler: DiallerStore::new(),
            start_shift: RwSignal::new(false),
            checking_microphone: RwSignal::new(false),
            calls_changed: RwSignal::new(Vec::new()),
            fields_changed: RwSignal::new(0),
            customers_changed: RwSignal::new(0),
            settings_changed: RwSignal::new(0),
            toll_alarm: RwSignal::new(None),
            unsaved: RwSignal::new(false),
            going: RwSignal::new(None),
            clock,
        };
        // Made once a page, and used until the page goes.
        let stores = Self(Box::leak(Box::new(known)));
        provide_context(stores);
        stores
    }

    /// Forgets all that belongs to whoever was signed in.
    pub(super) fn forget(self) {
        self.telephony.forget();
        self.dialler.placed();
        self.customer_list.forget();
        self.inquiry_list.forget();
        self.imports.forget();
        self.customers.forget();
        self.inquiries.forget();
        self.start_shift.set(false);
        self.checking_microphone.set(false);
        self.toll_alarm.set(None);
        self.unsaved.set(false);
        self.going.set(None);
    }

    /// The list of one kind of record.
    pub(crate) fn list(self, owner: Owner) -> ListStore {
        match owner {
            Owner::Customer => self.customer_list,
            Owner::Inquiry => self.inquiry_list,
        }
    }

    /// Grows with each change that concerns this call.
    pub(crate) fn changes_of(self, call: impl Fn() -> Option<InteractionId> + Send + Sync + 'static) -> Memo<u32> {
        Memo::new(move |before: Option<&u32>| {
            let call = call();
            let mine = self
                .calls_changed
                .with(|changed| changed.is_empty() || call.is_some_and(|call| changed.contains(&call)));
            before.copied().unwrap_or(0) + u32::from(mine)
        })
    }

    /// Passes the answer of a server function on; one that says "signed out" brings the sign-in page.
    pub(crate) fn heard<T>(self, answer: Result<T, ApiError>) -> Result<T, ApiError> {
        if matches!(answer, Err(ApiError::SignedOut)) {
            self.session.lost();
        }
        answer
    }
}

/// What the desk knows.
///
/// # Panics
/// Outside of the desk: a slip in the page's mount, seen on its first start.
pub(crate) fn use_stores() -> Stores {
    expect_context::<Stores>()
}
