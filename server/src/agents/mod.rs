//! Agents at work: seats, presence, and whether a desk is truly there.
//!
//! The seat (what was chosen, what is going on) is durable and changes only through the domain's machine, one
//! transaction a step, each step logged. What a desk is worth right now (which tab holds the softphone, whether
//! its socket and its audio are up) lives in memory and never touches SQL.
//!
//! **Invariant:** nobody else writes a seat; no SQL outside `store`; nothing here knows SIP, audio or a queue.

mod desk;
mod store;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::agents::{Change, Seat, SeatInput, Work};
use domain::ids::{ClientId, ExtensionId, InteractionId, UserId};
use domain::refusal::Refusal;
use tokio::sync::{Notify, broadcast, watch};
use wire::ApiError;
use wire::events::{DeskEvent, Media, Softphone};

use self::desk::Desks;
pub use self::store::{AfterCallLimit, ByCall, Free};
use crate::clock::Clock;
use crate::db::{Db, DbError, Tx};
use crate::realtime::Hub;

/// Who caused a change (A34).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The agent, at the desk.
    Agent,
    /// The router, by offering or withdrawing a call.
    Router,
    /// The customer, by answering, hanging up or giving up.
    Customer,
    /// The server: a deadline, a lost desk, a restart.
    Server,
}

/// What other slices may want to know of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// May be offered a call now.
    Free(UserId),
    /// The desk is gone: no socket within its lease, or no audio.
    Lost(UserId),
    /// Takes no calls for now, not even after the present one: went away, logged out, or lost the audio.
    Away(UserId),
}

/// The port of this slice, cheap to clone.
#[derive(Clone)]
pub struct Agents(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    hub: Hub,
    desks: Desks,
    news: broadcast::Sender<News>,
    attendance: watch::Sender<u64>,
    after_call: Mutex<AfterCallRules>,
    limit_changed: Notify,
}

/// How long after-call work may last (A5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AfterCallRules {
    /// After how long it ends by itself, if at all.
    pub limit: Option<Duration>,
    /// By how much the agent may put that off.
    pub extension: Duration,
}

impl Agents {
    /// Joins the slice to its database and to the desks' event streams.
    pub fn new(db: Db, clock: Clock, hub: Hub) -> Self {
        // A slow subscriber loses the oldest news and looks at the whole again: news are hints, never the truth.
        let (news, _) = broadcast::channel(1024);
        Self(Arc::new(Inner {
            db,
            clock,
            hub,
            desks: Desks::default(),
            news,
            attendance: watch::Sender::new(0),
            after_call: Mutex::default(),
            limit_changed: Notify::new(),
        }))
    }

    /// The agent's seat.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seat(&self, user: UserId) -> Result<Seat, ApiError> {
        Ok(store::seat(&self.0.db, user).await?)
    }

    /// The softphone as the agent's desk shows it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn softphone(&self, user: UserId) -> Result<Softphone, ApiError> {
        let desk = self.0.desks.of(user);
        Ok(Softphone { seat: self.seat(user).await?, client: desk.holder, media: desk.media })
    }

    /// Says how long after-call work may last from now on; what has begun keeps its limit.
    pub fn set_after_call(&self, rules: AfterCallRules) {
        *self.0.after_call.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// How long after-call work may last.
    pub fn after_call(&self) -> AfterCallRules {
        *self.0.after_call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody in after-call work that has a limit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn after_call_limits(&self) -> Result<Vec<AfterCallLimit>, ApiError> {
        Ok(store::after_call_limits(&self.0.db).await?)
    }

    /// Returns when a limit of after-call work was set, put off or taken away since the last call of this. For one
    /// listener.
    pub async fn limit_changed(&self) {
        self.0.limit_changed.notified().await;
    }

    /// Puts an input through the seat's machine, stores and logs the step, and tells the agent's tabs.
    ///
    /// # Errors
    /// The machine's refusal, with which the seat is as it was; the database failed, with which it most likely is, but
    /// where the answer alone was lost.
    pub async fn apply(&self, user: UserId, input: SeatInput, by: By) -> Result<Seat, ApiError> {
        let (now, limit) = (self.0.clock.now(), self.after_call().limit);
        let (seat, change) = self
            .0
            .db
            .write(move |tx| Box::pin(async move { store::step(tx, user, input, by, now, limit).await }))
            .await?;
        self.stepped(user, change).await;
        Ok(seat)
    }

    /// Logs the softphone in on the extension that is assigned to the agent.
    ///
    /// # Errors
    /// `ExtensionInUse` where somebody else is still logged in on it; else as [`Self::apply`].
    pub async fn log_in(&self, user: UserId, extension: ExtensionId) -> Result<(), ApiError> {
        let now = self.0.clock.now();
        let change = self
            .0
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let (_, change) =
                        store::step(tx, user, SeatInput::LogIn { extension }, By::Agent, now, None).await?;
                    if store::in_use(tx, extension, user).await? {
                        return Err(ApiError::from(Refusal::ExtensionInUse));
                    }
                    Ok(change)
                })
            })
            .await?;
        self.stepped(user, change).await;
        Ok(())
    }

    /// The members among these whom the router may choose, as this transaction sees them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn free_among(&self, tx: &mut Tx, members: &[UserId]) -> Result<Vec<Free>, DbError> {
        store::free_among(tx, members).await
    }

    /// The members among these who take calls now or will before long, as this transaction sees them: ready, or at work on
    /// a call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn present_among(&self, tx: &mut Tx, members: &[UserId]) -> Result<Vec<UserId>, DbError> {
        store::present_among(tx, members).await
    }

    /// [`Self::apply`] as a part of somebody else's unit of work. Call [`Self::stepped`] once it is durable.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub async fn apply_in(
        &self,
        tx: &mut Tx,
        user: UserId,
        input: SeatInput,
        by: By,
    ) -> Result<Option<Change>, ApiError> {
        let (_, change) = store::step(tx, user, input, by, self.0.clock.now(), self.after_call().limit).await?;
        Ok(change)
    }

    /// Tells the agent's tabs and whoever waits for free agents about a step that is durable now.
    pub async fn stepped(&self, user: UserId, change: Option<Change>) {
        if let Some(change) = change {
            self.attendance_changed();
            self.tell(user).await;
            if change.from.next_deadline() != change.to.next_deadline() {
                self.0.limit_changed.notify_one();
            }
            if change.to.takes_offers() && self.can_take_offers(user) {
                self.0.news.send(News::Free(user)).ok();
            } else if !change.to.is_at_work() {
                self.0.news.send(News::Away(user)).ok();
            }
        }
    }

    /// Takes back the readiness that the last run of the server left behind: no desk is there yet to be ready at. Asked
    /// once, before the first socket.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recover(&self) -> Result<(), ApiError> {
        for user in store::ready(&self.0.db).await? {
            self.apply(user, SeatInput::Lost, By::Server).await?;
        }
        Ok(())
    }

    /// Agents whose seats say that they are in one of their calls, with the call: asked once, at the start, when no
    /// call can be alive yet.
    ///
    /// # Errors
    /// The database failed.
    pub async fn in_calls(&self) -> Result<Vec<ByCall>, ApiError> {
        Ok(store::in_calls(&self.0.db).await?)
    }

    /// Who has this call on the desk, after-call work included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn with_call(&self, call: InteractionId) -> Result<Option<UserId>, ApiError> {
        Ok(store::with_call(&self.0.db, call).await?)
    }

    /// Which tab holds the softphone.
    pub fn holder(&self, user: UserId) -> Option<ClientId> {
        self.0.desks.of(user).holder
    }

    /// Gives the softphone to a tab, or to none; the audio of the one before is no longer counted on.
    pub async fn set_holder(&self, user: UserId, client: Option<ClientId>) {
        self.0.desks.change(user, |desk| {
            if desk.holder != client {
                desk.media = Media::Down;
            }
            desk.holder = client;
            desk.heir = None;
            // Asked in here: a socket that comes or goes meanwhile is seen by one of the two looks.
            desk.live = client.is_some_and(|client| self.0.hub.has_socket(user, client));
        });
        self.attendance_changed();
        self.tell(user).await;
    }

    /// The state of the audio connection, as the gateway sees it.
    pub async fn set_media(&self, user: UserId, media: Media) {
        if self.note_media(user, media) {
            self.tell_media(user).await;
        }
    }

    /// The first half of [`Self::set_media`], which waits for nothing: says whether the second is wanted.
    pub fn note_media(&self, user: UserId, media: Media) -> bool {
        let (before, _) = self.0.desks.change(user, |desk| desk.media = media);
        before.media != media
    }

    /// The second half: tells of the state of the audio connection as it is by now, in whatever order it is asked to.
    pub async fn tell_media(&self, user: UserId) {
        self.tell(user).await;
        self.reconsider(user).await;
        if self.media(user) == Media::Down {
            self.0.news.send(News::Away(user)).ok();
            self.pass_on(user).await;
        }
    }

    /// The state of the audio connection.
    pub fn media(&self, user: UserId) -> Media {
        self.0.desks.of(user).media
    }

    /// The tab's socket came, or its lease ran out.
    pub async fn look_at_desk(&self, user: UserId, client: ClientId) {
        let (before, after) = self.0.desks.change(user, |desk| {
            let is_here = self.0.hub.has_socket(user, client);
            match desk.holder {
                Some(holder) if holder == client => {
                    desk.live = is_here;
                    if is_here {
                        desk.heir = None;
                    }
                }
                Some(holder) if is_here && !self.0.hub.has_socket(user, holder) => desk.heir = Some(client),
                Some(_) | None => {}
            }
        });
        if before.live != after.live {
            self.attendance_changed();
        }
        if before.live && !after.live {
            tracing::info!(%user, "the desk that holds the softphone is gone");
            self.0.news.send(News::Lost(user)).ok();
            if let Err(error) = self.apply(user, SeatInput::Lost, By::Server).await {
                tracing::warn!(%user, %error, "a lost desk could not be noted");
            }
        } else if after.live && !before.live {
            self.reconsider(user).await;
        }
        self.pass_on(user).await;
    }

    /// A call whose tab has died goes to the tab that came in its place, with no press: who reloads a crashed page is in the
    /// same call. Between calls, and from a tab that lives, only the agent's own press takes the softphone over (A1).
    async fn pass_on(&self, user: UserId) {
        let desk = self.0.desks.of(user);
        let hub = &self.0.hub;
        let (Some(heir), Some(holder), Media::Down) = (desk.heir, desk.holder, desk.media) else { return };
        if hub.has_socket(user, holder) || !hub.has_socket(user, heir) {
            return;
        }
        match self.seat(user).await.map(Seat::work) {
            Ok(Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. }) => {
                tracing::info!(%user, "the softphone goes to the tab that came in the place of a dead one");
                self.set_holder(user, Some(heir)).await;
            }
            Ok(Work::Idle | Work::Ringing { .. } | Work::AfterCall { .. }) => {}
            Err(error) => tracing::warn!(%user, %error, "a seat could not be read for the tab that came"),
        }
    }

    /// Whether the desk could take a call: its tab's socket is live and its audio is up. The seat is asked beside it.
    pub fn can_take_offers(&self, user: UserId) -> bool {
        self.0.desks.of(user).can_take_offers()
    }

    /// Everybody whose desk could take a call.
    pub fn reachable(&self) -> HashSet<UserId> {
        self.0.desks.reachable()
    }

    /// Who is logged in on which extension and truly there: with a live desk, or in a call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn here(&self) -> Result<Vec<(UserId, ExtensionId)>, ApiError> {
        let mut here = store::logged_in(&self.0.db).await?;
        here.retain(|(user, _, in_call)| *in_call || self.0.desks.of(*user).live);
        Ok(here.into_iter().map(|(user, extension, _)| (user, extension)).collect())
    }

    /// Moves on whenever [`Self::here`] may have changed.
    pub fn attendance(&self) -> watch::Receiver<u64> {
        self.0.attendance.subscribe()
    }

    /// News from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.0.news.subscribe()
    }

    /// Reads the newest state under the user's turn, so that the last event sent is never an older one.
    async fn tell(&self, user: UserId) {
        let turn = self.0.desks.turn(user);
        let _turn = turn.lock().await;
        match self.softphone(user).await {
            Ok(softphone) => self.0.hub.publish(user, DeskEvent::Softphone { softphone }),
            Err(error) => tracing::warn!(%user, %error, "the softphone's state could not be read for its desk"),
        }
    }

    fn attendance_changed(&self) {
        self.0.attendance.send_modify(|revision| *revision += 1);
    }

    async fn reconsider(&self, user: UserId) {
        let free = match self.seat(user).await {
            Ok(seat) => seat.takes_offers() && self.can_take_offers(user),
            Err(_) => false,
        };
        if free {
            self.0.news.send(News::Free(user)).ok();
        }
    }
}
