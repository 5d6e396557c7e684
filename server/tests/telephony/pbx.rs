//! An exchange of somebody else's: Kamailio as registrar and proxy, with one account and one colleague.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use domain::ids::{TrunkId, UserId};
use server::telephony::directory::Line;
use tokio::net::UdpSocket;
use tokio::process::{Child, Command};
use uuid::Uuid;
use wire::settings::{Extension, SettingsPort, SipAccount, Trunk, TrunkCodec, TrunkState, TrunkTransport};

use super::floor::{Floor, LOOPBACK, free_port};

/// The account's address there, and the name that its password belongs to.
pub(crate) const ACCOUNT: &str = "desk-1001";
pub(crate) const AUTH: &str = "auth-1001";
pub(crate) const DOMAIN: &str = "pbx.example";

/// The account of a trunk there.
pub(crate) const TRUNK_ACCOUNT: &str = "desk";

/// How an exchange differs from the usual one, which asks by MD5 over UDP and steps out of each call that is up.
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own, and a test names the one it means")]
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner {
    /// It is spoken to by TCP, too.
    pub(crate) tcp: bool,
    /// It speaks to the telephone by TCP.
    pub(crate) telephone_by_tcp: bool,
    /// It stays in the way of each call (RFC 3261 §16.6 step 4), and refuses within one what comes by no route.
    pub(crate) stays: bool,
    /// The algorithm of its challenges; none: as RFC 2069 had it, without a name.
    pub(crate) algorithm: Option<&'static str>,
    /// A challenge that stands beside its own, which cannot be answered to its content.
    pub(crate) beside: Option<&'static str>,
    /// The shortest registration that it takes, in seconds.
    pub(crate) least_expires: Option<u32>,
    /// It refuses the first registration for now.
    pub(crate) is_overloaded_first: bool,
    /// Calls for the telephone ring at this one as well.
    pub(crate) forks_to: Option<u16>,
    /// It is known by this name, too.
    pub(crate) name: Option<&'static str>,
}

/// A running exchange.
pub(crate) struct Pbx {
    kamailio: Child,
    port: u16,
    /// Keeps its files until the test is over.
    dir: tempfile::TempDir,
}

impl Pbx {
    /// Asks everybody who registers or calls as an account for its password; 1002, 10 and all numbers outside are a telephone
    /// where the floor's trunk has its peer; our number is the trunk's account; everybody else is whom the location table
    /// knows.
    pub(crate) async fn opens(floor: &Floor) -> Self {
        Self::opens_with(floor, Manner::default()).await
    }

    pub(crate) async fn opens_with(floor: &Floor, manner: Manner) -> Self {
        let port = free_port();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("kamailio.cfg"), script(port, floor.peer_port, manner)).unwrap();
        let kamailio = start(dir.path(), port).await;
        Self { kamailio, port, dir }
    }

    /// Falls silent, and forgets who was registered.
    pub(crate) async fn fails(&mut self) {
        self.kill();
        self.kamailio.wait().await.unwrap();
    }

    /// Is there again, where it was.
    pub(crate) async fn comes_back(&mut self) {
        self.kamailio = start(self.dir.path(), self.port).await;
    }

    fn kill(&self) {
        // Its workers, which it starts itself, would outlive it.
        if let Some(id) = self.kamailio.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(LOOPBACK, self.port)
    }

    /// Returns when whoever calls this account here is brought to us.
    pub(crate) async fn reaches(&self, account: &str) {
        let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let (to, from) = (self.address(), socket.local_addr().unwrap());
        let mut bytes = [0; 4_096];
        loop {
            let id = Uuid::new_v4().simple();
            let options = format!(
                "OPTIONS sip:{account}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:them@{from}>;tag=1\r\nTo: <sip:{account}@{to}>\r\nCall-ID: {id}\r\n\
                 CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            socket.send_to(options.as_bytes(), to).await.unwrap();
            let length = socket.recv(&mut bytes).await.unwrap();
            if bytes[..length].starts_with(b"SIP/2.0 200") {
                return;
            }
        }
    }

    /// Makes the floor's trunk one that registers here, and waits until it has.
    pub(crate) async fn has_trunk(&self, floor: &mut Floor) {
        let trunk = self.trunk(floor);
        floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
        floor.trunks.settings_changed();
        until(floor, floor.trunk.id, registered).await;
    }

    /// The floor's trunk, as it would register here.
    pub(crate) fn trunk(&self, floor: &Floor) -> Trunk {
        Trunk {
            port: Some(self.port),
            registers: true,
            username: Some(TRUNK_ACCOUNT.to_owned()),
            password: Some("secret".to_owned()),
            ..floor.trunk.clone()
        }
    }

    /// Gives the agent's extension its account here; the line that this is to become.
    pub(crate) async fn has_account(&self, floor: &Floor, agent: UserId) -> TrunkId {
        self.has_account_with(floor, agent, |_| {}).await
    }

    pub(crate) async fn has_account_with(
        &self,
        floor: &Floor,
        agent: UserId,
        change: impl FnOnce(&mut SipAccount),
    ) -> TrunkId {
        let extensions = floor.settings.settings(floor.admin.clone()).await.unwrap().extensions;
        let extension = extensions.into_iter().find(|extension| extension.user == Some(agent)).unwrap();
        let mut account = SipAccount {
            host: LOOPBACK.to_string(),
            port: self.port,
            transport: TrunkTransport::Udp,
            domain: Some(DOMAIN.to_owned()),
            username: ACCOUNT.to_owned(),
            auth_username: Some(AUTH.to_owned()),
            password: Some("secret".to_owned()),
            has_password: false,
            codecs: vec![TrunkCodec::Pcmu],
            ring_seconds: 20,
            outside_prefix: None,
            state: TrunkState::Off,
        };
        change(&mut account);
        let extension = Extension { account: Some(account), ..extension };
        let saved = floor.settings.save_extension(floor.admin.clone(), extension).await.unwrap();
        assert_eq!(saved.account.unwrap().password, None, "a password never comes back");
        Line::trunk(saved.id)
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn start(dir: &Path, port: u16) -> Child {
    let kamailio = Command::new("kamailio")
        .args(["-DD", "-E", "-m", "16", "-M", "4", "-f"])
        .arg(dir.join("kamailio.cfg"))
        .arg("-Y")
        .arg(dir)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(if std::env::var_os("PBX_TALKS").is_some() { Stdio::inherit() } else { Stdio::null() })
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .expect("kamailio (Debian: `apt install kamailio`)");
    let wanted = format!("0100007F:{port:04X}");
    // It says nowhere that it listens; the kernel does.
    while !std::fs::read_to_string("/proc/net/udp").unwrap().contains(&wanted) {
        tokio::task::yield_now().await;
    }
    kamailio
}

fn script(port: u16, telephone: u16, manner: Manner) -> String {
    let Manner { tcp, telephone_by_tcp, stays, algorithm, beside, least_expires, is_overloaded_first, forks_to, name } =
        manner;
    let modules =
        ["tm", "tmx", "corex", "rr", "sl", "pv", "siputils", "textops", "textopsx", "usrloc", "registrar", "auth"];
    let mut text = vec![String::from("#!KAMAILIO\ndebug=1\nchildren=1\n")];
    let listen =
        if tcp { format!("tcp_children=1\nlisten=tcp:127.0.0.1:{port}\n") } else { "disable_tcp=yes\n".into() };
    // What a trunk's requests name: its host, without a port.
    let its_address = "alias=udp:127.0.0.1:5060\nalias=tcp:127.0.0.1:5060\n";
    text.push(format!("{listen}listen=udp:127.0.0.1:{port}\nalias=\"{DOMAIN}\"\n{its_address}"));
    text.push(name.map(|name| format!("alias=\"{name}\"\n")).unwrap_or_default());
    text.push(modules.map(|module| format!("loadmodule \"{module}.so\"\n")).concat());
    text.push("modparam(\"usrloc\", \"db_mode\", 0)\nmodparam(\"pv\", \"shvset\", \"first=i:1\")\n".to_owned());
    text.push(algorithm.map(|name| format!("modparam(\"auth\", \"algorithm\", \"{name}\")\n")).unwrap_or_default());
    let beside = |header: &str| {
        let challenge = beside.map(|algorithm| {
            format!("Digest realm=\\\"{DOMAIN}\\\", nonce=\\\"none\\\", algorithm={algorithm}, qop=\\\"auth\\\"")
        });
        challenge.map(|it| format!("append_to_reply(\"{header}: {it}\\r\\n\");")).unwrap_or_default()
    };
    let (beside_server, beside_proxy) = (beside("WWW-Authenticate"), beside("Proxy-Authenticate"));
    text.push("request_route {\n".to_owned());
    if stays {
        text.push(
            r#"
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    sl_send_reply("403", "Not this way"); exit;
  }
  if (is_method("INVITE")) record_route();
"#
            .to_owned(),
        );
    }
    text.push("  if (is_method(\"REGISTER\")) {\n".to_owned());
    if is_overloaded_first {
        text.push(
            r#"
    if ($shv(first) == 1) {
      $shv(first) = 0; append_to_reply("Retry-After: 7\r\n"); sl_send_reply("503", "Overloaded"); exit;
    }
"#
            .to_owned(),
        );
    }
    if let Some(least) = least_expires {
        text.push(format!(
            r#"
    if ($(hdr(Expires){{s.int}}) > 0 && $(hdr(Expires){{s.int}}) < {least}) {{
      append_to_reply("Min-Expires: {least}\r\n"); sl_send_reply("423", "Interval Too Brief"); exit;
    }}
"#
        ));
    }
    text.push(format!(
        r#"
    if (!pv_www_authenticate("{DOMAIN}", "secret", "0") || !($au =~ "^({AUTH}|{TRUNK_ACCOUNT})$")) {{
      {beside_server} auth_challenge("{DOMAIN}", "0"); exit;
    }}
    save("location");
    exit;
  }}
  if (is_method("CANCEL|ACK") && uri == myself) {{ if (t_check_trans()) t_relay(); exit; }}
  if (uri != myself) {{ t_relay(); exit; }}
  if ($fU =~ "^({ACCOUNT}|[+]81312345678)$" && !pv_proxy_authenticate("{DOMAIN}", "secret", "0")) {{
    {beside_proxy} auth_challenge("{DOMAIN}", "1"); exit;
  }}
  if ($rU == "0312345678") $rU = "{TRUNK_ACCOUNT}";
  if ($rU =~ "^(1002|10|[0+9][0-9]+)$") {{
    {fork}
    $du = "sip:127.0.0.1:{telephone}{transport}";
    t_relay();
    exit;
  }}
  if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
  t_relay();
}}
"#,
        transport = if telephone_by_tcp { ";transport=tcp" } else { "" },
        fork = forks_to
            .map(|other| format!("append_branch(\"sip:\" + $rU + \"@127.0.0.1:{other}\");"))
            .unwrap_or_default(),
    ));
    text.concat()
}

/// Waits until a line or trunk is as wanted.
pub(crate) async fn until(floor: &Floor, trunk: TrunkId, wanted: impl Fn(&TrunkState) -> bool) -> TrunkState {
    let mut changes = floor.trunks.changes();
    loop {
        let state = floor.trunks.state(trunk);
        if wanted(&state) {
            return state;
        }
        changes.changed().await.unwrap();
    }
}

pub(crate) fn registered(state: &TrunkState) -> bool {
    matches!(state, TrunkState::Registered { .. })
}
