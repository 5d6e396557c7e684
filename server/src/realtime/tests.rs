//! The stream's numbers, resume and snapshot; the socket through a real WebSocket.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::routing::any;
use domain::agents::Seat;
use domain::roles::Role;
use domain::time::Timestamp;
use futures::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::events::{ClientFrame, CloseReason, DeskEvent, Media, Resume, ServerFrame, Softphone};
use wire::session::Me;
use wire::settings::CallRules;

use super::*;
use crate::clock::{Clock, Hands};

const USER: UserId = UserId(Uuid::from_u128(1));
const TAB: ClientId = ClientId(Uuid::from_u128(2));

#[derive(Default)]
struct Source {
    looks: Mutex<u32>,
    heard: tokio::sync::Notify,
}

fn me() -> Me {
    Me { user: USER, login: "sato".to_owned(), name: "佐藤".to_owned(), role: Role::Agent, extension: None }
}

#[async_trait]
impl DeskSource for Source {
    async fn desk(&self, _user: UserId) -> Result<Desk, ApiError> {
        let softphone = Softphone { seat: Seat::LoggedOut, client: None, media: Media::Down };
        Ok(Desk { me: me(), softphone, call: None, queues: Vec::new(), call_rules: CallRules::default() })
    }

    async fn look_at_desk(&self, _user: UserId, _client: ClientId) {
        *self.looks.lock().unwrap() += 1;
        self.heard.notify_one();
    }

    async fn still_signed_in(&self, _actor: &Actor) -> bool {
        true
    }
}

struct Server {
    hub: Hub,
    hands: Hands,
    source: Arc<Source>,
    stop: CancellationToken,
    url: String,
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

impl Server {
    async fn start() -> Self {
        let (clock, hands) = Clock::held(Timestamp(1_000));
        let hub = Hub::new(clock.clone());
        let source = Arc::new(Source::default());
        let stop = CancellationToken::new();
        let realtime = Realtime { hub: hub.clone(), clock, source: Arc::clone(&source) as _, stop: stop.clone() };
        let actor = Actor { user: USER, role: Role::Agent, session: "s".to_owned() };
        let app = Router::new()
            .route("/ws", any(move |request: WebSocketUpgrade| async move { upgrade(realtime, actor, request) }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { hub, hands, source, stop, url }
    }

    async fn connect(&self, resume: Option<Resume>) -> Socket {
        let (mut socket, _) = tokio_tungstenite::connect_async(&self.url).await.unwrap();
        let hello = serde_json::to_string(&ClientFrame::Hello { client: TAB, resume }).unwrap();
        socket.send(Message::text(hello)).await.unwrap();
        socket
    }
}

async fn next(socket: &mut Socket) -> Option<ServerFrame> {
    loop {
        match socket.next().await? {
            Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn numbers(frames: &[ServerFrame]) -> Vec<u64> {
    frames.iter().filter_map(|frame| if let ServerFrame::Event { n, .. } = frame { Some(*n) } else { None }).collect()
}

#[tokio::test]
async fn a_new_tab_gets_hello_and_a_snapshot_and_then_every_event() {
    let server = Server::start().await;
    let mut socket = server.connect(None).await;
    assert!(matches!(next(&mut socket).await, Some(ServerFrame::Hello { resumed: false, .. })));
    assert!(matches!(next(&mut socket).await, Some(ServerFrame::Snapshot { n: 0, .. })));
    server.hub.publish(USER, DeskEvent::Me { me: me() });
    assert!(matches!(next(&mut socket).await, Some(ServerFrame::Event { n: 1, at: Timestamp(1_000), .. })));
}

#[tokio::test]
async fn c4_a_cut_tab_resumes_with_exactly_what_it_missed() {
    let server = Server::start().await;
    let mut socket = server.connect(None).await;
    let Some(ServerFrame::Hello { epoch, .. }) = next(&mut socket).await else { panic!("no hello") };
    next(&mut socket).await;
    server.hub.publish(USER, DeskEvent::SettingsChanged);
    next(&mut socket).await;
    drop(socket);
    for _ in 0..5 {
        server.hub.publish(USER, DeskEvent::SettingsChanged);
    }
    let mut socket = server.connect(Some(Resume { epoch, n: 1 })).await;
    assert!(matches!(next(&mut socket).await, Some(ServerFrame::Hello { resumed: true, .. })));
    let mut missed = Vec::new();
    for _ in 0..5 {
        missed.push(next(&mut socket).await.unwrap());
    }
    assert_eq!(numbers(&missed), [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn c4_a_cut_of_any_length_ends_in_a_snapshot_when_the_buffer_does_not_reach_back() {
    let server = Server::start().await;
    let mut socket = server.connect(None).await;
    let Some(ServerFrame::Hello { epoch, .. }) = next(&mut socket).await else { panic!("no hello") };
    drop(socket);
    for _ in 0..2_000 {
        server.hub.publish(USER, DeskEvent::SettingsChanged);
    }
    for (resume, why) in [
        (Resume { epoch: epoch.clone(), n: 3 }, "older than the buffer"),
        (Resume { epoch: "another run".to_owned(), n: 2_000 }, "another run of the server"),
        (Resume { epoch, n: 9_999 }, "from the future"),
    ] {
        let mut socket = server.connect(Some(resume)).await;
        assert!(matches!(next(&mut socket).await, Some(ServerFrame::Hello { resumed: false, .. })), "{why}");
        assert!(matches!(next(&mut socket).await, Some(ServerFrame::Snapshot { n: 2_000, .. })), "{why}");
    }
}

#[tokio::test]
async fn a_tab_that_does_not_read_is_cut_off_and_resumes_without_a_loss() {
    let (clock, _hands) = Clock::held(Timestamp(0));
    let hub = Hub::new(clock);
    let mut slow = hub.attach(USER, TAB, String::new(), None);
    for _ in 0..400 {
        hub.publish(USER, DeskEvent::SettingsChanged);
    }
    assert!(!hub.has_sockets(USER), "cut off");
    let mut got = 0;
    while let Some(Outgoing::Frame(_)) = slow.frames.recv().await {
        got += 1;
    }
    assert_eq!(got, 256);
    let resume = Resume { epoch: hub.epoch().to_owned(), n: got };
    let Backlog::Replay(missed) = hub.attach(USER, TAB, String::new(), Some(&resume)).backlog else {
        panic!("a snapshot")
    };
    assert_eq!(missed.len(), 400 - 256);
}

#[tokio::test]
async fn c1_a_tab_that_stops_answering_is_gone_after_its_lease_and_the_desk_is_told_at_once() {
    let server = Server::start().await;
    let mut socket = server.connect(None).await;
    next(&mut socket).await;
    next(&mut socket).await;
    server.source.heard.notified().await;
    assert_eq!(*server.source.looks.lock().unwrap(), 1);
    // Pings come and are not answered.
    let mut pings = 0;
    while server.hub.has_sockets(USER) {
        server.hands.advance(PING_EVERY);
        match next(&mut socket).await {
            Some(ServerFrame::Ping { .. }) => pings += 1,
            Some(other) => panic!("{other:?}"),
            None => break,
        }
    }
    assert_eq!(pings, 2, "two pings fit into a lease of three intervals");
    // No more time passes: the lease counts from the last sign of life, not from the end of the socket.
    server.source.heard.notified().await;
    assert_eq!(*server.source.looks.lock().unwrap(), 2);
}

#[tokio::test]
async fn signing_out_and_stopping_close_the_sockets_and_say_why() {
    let server = Server::start().await;
    for (reason, close) in [(CloseReason::SignedOut, true), (CloseReason::Stopping, false)] {
        let mut socket = server.connect(None).await;
        next(&mut socket).await;
        next(&mut socket).await;
        if close {
            server.hub.close(USER, |session| session == "s", reason);
        } else {
            server.stop.cancel();
        }
        assert_eq!(next(&mut socket).await, Some(ServerFrame::Close { reason }));
        assert_eq!(next(&mut socket).await, None);
    }
}

#[tokio::test]
async fn the_tab_that_is_one_too_many_puts_the_oldest_out_for_good_and_no_other() {
    let (clock, _hands) = Clock::held(Timestamp(0));
    let hub = Hub::new(clock);
    let mut tabs: Vec<_> = (0..17).map(|_| hub.attach(USER, TAB, String::new(), None)).collect();
    let told: Vec<_> = tabs.iter_mut().map(|tab| tab.frames.try_recv().ok()).collect();
    assert_eq!(told[0], Some(Outgoing::Close(CloseReason::TooManyTabs)));
    assert!(told[1..].iter().all(Option::is_none), "{told:?}");
    assert_eq!(hub.sockets(), 16);
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_closes_the_socket() {
    let server = Server::start().await;
    let (mut socket, _) = tokio_tungstenite::connect_async(&server.url).await.unwrap();
    socket.send(Message::text("{\"frame\":\"everything\"}")).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(ServerFrame::Close { reason: CloseReason::BadFrame }));
}
