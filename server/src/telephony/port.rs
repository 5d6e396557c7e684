//! The softphone's functions: who may ask what, and whom it is handed to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::agents::{Cause, Presence, Seat, SeatInput, Work};
use domain::ids::{ClientId, ExtensionId, InteractionId, NumberId, PressId, UserId};
use domain::phone::ShownNumber;
use domain::refusal::Refusal;
use domain::roles::Permission;
use domain::telephony::{Command, Key};
use domain::time::Timestamp;
use wire::events::Media;
use wire::session::Actor;
use wire::telephony::{CallerNumber, Choice, Dialler, Leave, ReadNumber, TelephonyPort};
use wire::{ApiError, ApiResult, Problem};

use super::calls::{Calls, Coming, Dial, Neighbours};
use super::directory::{Line, OurNumber};
use super::gateway::GatewayError;
use super::seat_steps::Step;
use super::store;
use super::tolls::{Dialled, Wanted};
use super::trunk::Way;
use crate::agents::By;
use crate::audit::{self, Changes};

/// How many numbers the dialler remembers.
const RECENT: usize = 5;
/// How an agent's own extension is named where a caller number is chosen: by its own id.
fn own_extension(line: &Line) -> NumberId {
    NumberId(line.extension.0)
}

/// How many keys are taken at once.
const MOST_KEYS: usize = 32;

/// The port, cheap to clone.
#[derive(Clone)]
pub struct Telephony {
    calls: Calls,
    /// Commands that make or move a softphone are taken one after the other for each user.
    turns: Arc<Mutex<HashMap<UserId, Turn>>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

impl Telephony {
    /// The port in front of these calls.
    pub fn new(calls: Calls) -> Self {
        Self { calls, turns: Arc::default() }
    }

    fn with(&self) -> &Neighbours {
        self.calls.with()
    }

    fn turn(&self, user: UserId) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(user).or_default())
    }

    /// The after-call work that the agent is in, if any.
    async fn after_call(&self, user: UserId) -> ApiResult<Option<InteractionId>> {
        Ok(match self.with().agents.seat(user).await?.work() {
            Work::AfterCall { call } => Some(call),
            Work::Idle | Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                None
            }
        })
    }

    /// Applies what the agent chose; after-call work that ends by it leaves the desk.
    async fn step(&self, user: UserId, input: SeatInput) -> ApiResult<()> {
        let before = self.after_call(user).await?;
        let seat = self.with().agents.apply(user, input, By::Agent).await?;
        if let Some(call) = before
            && seat.work() != (Work::AfterCall { call })
        {
            self.calls.finished(user, call);
        }
        Ok(())
    }

    /// Whether the audit log tells that the call was left unwritten (A6): whoever says so, and whoever becomes ready while
    /// something is missing, whatever the desk believes, unless it is kept as a draft.
    async fn leaves_unwritten(
        &self,
        user: UserId,
        call: InteractionId,
        choice: Choice,
        leave: Leave,
    ) -> ApiResult<bool> {
        let people = &self.with().people;
        match leave {
            Leave::Anyway => Ok(true),
            Leave::Complete | Leave::KeepDraft if choice != Choice::Ready => Ok(false),
            Leave::Complete => people.is_unwritten(call).await,
            Leave::KeepDraft => Ok(!people.has_draft(user, call).await? && people.is_unwritten(call).await?),
        }
    }

    /// S1: without an extension nobody is ready or dials, were it taken away after the log-in, too.
    async fn extension(&self, user: UserId) -> ApiResult<ExtensionId> {
        Ok(self.with().directory.extension_of(user).await?.ok_or(Refusal::NoExtension)?)
    }

    /// 待機 wants an extension, and a microphone that can be heard.
    async fn can_be_called(&self, user: UserId) -> ApiResult<()> {
        self.extension(user).await?;
        match self.with().agents.media(user) {
            Media::Up | Media::Connecting => Ok(()),
            Media::Down => Err(Refusal::NoMedia.into()),
        }
    }

    /// What an agent may call from: the numbers granted to them (A25), and their own extension while it is registered at
    /// another exchange.
    async fn ways_out(&self, user: UserId) -> ApiResult<Vec<OurNumber>> {
        let with = self.with();
        let mut ways = with.directory.caller_numbers(user).await?;
        let line = with.trunks.line_of(user).and_then(|trunk| {
            let line = trunk.line?;
            let number = with.plan.internal(&line.number)?.e164;
            Some(OurNumber { id: own_extension(&line), number, label: String::new(), trunk: trunk.id, queue: None })
        });
        ways.extend(line);
        Ok(ways)
    }

    /// The caller numbers of an agent, the last used first (A25), and what they dialled last.
    async fn dialling_habits(&self, user: UserId) -> ApiResult<(Vec<OurNumber>, Vec<ShownNumber>)> {
        let with = self.with();
        let mut granted = self.ways_out(user).await?;
        let dialled = store::dialled(&with.db, user).await?;
        let last_used = |number: &OurNumber| {
            dialled.iter().position(|(ours, _)| ours.as_ref() == Some(&number.number)).unwrap_or(usize::MAX)
        };
        granted.sort_by_key(last_used);
        let mut recent = Vec::new();
        for number in dialled.into_iter().filter_map(|(_, customer)| customer) {
            if recent.len() < RECENT && !recent.contains(&number) {
                recent.push(number);
            }
        }
        Ok((granted, recent.iter().map(|number| with.plan.show(number)).collect()))
    }

    async fn place(&self, actor: &Actor, call: InteractionId, from: NumberId, to: &str) -> ApiResult<()> {
        let with = self.with();
        let agent = actor.user;
        if self.calls.knows(call).await? {
            return Ok(());
        }
        let on_line = self.line_of(agent).filter(|line| own_extension(line) == from);
        let to = self.read_on(on_line.as_ref(), to).ok_or(Refusal::NotANumber)?;
        // A stopping server waits for the calls that are up: one for help is among them.
        if self.calls.is_stopping() && !to.emergency {
            return Err(Refusal::Stopping.into());
        }
        let seat = with.agents.seat(agent).await?;
        seat.allows(SeatInput::Dialled { call })?;
        self.extension(agent).await?;
        if with.agents.media(agent) != Media::Up {
            return Err(Refusal::NoMedia.into());
        }
        let (from, to, way) = self.way_for(agent, from, to).await?;
        self.calls.tolls().admit(Wanted { call, agent, trunk: from.trunk, to: &to }).await?;
        let audio = with.gateway.open_customer(call).await.map_err(|error| {
            tracing::error!(%call, %error, "a call could not be placed because it could get no audio");
            self.calls.tolls().withdrawn(call);
            Refusal::NoTrunk
        })?;
        if let Err(error) = self.step(agent, SeatInput::Dialled { call }).await {
            self.calls.tolls().withdrawn(call);
            with.gateway.close_customer(call).await;
            if !matches!(error, ApiError::Refused { .. }) {
                // It may have been stored all the same.
                self.calls.free(Step { agent, call, input: SeatInput::Ended { call }, by: By::Server });
            }
            return Err(error);
        }
        self.calls.dial(Dial { call, agent, from, to, way, audio });
        Ok(())
    }

    /// Connects an agent's audio from a tab, after whatever else moves this agent's softphone.
    async fn connect(&self, user: UserId, client: ClientId, offer: String, coming: &Coming) -> ApiResult<String> {
        let turn = self.turn(user);
        let _turn = turn.lock().await;
        let Neighbours { agents, gateway, hub, .. } = self.with();
        if agents.seat(user).await? == Seat::LoggedOut {
            return Err(Refusal::LoggedOut.into());
        }
        match agents.holder(user) {
            Some(holder) if holder == client => {}
            Some(holder) if hub.has_socket(user, holder) => return Err(Refusal::Elsewhere.into()),
            // The tab that held it is gone, or the server is new.
            Some(_) | None => agents.set_holder(user, Some(client)).await,
        }
        let former = agents.media(user);
        agents.set_media(user, Media::Connecting).await;
        let attached = match gateway.attach_agent(user, offer).await {
            Ok(attached) => attached,
            Err(GatewayError::Offer(_)) => {
                // The connection before goes on; should it have ended meanwhile, that is known already.
                if agents.media(user) == Media::Connecting {
                    agents.set_media(user, former).await;
                }
                return Err(ApiError::field("offer", Problem::Malformed));
            }
            Err(error) => {
                agents.set_media(user, Media::Down).await;
                tracing::error!(%user, %error, "an agent's audio could not be connected");
                return Err(ApiError::Unavailable);
            }
        };
        self.calls.connecting(user, attached.generation);
        if !self.calls.speaker_has_come(user, coming) {
            return Err(ApiError::SignedOut);
        }
        Ok(attached.answer)
    }
}

impl Telephony {
    /// The agent's own line at another exchange, while it is kept.
    fn line_of(&self, agent: UserId) -> Option<Line> {
        self.with().trunks.line_of(agent)?.line
    }

    /// Reads what an agent typed, for their line or for a trunk.
    fn read_on(&self, line: Option<&Line>, text: &str) -> Option<Dialled> {
        let tolls = self.calls.tolls();
        line.map_or_else(|| tolls.read(text), |line| tolls.read_on_line(text, line))
    }

    /// The trunk of the chosen number. A call for help goes out on any that the agent may call on: the chosen one where that
    /// is usable, however full it is, then another.
    async fn way_for(&self, agent: UserId, chosen: NumberId, to: Dialled) -> ApiResult<(OurNumber, Dialled, Way)> {
        let trunks = &self.with().trunks;
        let mut ways = self.ways_out(agent).await?;
        ways.sort_by_key(|number| number.id != chosen);
        if to.emergency {
            let line = self.line_of(agent);
            for number in ways {
                let on_line = line.as_ref().filter(|line| own_extension(line) == number.id);
                let to = self.read_on(on_line, &to.to.shown).unwrap_or_else(|| to.clone());
                if let Some(way) = trunks.way_out_for_help(number.trunk) {
                    if number.id != chosen {
                        tracing::warn!(%agent, trunk = %way.trunk.id, "a call for help goes out on another trunk than chosen");
                    }
                    return Ok((number, to, way));
                }
            }
            return Err(Refusal::NoTrunk.into());
        }
        let number = ways.into_iter().next().filter(|number| number.id == chosen);
        let number = number.ok_or(Refusal::CallerNumberNotGranted)?;
        let way = trunks.way_out(number.trunk).ok_or(Refusal::NoTrunk)?;
        Ok((number, to, way))
    }
}

#[async_trait::async_trait]
impl TelephonyPort for Telephony {
    async fn log_in(&self, actor: Actor, client: ClientId) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let turn = self.turn(actor.user);
        let _turn = turn.lock().await;
        let Neighbours { agents, gateway, .. } = self.with();
        let extension = self.extension(actor.user).await?;
        match agents.log_in(actor.user, extension).await {
            // ここで使う: the softphone moves to the tab that asks; the audio connects anew from there. The tab that had
            // it is cut off first: there are never two microphones, even should its own goodbye not come.
            Err(ApiError::Refused { refusal: Refusal::AlreadyLoggedIn })
                if agents.holder(actor.user) != Some(client) =>
            {
                gateway.detach_agent(actor.user);
            }
            other => drop(other?),
        }
        agents.set_holder(actor.user, Some(client)).await;
        Ok(())
    }

    async fn log_out(&self, actor: Actor) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let turn = self.turn(actor.user);
        let _turn = turn.lock().await;
        self.step(actor.user, SeatInput::LogOut).await?;
        self.with().gateway.detach_agent(actor.user);
        self.with().agents.set_holder(actor.user, None).await;
        Ok(())
    }

    async fn connect_audio(&self, actor: Actor, client: ClientId, offer: String) -> ApiResult<String> {
        actor.require(Permission::WorkAtDesk)?;
        let user = actor.user;
        let coming = self.calls.speaker_comes(user, actor.session);
        let connected = self.connect(user, client, offer, &coming).await;
        if connected.is_err() {
            self.calls.speaker_stays_away(&coming);
        }
        connected
    }

    async fn restart_audio(&self, actor: Actor, client: ClientId, offer: String) -> ApiResult<String> {
        actor.require(Permission::WorkAtDesk)?;
        let turn = self.turn(actor.user);
        let _turn = turn.lock().await;
        let Neighbours { agents, gateway, .. } = self.with();
        let user = actor.user;
        if agents.holder(user) != Some(client) {
            return Err(Refusal::Elsewhere.into());
        }
        gateway.restart_agent(user, offer).await.map_err(|error| match error {
            GatewayError::Offer(_) => ApiError::field("offer", Problem::Malformed),
            GatewayError::NotConnected => Refusal::NoMedia.into(),
            GatewayError::Bind { .. }
            | GatewayError::NoPublicAddress
            | GatewayError::Range { .. }
            | GatewayError::NoPorts
            | GatewayError::Register(_)
            | GatewayError::AlreadyOpen
            | GatewayError::NoKeys
            | GatewayError::Stopped => {
                tracing::error!(%user, %error, "an agent's audio could not look for its ways anew");
                ApiError::Unavailable
            }
        })
    }

    async fn choose(&self, actor: Actor, choice: Choice) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let input = match choice {
            Choice::Ready => SeatInput::GoReady,
            Choice::NotReady => SeatInput::GoNotReady,
            Choice::Break { reason } => SeatInput::GoOnBreak { reason },
        };
        if choice == Choice::Ready {
            self.with().agents.seat(actor.user).await?.allows(input)?;
            self.can_be_called(actor.user).await?;
        }
        self.step(actor.user, input).await
    }

    async fn leave_after_call(&self, actor: Actor, choice: Choice, leave: Leave) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let call = self.after_call(actor.user).await?.ok_or(Refusal::NotInAfterCallWork)?;
        let to = match choice {
            Choice::Ready => Presence::Ready,
            Choice::NotReady => Presence::NotReady { cause: Cause::Chosen },
            Choice::Break { reason } => Presence::Break { reason },
        };
        let input = SeatInput::LeaveAfterCall { to };
        if choice == Choice::Ready {
            self.can_be_called(actor.user).await?;
        }
        let unwritten = self.leaves_unwritten(actor.user, call, choice, leave).await?;
        let (agents, clock, user) = (self.with().agents.clone(), self.with().clock.clone(), actor.user);
        let change = self
            .with()
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let change = agents.apply_in(tx, user, input, By::Agent).await?;
                    if unwritten {
                        let entry = audit::Entry {
                            who: Some(user),
                            what: "call.left_unwritten",
                            subject: call.to_string(),
                            changes: Changes::default(),
                        };
                        audit::record(tx, clock.now(), entry).await?;
                    }
                    Ok::<_, ApiError>(change)
                })
            })
            .await?;
        self.with().agents.stepped(user, change).await;
        self.calls.finished(user, call);
        Ok(())
    }

    async fn dialler(&self, actor: Actor) -> ApiResult<Dialler> {
        actor.require(Permission::WorkAtDesk)?;
        let (granted, recent) = self.dialling_habits(actor.user).await?;
        let plan = self.with().plan;
        let caller_numbers = granted
            .into_iter()
            .map(|number| CallerNumber {
                id: number.id,
                number: plan.show(&number.number),
                label: number.label,
                extension: number.id.0 == number.trunk.0,
            })
            .collect();
        Ok(Dialler { caller_numbers, recent })
    }

    async fn read_number(&self, actor: Actor, text: String) -> ApiResult<ReadNumber> {
        actor.require(Permission::WorkAtDesk)?;
        // A short number is none for the numbering plan: emergency services are reached all the same.
        // Nor are the short numbers within an exchange where the agent has a line, and the prefix for a line outside.
        let line = self.line_of(actor.user);
        let dialled = self.read_on(line.as_ref(), &text).map(|dialled| dialled.to);
        let country = dialled.as_ref().and_then(|number| self.with().plan.describe(number.e164.as_str()).country);
        Ok(ReadNumber { number: dialled, country })
    }

    async fn dial(&self, actor: Actor, call: InteractionId, from: NumberId, to: String) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let turn = self.turn(actor.user);
        let _turn = turn.lock().await;
        self.place(&actor, call, from, &to).await
    }

    async fn command(&self, actor: Actor, call: InteractionId, command: Command) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        // On a connection that comes up it is answered: voice flows as soon as it stands, and should it never stand, the
        // call is kept as for any agent who is lost.
        if command == Command::Answer && self.with().agents.media(actor.user) == Media::Down {
            return Err(Refusal::NoMedia.into());
        }
        Ok(self.calls.command(actor.user, call, command).await?)
    }

    async fn press_keys(&self, actor: Actor, call: InteractionId, press: PressId, keys: Vec<Key>) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(ApiError::field("keys", Problem::Malformed));
        }
        Ok(self.calls.press_keys(actor.user, call, press, keys).await?)
    }

    async fn extend_after_call(&self, actor: Actor, until: Timestamp) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let agents = &self.with().agents;
        let by_ms = i64::try_from(agents.after_call().extension.as_millis()).unwrap_or(i64::MAX);
        agents.apply(actor.user, SeatInput::ExtendAfterCall { until, by_ms }, By::Agent).await.map(drop)
    }
}
