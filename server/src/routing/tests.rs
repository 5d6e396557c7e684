//! Claims on both databases, with real desks' truth in memory.

use std::collections::HashMap;

use domain::agents::{BreakReason, Presence, Seat, SeatInput, Work};
use domain::ids::ExtensionId;
use uuid::Uuid;
use wire::events::Media;

use super::*;
use crate::clock::Hands;
use crate::on_both;

const QUEUE: QueueId = QueueId(Uuid::from_u128(7));

const PAUSE: Duration = Duration::from_secs(30);

struct OneQueue(Vec<UserId>);

#[async_trait]
impl Queues for OneQueue {
    async fn plan(&self, queue: QueueId) -> Result<Option<Plan>, ApiError> {
        let plan = Plan { rule: Rule::LongestIdle, members: self.0.clone(), ring_for: Duration::from_secs(20) };
        Ok((queue == QUEUE).then_some(plan))
    }

    async fn of_member(&self, user: UserId) -> Result<Vec<QueueName>, ApiError> {
        let name = QueueName { id: QUEUE, name: "代表".to_owned() };
        Ok(self.0.contains(&user).then_some(name).into_iter().collect())
    }
}

struct Floor {
    agents: Agents,
    router: Router,
    decisions: mpsc::UnboundedReceiver<Decision>,
    hub: Hub,
    hands: Hands,
    clients: HashMap<UserId, (domain::ids::ClientId, crate::realtime::Attached)>,
    stop: CancellationToken,
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn user(n: u8) -> UserId {
    UserId(Uuid::from_u128(100 + u128::from(n)))
}

fn call(n: u8) -> InteractionId {
    InteractionId(Uuid::from_u128(1 + u128::from(n)))
}

impl Floor {
    async fn open(db: &Db, members: u8) -> Self {
        let (clock, hands) = Clock::held(Timestamp(1_000_000));
        let users: Vec<UserId> = (0..members).map(user).collect();
        for user in users.clone() {
            db.write::<(), ApiError, _>(move |tx| {
                Box::pin(async move {
                    crate::execute!(
                        tx,
                        "INSERT INTO users (id, login, display_name, role, password_hash, created_at, updated_at)
                         VALUES ($1, $1, '', 'agent', '', 0, 0)",
                        user.to_string(),
                    )?;
                    Ok(())
                })
            })
            .await
            .unwrap();
        }
        let hub = Hub::new(clock.clone());
        let agents = Agents::new(db.clone(), clock.clone(), hub.clone());
        let (router, decisions) =
            Router::new(db.clone(), clock, hub.clone(), agents.clone(), Arc::new(OneQueue(users)), PAUSE);
        let stop = CancellationToken::new();
        tokio::spawn(router.clone().run(stop.clone()));
        tokio::spawn(router.clone().keep_shown(stop.clone()));
        Self { agents, router, decisions, hub, hands, clients: HashMap::new(), stop }
    }

    /// Logs in, with a live tab and audio, and goes ready.
    async fn ready(&mut self, n: u8) {
        let client = domain::ids::ClientId(Uuid::from_u128(500 + u128::from(n)));
        let attached = self.hub.attach(user(n), client, String::new(), None);
        self.clients.insert(user(n), (client, attached));
        let extension = ExtensionId(Uuid::from_u128(u128::from(n)));
        self.agents.apply(user(n), SeatInput::LogIn { extension }, By::Agent).await.unwrap();
        self.agents.set_holder(user(n), Some(client)).await;
        self.agents.set_media(user(n), Media::Up).await;
        self.hands.advance(Duration::from_secs(1));
        self.agents.apply(user(n), SeatInput::GoReady, By::Agent).await.unwrap();
    }

    async fn arrive(&self, n: u8, skipped: Vec<UserId>) {
        self.hands.advance(Duration::from_millis(1));
        let since = Timestamp(1_000_000 + i64::from(n));
        self.router.enqueue(call(n), QUEUE, since, !skipped.is_empty(), skipped).await.unwrap();
    }

    async fn offer(&mut self) -> Assignment {
        match self.decisions.recv().await.unwrap() {
            Decision::Offer { assignment, ring_for } => {
                assert_eq!(ring_for, Duration::from_secs(20));
                assignment
            }
            other @ (Decision::NobodyReady { .. } | Decision::NoQueue { .. }) => panic!("{other:?}"),
        }
    }
}

on_both! {
    async fn s11_a_call_is_claimed_for_the_longest_idle_and_the_seat_is_marked_in_the_same_step(db: TestDb) {
        let mut floor = Floor::open(&db, 3).await;
        floor.ready(1).await;
        floor.ready(0).await;
        floor.arrive(0, vec![]).await;
        let assignment = floor.offer().await;
        assert_eq!((assignment.call, assignment.agent), (call(0), user(1)));
        assert_eq!((assignment.because.candidates, assignment.because.waiting_before), (2, 0));
        assert_eq!(floor.agents.seat(user(1)).await.unwrap().work(), Work::Ringing { call: call(0) });
        assert_eq!(floor.agents.seat(user(2)).await.unwrap(), Seat::LoggedOut);
    }

    async fn a10_with_nobody_ready_the_call_waits_and_is_assigned_the_moment_somebody_is_free(db: TestDb) {
        let mut floor = Floor::open(&db, 1).await;
        floor.arrive(0, vec![]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(0) }));
        floor.arrive(1, vec![]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(1) }));
        let waiting = floor.router.view(user(0)).await.unwrap();
        assert_eq!((waiting[0].waiting, waiting[0].oldest_since), (2, Some(Timestamp(1_000_000))));
        floor.ready(0).await;
        assert_eq!(floor.offer().await.call, call(0));
    }

    async fn a3_whoever_declined_is_skipped_and_the_call_goes_first(db: TestDb) {
        let mut floor = Floor::open(&db, 2).await;
        floor.arrive(0, vec![]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(0) }));
        floor.arrive(1, vec![user(0)]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(1) }));
        floor.ready(1).await;
        let assignment = floor.offer().await;
        assert_eq!((assignment.call, assignment.agent), (call(1), user(1)), "the call that came back goes first");
        floor.ready(0).await;
        assert_eq!(floor.offer().await.call, call(0));
    }

    async fn a3_a_call_that_everybody_present_declined_is_offered_anew_after_a_pause(db: TestDb) {
        let mut floor = Floor::open(&db, 2).await;
        floor.ready(0).await;
        floor.ready(1).await;
        floor.arrive(0, vec![user(0)]).await;
        assert_eq!(floor.offer().await.agent, user(1), "the colleague is asked first");
        floor.agents.apply(user(1), SeatInput::Declined { call: call(0) }, By::Agent).await.unwrap();
        floor.arrive(0, vec![user(0), user(1)]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(0) }));
        floor.hands.advance(PAUSE.saturating_sub(Duration::from_millis(2)));
        floor.arrive(1, vec![]).await;
        assert_eq!(floor.offer().await.call, call(1), "nothing is due yet for the declined call");
        floor.hands.advance(Duration::from_millis(1));
        assert_eq!(floor.offer().await.call, call(0));
    }

    async fn a3_when_the_colleague_who_could_take_it_goes_away_the_decliner_is_asked_anew(db: TestDb) {
        let mut floor = Floor::open(&db, 2).await;
        floor.ready(1).await;
        floor.arrive(1, vec![]).await;
        assert_eq!(floor.offer().await.agent, user(1));
        floor.agents.apply(user(1), SeatInput::Connected { call: call(1) }, By::Agent).await.unwrap();
        floor.ready(0).await;
        floor.arrive(0, vec![user(0)]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(0) }));
        floor.hands.advance(PAUSE);
        floor.agents.apply(user(1), SeatInput::Ended { call: call(1) }, By::Agent).await.unwrap();
        let to = Presence::Break { reason: BreakReason::Lunch };
        floor.agents.apply(user(1), SeatInput::LeaveAfterCall { to }, By::Agent).await.unwrap();
        let assignment = floor.offer().await;
        assert_eq!((assignment.call, assignment.agent), (call(0), user(0)));
    }

    async fn s11_an_agent_whose_audio_or_tab_is_gone_is_not_offered_anything(db: TestDb) {
        let mut floor = Floor::open(&db, 2).await;
        floor.ready(0).await;
        floor.ready(1).await;
        floor.agents.set_media(user(0), Media::Down).await;
        let (client, attached) = floor.clients.remove(&user(1)).unwrap();
        floor.hub.detach(user(1), attached.number);
        floor.agents.look_at_desk(user(1), client).await;
        floor.arrive(0, vec![]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(0) }));
        floor.agents.set_media(user(0), Media::Up).await;
        assert_eq!(floor.offer().await.agent, user(0));
    }

    async fn a_call_that_has_gone_is_offered_to_nobody(db: TestDb) {
        let mut floor = Floor::open(&db, 1).await;
        floor.arrive(0, vec![]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(0) }));
        floor.router.leave(call(0)).await.unwrap();
        floor.arrive(1, vec![]).await;
        assert_eq!(floor.decisions.recv().await, Some(Decision::NobodyReady { call: call(1) }));
        floor.ready(0).await;
        assert_eq!(floor.offer().await.call, call(1));
    }

    async fn a_call_whose_queue_is_deleted_while_it_waits_is_given_back(db: TestDb) {
        let mut floor = Floor::open(&db, 1).await;
        let gone = QueueId(Uuid::from_u128(8));
        floor.router.enqueue(call(0), gone, Timestamp(0), false, vec![]).await.unwrap();
        assert_eq!(floor.decisions.recv().await, Some(Decision::NoQueue { call: call(0) }));
        assert_eq!(store::queues(&db).await.unwrap(), []);
    }

    async fn a34_every_step_is_kept_with_its_cause_and_who_caused_it(db: TestDb) {
        let mut floor = Floor::open(&db, 1).await;
        floor.ready(0).await;
        floor.arrive(0, vec![]).await;
        floor.offer().await;
        let rows = crate::fetch_all!(
            &*db,
            (String, String),
            "SELECT caused_by, cause FROM agent_changes WHERE user_id = $1 ORDER BY at, id",
            user(0).to_string(),
        )
        .unwrap();
        let steps: Vec<(&str, bool)> =
            rows.iter().map(|(by, cause)| (by.as_str(), cause.contains("offered"))).collect();
        assert_eq!(steps, [("agent", false), ("agent", false), ("router", true)]);
    }
}
