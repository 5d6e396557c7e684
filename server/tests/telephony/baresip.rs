//! Whole calls against baresip, an independent SIP and RTP stack: it plays a tone and writes down what it hears.

use std::path::Path;
use std::process::Stdio;

use domain::agents::Work;
use domain::telephony::Command as CallCommand;
use server::db::testing::TestDb;
use tokio::process::{Child, Command};
use wire::telephony::TelephonyPort;

use super::floor::{Floor, OURS};
use super::peers::assert_only;

const AGENT: f64 = 1_103.0;
const CUSTOMER: f64 = 617.0;
const RATE: u32 = 8_000;
/// Two seconds of packets.
const LONG: usize = 100;

struct Baresip {
    program: Child,
    dir: tempfile::TempDir,
}

impl Baresip {
    /// Answers by itself what comes for its number to the trunk's address; with `dials`, calls that as soon as it is up.
    fn start(floor: &Floor, codec: &str, dials: Option<String>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tone = dir.path().join("tone.wav");
        testkit::wav::write(&tone, &testkit::tone::sine(CUSTOMER, -10.0, RATE, 0, 60 * 8_000), RATE).unwrap();
        let port = floor.peer_port;
        let config = format!(
            "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\naudio_source aufile,{}\nsnd_path {}\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule sndfile.so\n\
             module_tmp account.so\nmodule_app menu.so\n",
            tone.display(),
            dir.path().display(),
        );
        let account =
            format!("<sip:+819012345678@127.0.0.1:{port}>;regint=0;answermode=auto;audio_codecs={codec}/8000/1\n");
        for (file, text) in [("config", config), ("accounts", account), ("contacts", String::new())] {
            std::fs::write(dir.path().join(file), text).unwrap();
        }
        let mut command = Command::new("baresip");
        command.arg("-f").arg(dir.path());
        if let Some(dials) = dials {
            command.args(["-e", &format!("/dial {dials}")]);
        }
        let program = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("baresip (Debian: `apt install baresip`)");
        Self { program, dir }
    }

    /// Returns when baresip listens: it says so nowhere, the kernel does.
    async fn listens(self, floor: &Floor) -> Self {
        let wanted = format!("0100007F:{:04X}", floor.peer_port);
        while !std::fs::read_to_string("/proc/net/udp").unwrap().contains(&wanted) {
            tokio::task::yield_now().await;
        }
        self
    }

    /// What it heard in its call, once it has ended: its recording is closed with the program.
    async fn heard(mut self) -> Vec<i16> {
        let id = self.program.id().expect("it is running").to_string();
        assert!(Command::new("kill").arg(id).status().await.unwrap().success());
        self.program.wait().await.unwrap();
        let recording = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| name(path).ends_with("-dec.wav"))
            .expect("baresip recorded what it heard");
        media::wav::read(std::fs::File::open(recording).unwrap()).unwrap()
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Two seconds both ways, a hang-up by the agent, and what each side heard.
async fn talk_and_hang_up(floor: &mut Floor, agent: domain::ids::UserId, ear: super::peers::Ear, peer: Baresip) {
    let call = floor.connected(agent).await.id;
    let at_agent = tokio::task::spawn_blocking(move || {
        ear.forget();
        drop(ear.packets(30));
        super::peers::sound(&ear.packets(LONG))
    });
    assert_only(&at_agent.await.unwrap(), CUSTOMER, &[AGENT]);
    floor.phone.command(floor.actor(agent), call, CallCommand::HangUp).await.unwrap();
    floor.seat(agent, |seat| matches!(seat.work(), Work::AfterCall { .. })).await;
    floor.calls.idle().await;
    let heard = peer.heard().await;
    // Its first tenth of a second may hold the start of the stream.
    assert_only(heard.get(800..).unwrap(), AGENT, &[CUSTOMER]);
}

async fn calls_in(codec: &str) {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let peer = Baresip::start(&floor, codec, Some(format!("sip:{OURS}@{}", floor.sip_address())));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, CallCommand::Answer).await.unwrap();
    talk_and_hang_up(&mut floor, agent, browser.ear.clone(), peer).await;
}

#[tokio::test]
async fn s15_baresip_calls_and_each_hears_exactly_the_other() {
    calls_in("PCMU").await;
}

#[tokio::test]
async fn s15_baresip_calls_in_a_law_and_each_hears_exactly_the_other() {
    calls_in("PCMA").await;
}

#[tokio::test]
async fn s9_baresip_is_called_and_each_hears_exactly_the_other() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let peer = Baresip::start(&floor, "PCMU", None).listens(&floor).await;
    let call = domain::ids::InteractionId(uuid::Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    talk_and_hang_up(&mut floor, agent, browser.ear.clone(), peer).await;
}
