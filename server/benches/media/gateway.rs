//! Our gateway as the one under load: in a process of its own, asked line by line over its input and output.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;

use domain::ids::{InteractionId, UserId};
use media::tone::Ringback;
use media::{Codec, Music};
use serde::{Deserialize, Serialize};
use server::telephony::gateway::{Gateway, GatewayConfig, Route};
use testkit::load::{Connected, LoadError, UnderLoad};
use uuid::Uuid;

/// What makes this program a gateway instead of a bench.
pub(crate) const CHILD: &str = "--be-the-gateway";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[derive(Serialize, Deserialize)]
struct Ask {
    offer: String,
    trunk: SocketAddr,
}

#[derive(Serialize, Deserialize)]
struct Told {
    answer: String,
    address: SocketAddr,
}

/// The gateway's process. It ends when this is dropped.
pub(crate) struct Ours {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Ours {
    pub(crate) fn start((first, last): (u16, u16)) -> Result<Self, LoadError> {
        let program = std::env::current_exe().map_err(LoadError::system("finding this program"))?;
        let mut process = Command::new(program)
            .args([CHILD, &first.to_string(), &last.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(LoadError::system("starting the gateway"))?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err(LoadError::Late("the gateway's pipes")) };
        Ok(Self { process, input, output: BufReader::new(output) })
    }
}

impl UnderLoad for Ours {
    fn connect(&mut self, _: usize, offer: &str, trunk: SocketAddr) -> Result<Connected, LoadError> {
        let ask = serde_json::to_string(&Ask { offer: offer.to_owned(), trunk })
            .map_err(|error| LoadError::Refused(error.to_string()))?;
        writeln!(self.input, "{ask}").map_err(LoadError::system("asking the gateway"))?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(LoadError::system("hearing the gateway"))?;
        let told: Told = serde_json::from_str(&line).map_err(|error| LoadError::Refused(format!("{error}: {line}")))?;
        Ok(Connected { answer: told.answer, address: told.address, passes_ssrc: false })
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The process itself: a gateway, and one call for every line that comes in.
pub(crate) fn serve() -> ExitCode {
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(calls()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn calls() -> Result<(), String> {
    let ports: Vec<u16> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let [first, last] = ports.as_slice() else { return Err("the gateway needs a range of ports".to_owned()) };
    let config = GatewayConfig {
        webrtc_bind: SocketAddr::new(HERE, 0),
        webrtc_public: Vec::new(),
        rtp_bind: HERE,
        rtp_public: HERE,
        rtp_ports: *first..=*last,
        ringback: Ringback::Plain,
    };
    let music = Arc::new(Music::of_pcm(&vec![0; 8_000]));
    let (gateway, mut events) = Gateway::start(config, music).map_err(|error| error.to_string())?;
    // What the gateway notices is of no use here, but must not pile up.
    drop(std::thread::spawn(move || while events.blocking_recv().is_some() {}));
    let mut output = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let ask: Ask = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let told = call(&gateway, ask).await?;
        writeln!(output, "{told}").and_then(|()| output.flush()).map_err(|error| error.to_string())?;
    }
    gateway.shutdown().await;
    Ok(())
}

async fn call(gateway: &Gateway, ask: Ask) -> Result<String, String> {
    let (agent, call) = (UserId(Uuid::new_v4()), InteractionId(Uuid::new_v4()));
    let attached = gateway.attach_agent(agent, ask.offer).await.map_err(|error| error.to_string())?;
    let address = gateway.open_customer(call).await.map_err(|error| error.to_string())?;
    gateway.aim_customer(call, ask.trunk, Codec::Pcmu, Some(101));
    gateway.route(call, Route::Bridge(agent));
    serde_json::to_string(&Told { answer: attached.answer, address }).map_err(|error| error.to_string())
}
