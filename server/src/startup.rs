//! The one place that names concrete adapters: joins the slices to a product, starts it, and stops it politely.
//!
//! ```text
//!  settings, keys, certificate ─► database, migrated ─► slices joined ─► last run cleaned up ─► sockets bound ─► serving
//!                 any failure up to here: nothing was started                                          │ SIGTERM, SIGINT
//!                                                      closed ◄─ sockets closed ◄─ no new calls, calls end (drain limit)
//! ```

mod joins;
mod logging;
mod records;
mod running;
mod shutdown;

use std::fs::DirBuilder;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::provide_context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::demo::DemoPort;
use wire::events::{CloseReason, DeskEvent};
use wire::interactions::InteractionsPort;
use wire::relays::RelaysPort;
use wire::settings::SettingsPort;
use wire::telephony::TelephonyPort;
use wire::tolls::TollsPort;

use self::joins::Joins;
pub use self::records::RecordDesks;
use self::running::Running;
pub use self::shutdown::Shutdown;
use crate::agents::Agents;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Fault};
use crate::db::{Db, DbError, LockError, NodeLock};
use crate::demo::{self, Demo};
use crate::files::{FileError, Files};
use crate::http::{self, Edge, Limits, Listener, Origins, Ports, Proxies, Readiness, Tls, TlsError};
use crate::interactions::Interactions;
use crate::realtime::{Hub, Realtime};
use crate::routing;
use crate::secrets::{KeyFileError, Vault};
use crate::session::{Census, Hasher, Sessions, census};
use crate::settings::{SettingsConfig, SettingsService, music};
use crate::telephony::call_log::CallLog;
use crate::telephony::calls::{Calls, Inlets, Neighbours};
use crate::telephony::gateway::{Gateway, GatewayConfig, GatewayError};
use crate::telephony::list_news;
use crate::telephony::locate::Names;
use crate::telephony::numbers::NumberingPlan;
use crate::telephony::port::Telephony;
use crate::telephony::relays::{Relays, SecretError};
use crate::telephony::sip_endpoint::{SipConfig, SipEndpoint, SipStartError, own_address};
use crate::telephony::trunk::Trunks;

/// How often what can no longer matter is dropped.
const SWEEP_EVERY: Duration = Duration::from_mins(15);

/// How long tasks and database may take to end.
const ENDING: Duration = Duration::from_secs(10);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key of the secrets cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The relay's secret cannot be used.
    #[error(transparent)]
    Relays(#[from] SecretError),
    /// The data directory cannot be made.
    #[error("data_dir {path}: {error}")]
    DataDir {
        /// Which directory.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Uploads cannot be kept.
    #[error("files_url or data_dir: {0}")]
    Files(#[from] FileError),
    /// The database cannot be used.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The database is served by another one, or cannot be asked whether it is.
    #[error(transparent)]
    Lock(LockError),
    /// The demo was asked for on a real database.
    #[error(
        "demo: this database has real users, and the demo would hand out accounts whose passwords are public. Start \
         without --demo, or name another data_dir or database_url"
    )]
    DemoOnRealUsers,
    /// A database of the demo was to be used in earnest.
    #[error(
        "database_url: this database was made by the demo, and the passwords of its users are public. Start with \
         --demo, or name another database"
    )]
    DemoUsers,
    /// The address is taken, or not ours.
    #[error("listen {address}: {error}. Choose another address, or stop what uses it")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// SIP cannot listen.
    #[error("{0}")]
    Sip(#[from] SipStartError),
    /// Audio cannot be had.
    #[error("webrtc_listen, webrtc_public_addresses, rtp_address: {0}")]
    Gateway(#[from] GatewayError),
    /// The server ran, and another one has its database now.
    #[error("another madoguchi has taken this database over, and this one has ended: see which of the two is to serve")]
    TakenOver,
    /// The last run could not be cleaned up, or something else that should never fail did.
    #[error("{0}")]
    Internal(String),
}

impl From<LockError> for StartError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Db(error) => Self::Db(error),
            LockError::Taken | LockError::File { .. } => Self::Lock(error),
        }
    }
}

impl StartError {
    /// Whether another value of a setting would help; else something failed.
    pub fn is_a_setting(&self) -> bool {
        match self {
            Self::Config(_)
            | Self::Tls(_)
            | Self::Key(_)
            | Self::Relays(_)
            | Self::DataDir { .. }
            | Self::Files(_)
            | Self::Lock(_)
            | Self::DemoOnRealUsers
            | Self::DemoUsers
            | Self::Listen { .. }
            | Self::Sip(_)
            | Self::Gateway(_) => true,
            Self::Db(_) | Self::TakenOver | Self::Internal(_) => false,
        }
    }
}

/// Looks at everything that settings name on this machine, without starting or making anything.
///
/// # Errors
/// What cannot be used.
pub fn check(config: &Config) -> Result<(), StartError> {
    plan(config)?;
    if let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) {
        http::load_tls(certificate, key)?;
    }
    relays(config, Clock::system())?;
    if config.secret_key().exists() {
        Vault::open_or_make(&config.secret_key())?;
    }
    Ok(())
}

/// Makes the data directory, for its owner only.
///
/// # Errors
/// It cannot be made.
pub fn make_data_dir(config: &Config) -> Result<(), StartError> {
    let path = &config.data_dir;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StartError::DataDir { path: path.clone(), error })
}

/// Runs the product until it is told to stop.
///
/// # Errors
/// Why it did not start; nothing is left running then.
pub async fn serve(config: Config, clock: Clock) -> Result<(), StartError> {
    logging::start(&config);
    http::install_metrics().map_err(|error| StartError::Internal(error.to_string()))?;
    let shutdown = Shutdown::on_signals().map_err(|error| StartError::Internal(error.to_string()))?;
    let product = Product::start(config, clock, shutdown.clone()).await?;
    shutdown.stopping.cancelled().await;
    product.stop(&shutdown).await;
    if shutdown.taken_over.is_cancelled() { Err(StartError::TakenOver) } else { Ok(()) }
}

/// The settings, which ask the other slices through their joins.
fn settings(db: &Db, clock: &Clock, hub: &Hub, joins: &Arc<Joins>, config: SettingsConfig) -> SettingsService {
    let (accounts, vault) = (Arc::<Joins>::clone(joins), Arc::<Joins>::clone(joins));
    SettingsService::new(db.clone(), clock.clone(), hub.clone(), accounts, vault, config)
}

/// Holds the right to serve. Once it is gone, nothing is begun any more: the other server has it.
async fn hold(mut lock: NodeLock, clock: Clock, shutdown: Shutdown) {
    lock.until_gone(&clock).await;
    tracing::error!("another madoguchi has taken this database over: no new calls are taken here, and this one ends");
    shutdown.taken_over.cancel();
    shutdown.stopping.cancel();
    std::future::pending::<()>().await;
}

/// Everything that runs.
pub struct Product {
    config: Config,
    db: Db,
    hub: Hub,
    calls: Calls,
    gateway: Gateway,
    tasks: TaskTracker,
    /// Everything that runs ends: only once the calls have, which need it for their goodbye.
    closing: CancellationToken,
    /// Looks after the right to serve, and holds it until all has ended.
    lock: JoinHandle<()>,
    /// Where the desk is served.
    pub address: SocketAddr,
}

/// What everything else stands on: looked at before anything runs, so that a bad setting leaves nothing half-started.
struct Ground {
    config: Config,
    plan: NumberingPlan,
    tls: Option<Arc<Tls>>,
    relays: Relays,
    vault: Vault,
    files: Files,
    hasher: Hasher,
    bound: TcpListener,
    lock: NodeLock,
    db: Db,
}

impl Ground {
    async fn prepare(mut config: Config, clock: &Clock) -> Result<Self, StartError> {
        check(&config)?;
        if config.demo {
            demo::keep_to_loopback(&mut config);
        }
        let plan = plan(&config)?;
        make_data_dir(&config)?;
        let tls = tls(&config)?;
        let relays = relays(&config, clock.clone())?;
        let vault = Vault::open_or_make(&config.secret_key())?;
        let files = files(&config)?;
        let hasher = Hasher::new().map_err(|error| StartError::Internal(error.to_string()))?;
        let address = config.listen;
        let listen = |error| StartError::Listen { address, error };
        let bound = TcpListener::bind(address).await.map_err(listen)?;
        // With port 0 the system chose one: the addresses that are made from it must name it.
        config.listen = bound.local_addr().map_err(listen)?;
        let mut lock = NodeLock::take(&config.database()).await?;
        let db = database(&config).await?;
        lock.begin().await?;
        Ok(Self { config, plan, tls, relays, vault, files, hasher, bound, lock, db })
    }
}

impl Product {
    /// Starts the product. It runs until `shutdown`, of which [`Product::stop`] is the other half.
    ///
    /// # Errors
    /// Why it did not start; nothing is left running then.
    pub async fn start(config: Config, clock: Clock, shutdown: Shutdown) -> Result<Self, StartError> {
        let Ground { config, plan, tls, relays, vault, files, hasher, bound, lock, db } =
            Box::pin(Ground::prepare(config, &clock)).await?;
        let tasks = TaskTracker::new();
        let closing = CancellationToken::new();
        let hub = Hub::new(clock.clone());
        let agents = Agents::new(db.clone(), clock.clone(), hub.clone());
        let joins = Arc::new(Joins::new(vault, hub.clone(), agents.clone()));
        let settings = settings(&db, &clock, &hub, &joins, SettingsConfig { plan, demo: config.demo });
        let sessions = Sessions::new(db.clone(), clock.clone(), &config, hasher, Arc::<Joins>::clone(&joins));
        let sessions = Arc::new(sessions.with_demo_accounts(if config.demo { demo::accounts() } else { Vec::new() }));
        let directory = Arc::new(settings.clone());
        let (router, decisions) = routing::Router::new(
            db.clone(),
            clock.clone(),
            hub.clone(),
            agents.clone(),
            directory.clone(),
            config.decline_pause_seconds,
        );

        let (sip, outlets) = SipEndpoint::start(sip_config(&config), clock.clone(), &tasks, closing.clone()).await?;
        let sip_address = sip.udp_address();
        let music = Arc::new(media::Music::of_pcm(&media::melody::hold_music()));
        let (gateway, audio) = Gateway::start(gateway_config(&config), music)?;
        let trunks = Trunks::new(directory.clone(), Arc::new(sip.clone()), Names::of_system(), clock.clone());
        let (log, writer, list_news) = call_log(&db, &clock, &hub);
        let desks = RecordDesks::new(db.clone(), clock.clone(), hub.clone(), plan, files.clone());
        let calls = Calls::new(Neighbours {
            db: db.clone(),
            clock: clock.clone(),
            hub: hub.clone(),
            agents: agents.clone(),
            router: router.clone(),
            gateway: gateway.clone(),
            sip: Arc::new(sip),
            trunks: trunks.clone(),
            directory,
            people: desks.people(),
            plan,
            log,
            keep_for: config.agent_return_seconds,
        });
        let states = trunks.clone();
        settings.ask_trunk_states_of(move |trunk| Some(states.state(trunk)));
        joins.join(settings.clone(), Arc::clone(&sessions), router.clone(), calls.clone());

        clean_up(&settings, &agents, &router, &calls).await?;
        let demo =
            if config.demo { Some(start_demo(&settings, &desks, plan, &clock, sip_address).await?) } else { None };

        // Not among the tasks that the end waits for: what matters of it is flushed when the calls have stopped.
        tokio::spawn(writer);
        tasks.spawn(closing.clone().run_until_cancelled_owned(list_news));
        let inlets = Inlets { incoming: outlets.incoming, decisions, audio };
        let running = Running {
            clock: clock.clone(),
            hub: hub.clone(),
            agents,
            settings: settings.clone(),
            sessions: Arc::clone(&sessions),
            router,
            trunks,
            calls: calls.clone(),
        };
        running.start(inlets, outlets.registrations, &tasks, &closing);
        let player = player(gateway.clone(), demo.clone());
        tasks.spawn(music::follow(settings.clone(), files.clone(), player, closing.clone()));

        let interactions = Interactions::new(db.clone(), plan, Arc::new(settings.clone()), desks.callers());
        desks.join(calls.clone(), interactions.clone());
        tasks.spawn(desks.clone().sweep(clock.clone(), closing.clone()));
        tasks.spawn(desks.clone().import(closing.clone()));
        let uploads = music::routes(settings.clone(), files).merge(desks.routes());
        let telephony = Arc::new(Telephony::new(calls.clone()));
        let demo = demo.map(|demo| Arc::new(demo) as Arc<dyn DemoPort>);
        let proxies = Arc::new(Proxies(config.trusted_proxies.clone()));
        let edge = Edge {
            sessions,
            ports: ports(
                Arc::new(settings),
                telephony,
                Arc::new(relays),
                Arc::new(interactions),
                Arc::new(calls.tolls().clone()),
                desks,
                demo,
            ),
            realtime: Realtime { hub: hub.clone(), clock, source: joins, stop: closing.clone() },
            origins: Arc::new(Origins::new(config.origins(), config.demo)),
            proxies: Arc::clone(&proxies),
            readiness: readiness(&config, &db, &shutdown),
            work: tasks.clone(),
        };
        let lock = tokio::spawn(hold(lock, Clock::system(), shutdown));
        let limits = Limits { per_address: config.connections_per_address, proxies };
        reach(Listener { tcp: bound, tls, limits }, http::router(edge, uploads), &tasks, &closing);
        tracing::info!(origin = config.public_origin(), address = %config.listen, "the desk is served");
        if config.demo {
            demo::announce(&config.public_origin());
        }
        Ok(Self { address: config.listen, config, db, hub, calls, gateway, tasks, closing, lock })
    }

    /// Lets the calls end, then closes everything.
    pub async fn stop(self, shutdown: &Shutdown) {
        tracing::info!(calls = self.calls.count(), "stopping: no new calls are taken");
        tokio::select! {
            () = self.calls.stop(self.config.drain_limit_seconds) => {}
            () = shutdown.closing.cancelled() => {
                tracing::warn!("told twice to stop: calls are ended");
                self.calls.stop(Duration::ZERO).await;
            }
        }
        self.hub.close_all(CloseReason::Stopping);
        self.closing.cancel();
        self.gateway.shutdown().await;
        self.tasks.close();
        if tokio::time::timeout(ENDING, self.tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
        if tokio::time::timeout(ENDING, self.db.close()).await.is_err() {
            tracing::warn!("the database did not let go in time");
        }
        self.lock.abort();
        tracing::info!("stopped");
    }
}

/// The log of calls, its writer, and what tells the desks that the list of calls has changed.
fn call_log(
    db: &Db,
    clock: &Clock,
    hub: &Hub,
) -> (CallLog, impl Future<Output = ()> + Send + use<>, impl Future<Output = ()> + Send + use<>) {
    let desks = hub.clone();
    let tell = move |calls| desks.publish_all(&DeskEvent::CallsChanged { calls });
    let (list_changed, list_news) = list_news::coalesced(clock.clone(), tell);
    let (log, writer) = CallLog::new(db.clone(), clock.clone(), list_changed);
    (log, writer, list_news)
}

/// Puts right what the last run left behind, and learns what the company wants.
async fn clean_up(
    settings: &SettingsService,
    agents: &Agents,
    router: &routing::Router,
    calls: &Calls,
) -> Result<(), StartError> {
    let internal = |error: wire::ApiError| StartError::Internal(format!("cleaning up after the last run: {error}"));
    router.forget_the_last_run().await.map_err(internal)?;
    calls.recover().await.map_err(internal)?;
    joins::keep_to_call_rules(settings, agents, calls).await.map_err(internal)
}

/// Takes visitors, with the certificate as it is in its files.
fn reach(listener: Listener, desk: axum::Router, tasks: &TaskTracker, closing: &CancellationToken) {
    if let Some(tls) = &listener.tls {
        tasks.spawn(closing.clone().run_until_cancelled_owned(Arc::clone(tls).keep_current(Clock::system())));
    }
    tasks.spawn(http::serve(listener, desk, closing.clone()));
}

fn plan(config: &Config) -> Result<NumberingPlan, StartError> {
    NumberingPlan::of(&config.country).map_err(|_| {
        let fault = Fault {
            which: "country".to_owned(),
            why: format!("“{}” has no numbering plan", config.country),
            allowed: "Allowed: two capital letters (ISO 3166-1): JP, KR, US".to_owned(),
        };
        StartError::Config(ConfigError(vec![fault]))
    })
}

fn tls(config: &Config) -> Result<Option<Arc<Tls>>, StartError> {
    let tls = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => Tls::of_files(certificate, key)?,
        _ if config.speaks_tls() => {
            let names = vec!["localhost".to_owned(), own_address().to_string(), config.listen.ip().to_string()];
            Tls::of(http::self_signed(&config.data_dir, names)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(Arc::new(tls)))
}

fn relays(config: &Config, clock: Clock) -> Result<Relays, SecretError> {
    let secret = config.turn_secret_file.as_deref();
    Relays::new(config.turn_urls.clone(), secret, config.turn_credential_seconds, clock)
}

fn files(config: &Config) -> Result<Files, StartError> {
    Ok(match &config.files_url {
        Some(url) => Files::s3(url)?,
        None => Files::local(&config.data_dir.join("files"))?,
    })
}

/// The database, migrated; refused where demo accounts and real ones would meet.
async fn database(config: &Config) -> Result<Db, StartError> {
    let db = Db::connect(&config.database()).await?;
    let applied = db.migrate().await?;
    if applied.from != applied.to {
        tracing::info!(from = applied.from, to = applied.to, "the database was migrated");
    }
    match (config.demo, census(&db).await?) {
        (true, Census { real: 1.., .. }) => Err(StartError::DemoOnRealUsers),
        (false, Census { demo: 1.., .. }) => Err(StartError::DemoUsers),
        (false, Census { real: 0, .. }) => {
            tracing::warn!("nobody can sign in yet: make an administrator with `madoguchi user add`");
            Ok(db)
        }
        _ => Ok(db),
    }
}

fn sip_config(config: &Config) -> SipConfig {
    SipConfig {
        udp: config.sip_udp_listen,
        tcp: config.sip_tcp_listen,
        tls: config.sip_tls_listen,
        tls_own: config.sip_tls_certificate.clone().zip(config.sip_tls_key.clone()),
        tls_authorities: config.sip_tls_ca_file.clone(),
        requests_of_one: config.sip_requests_per_address,
        public: config.sip_public_address,
        user_agent: concat!("Madoguchi/", env!("CARGO_PKG_VERSION")).to_owned(),
        timers: sip::Timers {
            session_expires: config.sip_session_expires_seconds,
            session_expires_least: config.sip_session_min_seconds,
            ..sip::Timers::default()
        },
    }
}

fn gateway_config(config: &Config) -> GatewayConfig {
    let named = |address: IpAddr| if address.is_unspecified() { own_address() } else { address };
    let webrtc_public = if config.webrtc_public_addresses.is_empty() {
        vec![named(config.webrtc_listen.ip())]
    } else {
        config.webrtc_public_addresses.clone()
    };
    GatewayConfig {
        webrtc_bind: config.webrtc_listen,
        webrtc_public,
        rtp_bind: config.rtp_address,
        rtp_public: config.rtp_public_address.unwrap_or_else(|| named(config.rtp_address)),
        rtp_ports: config.rtp_port_min..=config.rtp_port_max,
        ringback: if config.country == "JP" { media::tone::Ringback::Japan } else { media::tone::Ringback::Plain },
    }
}

/// What a server function finds in its context, beside the session's port.
fn ports(
    settings: Arc<dyn SettingsPort>,
    telephony: Arc<dyn TelephonyPort>,
    relays: Arc<dyn RelaysPort>,
    interactions: Arc<dyn InteractionsPort>,
    tolls: Arc<dyn TollsPort>,
    desks: RecordDesks,
    demo: Option<Arc<dyn DemoPort>>,
) -> Ports {
    Arc::new(move || {
        provide_context(Arc::clone(&settings));
        provide_context(Arc::clone(&telephony));
        provide_context(Arc::clone(&relays));
        provide_context(Arc::clone(&interactions));
        provide_context(Arc::clone(&tolls));
        desks.provide();
        if let Some(demo) = &demo {
            provide_context(Arc::clone(demo));
        }
    })
}

fn readiness(config: &Config, db: &Db, shutdown: &Shutdown) -> Arc<Readiness> {
    Arc::new(Readiness {
        db: db.clone(),
        stopping: shutdown.stopping.clone(),
        taken_over: shutdown.taken_over.clone(),
        room: (config.data_dir.clone(), config.data_dir_free_min_mib * 1024 * 1024),
        metrics_allowed: config.metrics_allowed.clone(),
        metrics_on_this_machine: !config.is_behind_a_proxy(),
    })
}

/// The demo's carrier and customer, and what they need in the settings.
async fn start_demo(
    settings: &SettingsService,
    desks: &RecordDesks,
    plan: NumberingPlan,
    clock: &Clock,
    sip: Option<SocketAddr>,
) -> Result<Demo, StartError> {
    let sip = sip.ok_or_else(|| StartError::Internal("demo: its carrier speaks UDP; set sip_udp_listen".to_owned()))?;
    let failed = |error| StartError::Internal(format!("demo: {error}"));
    let demo = Demo::start(Arc::new(settings.clone()), plan, clock.clone(), sip).await.map_err(failed)?;
    desks.seed_demo().await.map_err(failed)?;
    Ok(demo)
}

/// Hands a queue's music to the gateway in the form in which calls share it; the demo's customer learns it too.
fn player(gateway: Gateway, demo: Option<Demo>) -> music::Player {
    Box::new(move |queue, samples| {
        if let (Some(demo), Some(samples)) = (&demo, &samples) {
            demo.learn(samples);
        }
        gateway.set_music(Some(queue), samples.map(|samples| Arc::new(media::Music::of_pcm(&samples))));
    })
}

async fn sweep(sessions: Arc<Sessions>, clock: Clock, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = clock.sleep(SWEEP_EVERY) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = sessions.sweep().await {
            tracing::error!(%error, "ended sessions could not be dropped; the next sweep tries again");
        }
    }
}
