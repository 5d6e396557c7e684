//! Who is on display, and what leaving after-call work still wants. Nothing here draws.

use domain::ids::{CustomerId, InquiryId, InteractionId};
use domain::phone::ShownNumber;
use wire::customers::Customer;
use wire::events::Party;
use wire::records::Fields;

use crate::records::form::model::Record;

/// What somebody opened by an address, a list or a search; a call that is connected closes it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Nothing: the own call is on display, if there is one.
    #[default]
    Nothing,
    /// A customer.
    Customer(CustomerId),
    /// A customer to be made.
    New,
    /// A past call.
    Call(InteractionId),
}

impl Opened {
    /// Reads the desk's address: `?customer=<id>`, `?customer=new`, `?call=<id>`, and `inquiry=<id>` beside them.
    pub(crate) fn of_query(query: &str) -> (Self, Option<InquiryId>) {
        let mut opened = Self::Nothing;
        let mut inquiry = None;
        for (name, value) in query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "customer" if value == "new" => opened = Self::New,
                "customer" => opened = value.parse().map_or(opened, Self::Customer),
                "call" => opened = value.parse().map_or(opened, Self::Call),
                "inquiry" => inquiry = value.parse().ok(),
                _ => {}
            }
        }
        (opened, inquiry)
    }

    /// The desk's address with it open.
    pub(crate) fn address(self) -> String {
        match self {
            Self::Nothing => "/".to_owned(),
            Self::Customer(id) => format!("/?customer={id}"),
            Self::New => "/?customer=new".to_owned(),
            Self::Call(id) => format!("/?call={id}"),
        }
    }
}

/// What the agent said of a call: whose it is, or that it is nobody's who has the number.
pub(crate) type Said = Option<(InteractionId, Option<CustomerId>)>;

/// A call with its customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnCall {
    /// Which.
    pub(crate) id: InteractionId,
    /// The customer.
    pub(crate) party: Party,
}

/// Whose record the pane shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nobody's.
    #[default]
    Nobody,
    /// A registered customer's, and in which call.
    Customer {
        /// Who.
        id: CustomerId,
        /// In which call.
        call: Option<InteractionId>,
    },
    /// Several have the number: somebody must choose (A7).
    Pick {
        /// In which call.
        call: InteractionId,
    },
    /// 登録されていない顧客
    Unregistered {
        /// In which call.
        call: InteractionId,
        /// Their number.
        number: Option<ShownNumber>,
    },
    /// A customer to be made, without any call.
    New,
}

impl Target {
    /// What is on display: what was opened, else the own call. `said` is what the agent last said of a call that is
    /// nobody's yet for the server: that it is this customer's, just saved, or none of those who have the number.
    pub(crate) fn of(opened: Opened, own: Option<&OnCall>, past: Option<&OnCall>, said: Said) -> Self {
        let call = match opened {
            Opened::New => return Self::New,
            Opened::Customer(id) => {
                let call = own.filter(|own| own.party.customer == Some(id)).map(|own| own.id);
                return Self::Customer { id, call };
            }
            Opened::Call(id) => past.into_iter().chain(own).find(|call| call.id == id),
            Opened::Nothing => own,
        };
        let Some(OnCall { id, party }) = call else { return Self::Nobody };
        let said = said.filter(|(call, _)| call == id).map(|(_, customer)| customer);
        match party.customer.or(said.flatten()) {
            Some(customer) => Self::Customer { id: customer, call: Some(*id) },
            None if party.candidates > 0 && said.is_none() => Self::Pick { call: *id },
            None => Self::Unregistered { call: *id, number: party.number.clone() },
        }
    }

    /// The call that it is about.
    pub(crate) fn call(&self) -> Option<InteractionId> {
        match self {
            Self::Customer { call, .. } => *call,
            Self::Pick { call } | Self::Unregistered { call, .. } => Some(*call),
            Self::Nobody | Self::New => None,
        }
    }

    /// The registered customer.
    pub(crate) fn customer(&self) -> Option<CustomerId> {
        match self {
            Self::Customer { id, .. } => Some(*id),
            Self::Nobody | Self::Pick { .. } | Self::Unregistered { .. } | Self::New => None,
        }
    }
}

/// A customer's record as a form takes it.
pub(crate) fn record(customer: &Customer) -> Record {
    Record {
        version: customer.version,
        values: customer.values.clone(),
        files: Vec::new(),
        updated: customer.updated.clone(),
    }
}

/// What a call's after-call work still wants (A6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Of which call.
    pub(crate) call: InteractionId,
    /// Nobody is registered.
    pub(crate) customer: bool,
    /// Required fields of the record that are empty, by name.
    pub(crate) fields: Vec<String>,
    /// No inquiry is stored.
    pub(crate) inquiry: bool,
}

impl Missing {
    /// What is missing of a call whose customer and number of inquiries are these.
    pub(crate) fn of(call: InteractionId, customer: Option<&Customer>, fields: &Fields, inquiries: usize) -> Self {
        let empty = |customer: &Customer| {
            domain::records::missing(&fields.customer, |key| customer.values.contains_key(&key))
                .into_iter()
                .filter_map(|id| fields.get(id).map(|field| field.label.clone()))
                .collect()
        };
        Self {
            call,
            customer: customer.is_none(),
            fields: customer.map(empty).unwrap_or_default(),
            inquiry: inquiries == 0,
        }
    }

    /// Whether everything is written.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.customer && self.fields.is_empty() && !self.inquiry
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::ids::FieldId;
    use domain::phone::E164;
    use domain::records::{Field, Key, Kind, Owner, Value};
    use domain::time::Timestamp;
    use uuid::Uuid;
    use wire::records::{Shown, Stamp};

    use super::*;

    const CALL: InteractionId = InteractionId(Uuid::from_u128(1));
    const PAST: InteractionId = InteractionId(Uuid::from_u128(2));
    const YAMADA: CustomerId = CustomerId(Uuid::from_u128(3));
    const SATO: CustomerId = CustomerId(Uuid::from_u128(4));

    fn call(id: InteractionId, customer: Option<CustomerId>, candidates: u32) -> OnCall {
        let number = ShownNumber { e164: E164::parse("+819012345678").unwrap(), shown: "090-1234-5678".to_owned() };
        OnCall { id, party: Party { number: Some(number), name: None, customer, candidates } }
    }

    fn customer(values: &[(Key, Value)]) -> Customer {
        let stamp = Stamp { at: Timestamp(0), by: None, name: None };
        let values: BTreeMap<_, _> = values.iter().map(|(key, value)| (*key, Shown::Plain(value.clone()))).collect();
        Customer { id: YAMADA, version: 1, values, created: stamp.clone(), updated: stamp }
    }

    #[test]
    fn s20_the_call_brings_its_customer_and_s22_an_unknown_caller_only_the_number() {
        let of = |own: &OnCall| Target::of(Opened::Nothing, Some(own), None, None);
        assert_eq!(of(&call(CALL, Some(YAMADA), 1)), Target::Customer { id: YAMADA, call: Some(CALL) });
        assert!(matches!(of(&call(CALL, None, 0)), Target::Unregistered { call: CALL, number: Some(_) }));
        assert_eq!(Target::of(Opened::Nothing, None, None, None), Target::Nobody);
    }

    #[test]
    fn a7_with_several_candidates_somebody_must_choose_one_or_none_of_them() {
        let own = call(CALL, None, 2);
        assert_eq!(Target::of(Opened::Nothing, Some(&own), None, None), Target::Pick { call: CALL });
        let none = Target::of(Opened::Nothing, Some(&own), None, Some((CALL, None)));
        assert!(matches!(none, Target::Unregistered { .. }));
        let other = Target::of(Opened::Nothing, Some(&own), None, Some((PAST, None)));
        assert_eq!(other, Target::Pick { call: CALL }, "said of another call");
    }

    #[test]
    fn s33_who_was_just_saved_stays_on_display_until_the_call_says_so_too() {
        let own = call(CALL, None, 0);
        let saved = Target::of(Opened::Nothing, Some(&own), None, Some((CALL, Some(YAMADA))));
        assert_eq!(saved, Target::Customer { id: YAMADA, call: Some(CALL) });
    }

    #[test]
    fn s37_a_customer_can_be_opened_without_and_beside_a_call() {
        let own = call(CALL, Some(YAMADA), 1);
        let opened = |id| Target::of(Opened::Customer(id), Some(&own), None, None);
        assert_eq!(opened(SATO), Target::Customer { id: SATO, call: None });
        assert_eq!(opened(YAMADA), Target::Customer { id: YAMADA, call: Some(CALL) });
        let past = call(PAST, Some(SATO), 1);
        assert_eq!(Target::of(Opened::Call(PAST), Some(&own), Some(&past), None).call(), Some(PAST));
        assert_eq!(Target::of(Opened::Call(PAST), Some(&own), None, None), Target::Nobody, "not loaded yet");
    }

    #[test]
    fn what_is_open_is_read_from_the_address_and_written_to_it() {
        for opened in [Opened::Nothing, Opened::Customer(YAMADA), Opened::New, Opened::Call(PAST)] {
            let address = opened.address();
            assert_eq!(Opened::of_query(address.trim_start_matches('/')).0, opened);
        }
        let inquiry = InquiryId(Uuid::from_u128(9));
        let query = format!("?customer={YAMADA}&inquiry={inquiry}&x");
        assert_eq!(Opened::of_query(&query), (Opened::Customer(YAMADA), Some(inquiry)));
        assert_eq!(Opened::of_query("?customer=<script>"), (Opened::Nothing, None));
    }

    #[test]
    fn a6_only_what_is_missing_is_named() {
        let id = FieldId(Uuid::from_u128(5));
        let field = Field {
            id,
            owner: Owner::Customer,
            label: "会員番号".to_owned(),
            kind: Kind::Text,
            required: true,
            help: String::new(),
            default: None,
            sensitive: None,
            active: true,
            position: 0,
        };
        let fields = Fields { customer: vec![field], ..Fields::default() };
        let of = |customer: Option<&Customer>, inquiries| Missing::of(CALL, customer, &fields, inquiries);
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!((of(None, 0).customer, of(None, 0).inquiry), (true, true));
        let half = customer(&[(Key::Name, text("山田"))]);
        assert_eq!((of(Some(&half), 1).fields, of(Some(&half), 1).customer), (vec!["会員番号".to_owned()], false));
        let whole = customer(&[(Key::Field(id), text("A1"))]);
        assert!(of(Some(&whole), 1).is_nothing() && !of(Some(&whole), 0).is_nothing());
    }
}
