//! A whole telephony of its own for each test: settings, agents, router, gateway, SIP, calls, on loopback.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::agents::Seat;
use domain::ids::{ClientId, ExtensionId, InteractionId, NumberId, QueueId, TrunkId, UserId};
use domain::roles::Role;
use domain::routing::Rule;
use domain::telephony::{Call, CallEvent, Outcome};
use domain::time::Timestamp;
use server::agents::Agents;
use server::clock::{Clock, Hands};
use server::db::{Db, DbError, Tx};
use server::files::Files;
use server::interactions::Interactions;
use server::realtime::{Attached, Hub, Outgoing};
use server::routing::Router;
use server::settings::{Accounts, SettingsConfig, SettingsService, Vault};
use server::startup::RecordDesks;
use server::telephony::call_log::CallLog;
use server::telephony::calls::{Calls, Inlets, Neighbours};
use server::telephony::extensions;
use server::telephony::gateway::{Gateway, GatewayConfig};
use server::telephony::locate::Names;
use server::telephony::numbers::NumberingPlan;
use server::telephony::port::Telephony;
use server::telephony::sip_endpoint::{SipConfig, SipEndpoint};
use server::telephony::trunk::Trunks;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use wire::ApiResult;
use wire::events::{CallView, DeskEvent, Gone, Media, ServerFrame, Softphone};
use wire::session::Actor;
use wire::settings::{
    Extension, Granted, Number, Presentation, Queue, SettingsPort, Trunk, TrunkCodec, TrunkState, TrunkTransport, User,
};
use wire::telephony::{Choice, TelephonyPort};

use super::peers::browser::{Browser, Offered};

/// How long a call rests that everybody has declined.
pub(crate) const DECLINE_PAUSE: Duration = Duration::from_secs(30);
/// How long a call is kept for an agent who is lost in it.
pub(crate) const KEEP_FOR: Duration = Duration::from_secs(30);
/// The number of ours that customers dial, in all tests.
pub(crate) const OURS: &str = "0312345678";
/// The same as it is stored.
pub(crate) const OURS_E164: &str = "+81312345678";

pub(crate) struct Floor {
    pub(crate) db: Db,
    pub(crate) hands: Hands,
    pub(crate) clock: Clock,
    pub(crate) hub: Hub,
    pub(crate) agents: Agents,
    pub(crate) gateway: Gateway,
    pub(crate) sip: SipEndpoint,
    pub(crate) trunks: Trunks,
    pub(crate) calls: Calls,
    pub(crate) phone: Telephony,
    /// Customers and inquiries.
    pub(crate) desks: RecordDesks,
    /// The list of calls.
    pub(crate) list: Interactions,
    pub(crate) settings: SettingsService,
    pub(crate) log: CallLog,
    pub(crate) admin: Actor,
    pub(crate) queue: Queue,
    pub(crate) trunk: Trunk,
    pub(crate) number: Number,
    /// Where sipp plays the trunk's peer.
    pub(crate) peer_port: u16,
    seats: HashMap<UserId, Desk>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _kept: TempDir,
}

/// One agent's tab: what the server told it.
pub(crate) struct Desk {
    pub(crate) actor: Actor,
    pub(crate) client: ClientId,
    attached: Attached,
}

/// How the floor differs from the usual one.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) may_answer: bool,
    pub(crate) max_calls: u16,
    pub(crate) transport: TrunkTransport,
    pub(crate) trusts_identity: bool,
    /// The name server that is asked; none: the system's.
    pub(crate) names: Option<SocketAddr>,
    /// Whose certificates of trunks are believed beside the system's.
    pub(crate) tls_authorities: Option<&'static Path>,
    /// Our certificate and key; with them TLS is taken.
    pub(crate) tls_own: Option<(&'static Path, &'static Path)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            may_answer: true,
            max_calls: 100,
            transport: TrunkTransport::Udp,
            trusts_identity: false,
            names: None,
            tls_authorities: None,
            tls_own: None,
        }
    }
}

struct PlainAccounts;

#[async_trait]
impl Accounts for PlainAccounts {
    async fn hash_password(&self, _: String) -> ApiResult<String> {
        Ok("not used here".to_owned())
    }

    async fn end_sessions(&self, _: &mut Tx, _: UserId) -> Result<(), DbError> {
        Ok(())
    }

    fn sessions_ended(&self, _: UserId) {}
}

struct PlainVault;

impl Vault for PlainVault {
    fn seal(&self, secret: &str) -> ApiResult<String> {
        Ok(secret.to_owned())
    }

    fn open(&self, sealed: &str) -> ApiResult<String> {
        Ok(sealed.to_owned())
    }
}

/// How long a test waits for an event: generous, for it says nothing about speed.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A port that was free a moment ago, for a program that takes one by its number. Even, for RTP.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = std::net::UdpSocket::bind((LOOPBACK, 0)).unwrap().local_addr().unwrap().port();
        if port.is_multiple_of(2) && std::net::TcpListener::bind((LOOPBACK, port)).is_ok() {
            return port;
        }
    }
}

impl Plan {
    /// SIP on ports of its own, at this address.
    fn sip(&self, any: SocketAddr) -> SipConfig {
        SipConfig {
            udp: Some(any),
            tcp: Some(any),
            tls: self.tls_own.map(|_| any),
            tls_own: self.tls_own.map(|(certificate, key)| (certificate.to_owned(), key.to_owned())),
            tls_authorities: self.tls_authorities.map(Path::to_owned),
            requests_of_one: 1_000,
            public: None,
            user_agent: "madoguchi".to_owned(),
            timers: sip::Timers::default(),
        }
    }
}

/// The gateway on ports of its own, at this address.
fn gateway_config(any: SocketAddr) -> GatewayConfig {
    GatewayConfig {
        webrtc_bind: any,
        webrtc_public: vec![],
        rtp_bind: LOOPBACK,
        rtp_public: LOOPBACK,
        rtp_ports: 20_000..=29_999,
        ringback: media::tone::Ringback::Japan,
    }
}

impl Floor {
    pub(crate) async fn open(db: &Db) -> Self {
        Self::open_with(db, Plan::default()).await
    }

    pub(crate) async fn open_with(db: &Db, plan: Plan) -> Self {
        let (clock, hands) = Clock::held(Timestamp(1_800_000_000_000));
        let hub = Hub::new(clock.clone());
        let agents = Agents::new(db.clone(), clock.clone(), hub.clone());
        let numbering = NumberingPlan::of("JP").unwrap();
        let settings = SettingsService::new(
            db.clone(),
            clock.clone(),
            hub.clone(),
            Arc::new(PlainAccounts),
            Arc::new(PlainVault),
            SettingsConfig { plan: numbering, demo: false },
        );
        let admin = Actor { user: UserId(Uuid::new_v4()), role: Role::Administrator, session: String::new() };
        let peer_port = free_port();
        let (trunk, queue, number) = furnish(&settings, &admin, peer_port, plan).await;

        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let any = SocketAddr::new(LOOPBACK, 0);
        let (sip, outlets) = SipEndpoint::start(plan.sip(any), clock.clone(), &tasks, stop.clone()).await.unwrap();
        // A note of 440 Hz, so that an ear can tell it from silence.
        let music = media::Music::of_pcm(&testkit::tone::sine(440.0, super::peers::LEVEL, 8_000, 0, 8_000));
        let (gateway, audio) = Gateway::start(gateway_config(any), Arc::new(music)).unwrap();
        let directory = Arc::new(settings.clone());
        let trunks = Trunks::new(
            directory.clone(),
            Arc::new(sip.clone()),
            plan.names.map_or_else(Names::of_system, Names::at),
            clock.clone(),
        );
        let (router, decisions) =
            Router::new(db.clone(), clock.clone(), hub.clone(), agents.clone(), directory.clone(), DECLINE_PAUSE);
        let kept = tempfile::tempdir().unwrap();
        let files = Files::local(kept.path()).unwrap();
        let desks = RecordDesks::new(db.clone(), clock.clone(), hub.clone(), numbering, files);
        let (log, writer) = CallLog::new(db.clone(), clock.clone(), |_| {});
        tokio::spawn(writer);
        let calls = Calls::new(Neighbours {
            db: db.clone(),
            clock: clock.clone(),
            hub: hub.clone(),
            agents: agents.clone(),
            router: router.clone(),
            gateway: gateway.clone(),
            sip: Arc::new(sip.clone()),
            trunks: trunks.clone(),
            directory: directory.clone(),
            people: desks.people(),
            plan: numbering,
            log: log.clone(),
            keep_for: KEEP_FOR,
        });
        let list = Interactions::new(db.clone(), numbering, Arc::new(settings.clone()), desks.callers());
        desks.join(calls.clone(), list.clone());
        calls.recover().await.unwrap();
        assert!(trunks.reload().await);
        tasks.spawn(trunks.clone().run(outlets.registrations, stop.clone()));
        let lines = (directory, settings.changes());
        tasks.spawn(extensions::keep(agents.clone(), lines.0, trunks.clone(), clock.clone(), lines.1, stop.clone()));
        tokio::spawn(router.run(stop.clone()));
        tokio::spawn(calls.clone().run(Inlets { incoming: outlets.incoming, decisions, audio }, stop.clone()));
        let phone = Telephony::new(calls.clone());
        Self {
            db: db.clone(),
            hands,
            clock,
            hub,
            agents,
            gateway,
            sip,
            trunks,
            calls,
            phone,
            desks,
            list,
            settings,
            log,
            admin,
            queue,
            trunk,
            number,
            peer_port,
            seats: HashMap::new(),
            tasks,
            stop,
            _kept: kept,
        }
    }

    /// Ends SIP and the trunks as a stopping server does.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where the trunk's peer sends its calls.
    pub(crate) fn sip_address(&self) -> SocketAddr {
        match self.trunk.transport {
            TrunkTransport::Udp => self.sip.udp_address().unwrap(),
            TrunkTransport::Tcp => self.sip.tcp_address().unwrap(),
            TrunkTransport::Tls => self.sip.tls_address().unwrap(),
        }
    }

    /// A new agent of the queue with an extension, a tab, and nothing else yet.
    pub(crate) async fn agent(&mut self, login: &str) -> UserId {
        let id = self.hire(login).await;
        self.queue = self.settings.save_queue(self.admin.clone(), self.queue.clone()).await.unwrap();
        id
    }

    /// An agent who is logged in and ready, with audio as far as the server knows.
    pub(crate) async fn ready(&mut self, login: &str) -> UserId {
        let id = self.logged_in(login).await;
        self.phone.choose(self.actor(id), Choice::Ready).await.unwrap();
        id
    }

    /// As many agents who are ready.
    pub(crate) async fn all_ready(&mut self, count: usize) -> Vec<UserId> {
        let mut agents = Vec::new();
        for n in 0..count {
            agents.push(self.hire(&format!("agent{n}")).await);
        }
        self.queue = self.settings.save_queue(self.admin.clone(), self.queue.clone()).await.unwrap();
        for id in agents.clone() {
            self.log_in(id).await;
            self.phone.choose(self.actor(id), Choice::Ready).await.unwrap();
        }
        agents
    }

    /// An agent who is logged in, not ready, with audio as far as the server knows.
    pub(crate) async fn logged_in(&mut self, login: &str) -> UserId {
        let id = self.agent(login).await;
        self.log_in(id).await;
        id
    }

    async fn log_in(&self, id: UserId) {
        self.phone.log_in(self.actor(id), self.client(id)).await.unwrap();
        self.agents.set_media(id, Media::Up).await;
    }

    async fn hire(&mut self, login: &str) -> UserId {
        let id = UserId(Uuid::new_v4());
        self.settings.save_user(self.admin.clone(), user(id, login)).await.unwrap();
        let number = format!("{}", 1001 + self.seats.len());
        let extension =
            Extension { version: 0, id: ExtensionId(Uuid::new_v4()), number, user: Some(id), account: None };
        self.settings.save_extension(self.admin.clone(), extension).await.unwrap();
        self.queue.members.push(id);
        let client = ClientId(Uuid::new_v4());
        let attached = self.hub.attach(id, client, String::new(), None);
        let actor = Actor { user: id, role: Role::Agent, session: String::new() };
        self.seats.insert(id, Desk { actor, client, attached });
        id
    }

    /// An agent who is logged in and ready, with the real audio of a browser that plays `tone`.
    pub(crate) async fn ready_with_browser(&mut self, login: &str, tone: f64) -> (UserId, Browser) {
        let id = self.agent(login).await;
        self.phone.log_in(self.actor(id), self.client(id)).await.unwrap();
        let browser = self.browser(id, tone).await;
        while self.agents.media(id) != Media::Up {
            self.event(id).await;
        }
        self.phone.choose(self.actor(id), Choice::Ready).await.unwrap();
        (id, browser)
    }

    /// The audio of the agent's tab, connected anew.
    pub(crate) async fn browser(&self, agent: UserId, tone: f64) -> Browser {
        let (offered, offer) = Offered::new(media::Codec::Pcmu);
        let answer = self.phone.connect_audio(self.actor(agent), self.client(agent), offer).await.unwrap();
        offered.answered(&answer, tone)
    }

    /// Another tab of the agent is the one that the test looks at; the socket of the one before is gone.
    pub(crate) fn other_tab(&mut self, agent: UserId) {
        let desk = self.seats.get_mut(&agent).unwrap();
        self.hub.detach(agent, desk.attached.number);
        desk.client = ClientId(Uuid::new_v4());
        desk.attached = self.hub.attach(agent, desk.client, String::new(), None);
    }

    pub(crate) fn actor(&self, agent: UserId) -> Actor {
        self.seats[&agent].actor.clone()
    }

    pub(crate) fn client(&self, agent: UserId) -> ClientId {
        self.seats[&agent].client
    }

    /// The tab that holds the softphone goes; another tab of the same agent looks on.
    pub(crate) async fn lose_desk(&mut self, agent: UserId) {
        let (hub, agents) = (self.hub.clone(), self.agents.clone());
        let desk = self.seats.get_mut(&agent).unwrap();
        hub.detach(agent, desk.attached.number);
        desk.attached = hub.attach(agent, ClientId(uuid::Uuid::new_v4()), String::new(), None);
        agents.look_at_desk(agent, desk.client).await;
    }

    /// The next event that the agent's tab gets.
    pub(crate) async fn event(&mut self, agent: UserId) -> DeskEvent {
        let desk = self.seats.get_mut(&agent).unwrap();
        let frame = tokio::time::timeout(PATIENCE, desk.attached.frames.recv()).await;
        let frame = frame.expect("what the test waits for never came").expect("the hub keeps a tab that reads");
        let Outgoing::Frame(json) = frame else { panic!("the tab was closed: {frame:?}") };
        let ServerFrame::Event { event, .. } = serde_json::from_str(&json).unwrap() else { panic!("no event: {json}") };
        event
    }

    /// Waits until the agent's call is as wanted.
    pub(crate) async fn call(&mut self, agent: UserId, wanted: impl Fn(&CallView) -> bool) -> CallView {
        loop {
            if let DeskEvent::Call { call } = self.event(agent).await
                && wanted(&call)
            {
                return *call;
            }
        }
    }

    pub(crate) async fn offered(&mut self, agent: UserId) -> CallView {
        self.call(agent, |view| matches!(view.call, Call::Offered { .. })).await
    }

    pub(crate) async fn connected(&mut self, agent: UserId) -> CallView {
        self.call(agent, |view| matches!(view.call, Call::Connected { .. })).await
    }

    pub(crate) async fn ended(&mut self, agent: UserId) -> CallView {
        self.call(agent, |view| view.call.is_over()).await
    }

    /// Waits until a call leaves the agent's desk.
    pub(crate) async fn gone(&mut self, agent: UserId) -> (InteractionId, Gone) {
        loop {
            if let DeskEvent::CallGone { call, why } = self.event(agent).await {
                return (call, why);
            }
        }
    }

    /// Waits until the agent's seat is as wanted.
    pub(crate) async fn seat(&mut self, agent: UserId, wanted: impl Fn(&Seat) -> bool) -> Seat {
        let now = self.agents.seat(agent).await.unwrap();
        if wanted(&now) {
            return now;
        }
        loop {
            if let DeskEvent::Softphone { softphone: Softphone { seat, .. } } = self.event(agent).await
                && wanted(&seat)
            {
                return seat;
            }
        }
    }

    /// Waits until no call is going on and everything is stored.
    pub(crate) async fn quiet(&self) {
        self.calls.idle().await;
        self.log.flush().await;
    }

    /// The stored log of a call.
    pub(crate) async fn events(&self, call: InteractionId) -> Vec<CallEvent> {
        self.log.flush().await;
        let rows = server::fetch_all!(
            &self.db,
            (i64, String),
            "SELECT n, event FROM interaction_events WHERE interaction_id = $1 ORDER BY n",
            call.to_string()
        )
        .unwrap();
        for (row, n) in rows.iter().zip(1..) {
            assert_eq!(row.0, n, "numbered from 1, without gaps");
        }
        rows.iter().map(|(_, event)| serde_json::from_str(event).unwrap()).collect()
    }

    /// Every stored call: its outcome, its SIP status and the customer's number.
    pub(crate) async fn outcomes(&self) -> Vec<(Outcome, Option<i64>, Option<String>)> {
        self.log.flush().await;
        let rows = server::fetch_all!(
            &self.db,
            (String, Option<i64>, Option<String>),
            "SELECT outcome, sip_status, customer_number FROM interactions ORDER BY started_at, id"
        )
        .unwrap();
        rows.into_iter()
            .map(|(outcome, status, number)| (serde_json::from_str(&outcome).unwrap(), status, number))
            .collect()
    }

    /// Lets every timer of the protocol run out, and gives what the stack and the gateway still hold.
    pub(crate) async fn left_over(&self) -> (server::telephony::sip_stack::Held, usize, usize) {
        // RFC 3261 Timer H and J: 64*T1 is the longest wait after the last message.
        for _ in 0..4 {
            self.hands.advance(Duration::from_secs(33));
            self.sip_answers().await;
        }
        (self.held().await, self.gateway.open_ports(), self.calls.count())
    }

    pub(crate) async fn held(&self) -> server::telephony::sip_stack::Held {
        use server::telephony::sip_stack::SipStack;
        self.sip.held().await
    }

    /// Returns when the SIP driver has seen everything that came before.
    async fn sip_answers(&self) {
        self.held().await;
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The settings of the usual floor: a trunk, a queue, and the number that leads from one to the other.
async fn furnish(settings: &SettingsService, admin: &Actor, peer_port: u16, plan: Plan) -> (Trunk, Queue, Number) {
    let user = User { role: Role::Administrator, ..user(admin.user, "admin") };
    settings.save_user(admin.clone(), user).await.unwrap();
    let trunk = settings.save_trunk(admin.clone(), trunk("carrier", peer_port, plan)).await.unwrap();
    let queue = Queue {
        version: 0,
        id: QueueId(Uuid::new_v4()),
        name: "代表".to_owned(),
        rule: Rule::LongestIdle,
        members: vec![],
        may_answer: plan.may_answer,
        ring_seconds: 20,
        music: None,
    };
    let queue = settings.save_queue(admin.clone(), queue).await.unwrap();
    let number = Number {
        version: 0,
        id: NumberId(Uuid::new_v4()),
        number: OURS.to_owned(),
        shown: None,
        label: "代表".to_owned(),
        trunk: trunk.id,
        queue: Some(queue.id),
        granted: Granted::Everybody,
    };
    let number = settings.save_number(admin.clone(), number).await.unwrap();
    (trunk, queue, number)
}

fn user(id: UserId, login: &str) -> User {
    User {
        version: 0,
        id,
        login: login.to_owned(),
        name: login.to_owned(),
        role: Role::Agent,
        active: true,
        password: Some("long enough".to_owned()),
    }
}

pub(crate) fn trunk(name: &str, port: u16, plan: Plan) -> Trunk {
    Trunk {
        version: 0,
        id: TrunkId(Uuid::new_v4()),
        name: name.to_owned(),
        host: LOOPBACK.to_string(),
        port: Some(port),
        second_host: None,
        transport: plan.transport,
        registers: false,
        username: None,
        password: None,
        has_password: false,
        sources: vec![],
        codecs: vec![TrunkCodec::Pcmu, TrunkCodec::Pcma],
        max_calls: plan.max_calls,
        trusts_identity: plan.trusts_identity,
        presents: Presentation::Asserted,
        active: true,
        state: TrunkState::Off,
    }
}
