//! The customer: a simulated phone, moved by the demo's page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::phone::ShownNumber;
use domain::time::Timestamp;
use media::melody;
use media::voice::Speaker;
use simulators::{Busy, Carrier, CarrierConfig, Ear, Snapshot, Sound};
use tokio::sync::watch;
use tokio::time::Instant;
use wire::demo::{Act, DemoPort, Hears, Phone, PhoneState};
use wire::settings::SettingsPort;
use wire::{ApiError, ApiResult, Problem};

use super::records::{KNOWN, SHARED};
use super::seed::{administrator, seed};
use crate::clock::Clock;
use crate::telephony::numbers::NumberingPlan;

/// What the page shows of an ear that hears nothing.
const SILENCE_DB: f32 = -90.0;

/// Own numbers on offer, of a stranger, of a customer and of two; any other can be typed.
const OWN_NUMBERS: [&str; 3] = ["+819012345678", KNOWN, SHARED];

/// The first five minutes of a piece are enough to know it by; more would only cost time at each look.
const LONGEST_KNOWN: usize = 5 * 60 * media::RATE as usize;

/// The demo's carrier and its one customer, cheap to clone.
#[derive(Clone)]
pub struct Demo {
    settings: Arc<dyn SettingsPort>,
    plan: NumberingPlan,
    clock: Clock,
    phone: simulators::Phone,
    carrier: Carrier,
    /// Knows the house's melody, and the queues' own music.
    ear: Arc<watch::Sender<Ear>>,
    clip: Sound,
}

impl Demo {
    /// Starts the carrier, whose calls go to the desk's SIP address `desk`, and seeds the settings.
    ///
    /// # Errors
    /// No socket on loopback, or the settings cannot be saved.
    pub async fn start(
        settings: Arc<dyn SettingsPort>,
        plan: NumberingPlan,
        clock: Clock,
        desk: SocketAddr,
    ) -> ApiResult<Self> {
        // An endpoint that listens everywhere is reached on loopback.
        let desk = if desk.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], desk.port())) } else { desk };
        let carrier = Carrier::start(CarrierConfig::on_loopback(desk)).await.map_err(|error| {
            tracing::error!(%error, "the simulated carrier has no socket on loopback");
            ApiError::Unavailable
        })?;
        seed(settings.as_ref(), carrier.address()).await?;
        let phone = carrier.phone(None);
        let clip = Sound::voice(Speaker::High);
        phone.say(clip.clone());
        let ear = Arc::new(watch::Sender::new(Ear::knowing([melody::hold_music().as_slice()])));
        Ok(Self { settings, plan, clock, phone, carrier, ear, clip })
    }

    /// The address that the carrier's SIP comes from.
    pub fn carrier(&self) -> SocketAddr {
        self.carrier.address()
    }

    /// Some queue plays this from now on: the customer shall know it as music. What was learnt before stays known, for
    /// a call may still hear it.
    pub fn learn(&self, music: &[i16]) {
        self.ear.send_modify(|ear| ear.learn(music.get(..LONGEST_KNOWN).unwrap_or(music)));
    }

    fn read(&self, field: &str, text: &str) -> ApiResult<ShownNumber> {
        self.plan.read(text).ok_or_else(|| ApiError::field(field, Problem::NotANumber))
    }

    async fn call(&self, from: &str, to: &str) -> ApiResult<()> {
        let from = if from.trim().is_empty() { None } else { Some(self.read("from", from)?) };
        let to = self.read("to", to)?;
        let from = from.as_ref().map_or("", |from| from.e164.as_str());
        self.phone.call(from, to.e164.as_str()).await.map_err(not_now)
    }

    /// The wall clock at a point of the monotonic one.
    fn at(&self, since: Instant) -> Timestamp {
        let ago = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.clock.now().0.saturating_sub(ago))
    }

    fn state(&self, snapshot: &Snapshot) -> PhoneState {
        match &snapshot.state {
            simulators::PhoneState::Idle => PhoneState::Idle,
            simulators::PhoneState::Calling { since, ringing } => {
                PhoneState::Calling { since: self.at(*since), ringing: *ringing }
            }
            simulators::PhoneState::Ringing { from, since, .. } => {
                PhoneState::Ringing { from: from.clone(), since: self.at(*since) }
            }
            simulators::PhoneState::Talking { since } => PhoneState::Talking { since: self.at(*since) },
        }
    }
}

fn not_now(_: Busy) -> ApiError {
    // What the page showed is over: it asks again twice a second.
    ApiError::Conflict
}

#[async_trait]
impl DemoPort for Demo {
    async fn phone(&self) -> ApiResult<Phone> {
        let (phone, ear) = (self.phone.clone(), self.ear.borrow().clone());
        // Some milliseconds of computing, which no call has to wait for.
        let heard = tokio::task::spawn_blocking(move || phone.hears(&ear)).await.map_err(|_| ApiError::Server)?;
        let all = self.settings.settings(administrator()).await?;
        let snapshot = self.phone.snapshot();
        // The last sounds of a call that has ended since are still in the ear.
        let over = snapshot.state == simulators::PhoneState::Idle;
        Ok(Phone {
            state: self.state(&snapshot),
            hears: match heard.what {
                simulators::Hears::Ringback if !over => Hears::Ringback,
                simulators::Hears::Music if !over => Hears::Music,
                simulators::Hears::Voice if !over => Hears::Voice,
                simulators::Hears::Silence
                | simulators::Hears::Ringback
                | simulators::Hears::Music
                | simulators::Hears::Voice => Hears::Silence,
            },
            level_db: if over { SILENCE_DB } else { narrow(heard.level_db) },
            desk_numbers: all.numbers.into_iter().filter_map(|number| Some(number.shown?.e164.into())).collect(),
            own_numbers: OWN_NUMBERS.map(str::to_owned).to_vec(),
            last_end: snapshot.last_end,
        })
    }

    async fn act(&self, act: Act) -> ApiResult<Phone> {
        match act {
            Act::Call { from, to } => self.call(&from, &to).await?,
            Act::Answer => self.phone.answer().await.map_err(not_now)?,
            Act::Refuse { status } => {
                if !(400..=699).contains(&status) {
                    return Err(ApiError::field("status", Problem::OutOfRange { min: 400, max: 699 }));
                }
                self.phone.refuse(status).await.map_err(not_now)?;
            }
            Act::HangUp => {
                self.phone.hang_up().await.map_err(not_now)?;
                // The desk's word ends the call; the page need not see the moment between.
                let over = self.phone.until(|snapshot| snapshot.state == simulators::PhoneState::Idle);
                let _ = tokio::time::timeout(Duration::from_secs(1), over).await;
            }
            Act::Speak { on } => self.phone.say(if on { self.clip.clone() } else { Sound::Silence }),
        }
        self.phone().await
    }
}

#[expect(clippy::cast_possible_truncation, reason = "−90 to 0 keeps its meaning with fewer digits")]
fn narrow(level_db: f64) -> f32 {
    level_db as f32
}
