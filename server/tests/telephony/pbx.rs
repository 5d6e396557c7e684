//! An exchange of somebody else's: Kamailio as registrar and proxy, with one account and one colleague.

use std::net::SocketAddr;
use std::process::Stdio;

use domain::ids::{TrunkId, UserId};
use server::telephony::directory::Line;
use tokio::process::{Child, Command};
use wire::settings::{Extension, SettingsPort, SipAccount, TrunkCodec, TrunkState, TrunkTransport};

use super::floor::{Floor, LOOPBACK, free_port};

/// The account's address there, and the name that its password belongs to.
pub(crate) const ACCOUNT: &str = "desk-1001";
pub(crate) const AUTH: &str = "auth-1001";
pub(crate) const DOMAIN: &str = "pbx.example";

/// A running exchange.
pub(crate) struct Pbx {
    kamailio: Child,
    port: u16,
    /// Keeps its files until the test is over.
    _dir: tempfile::TempDir,
}

impl Pbx {
    /// Asks everybody who registers or calls as the account for its password; 1002 and all numbers outside are a telephone
    /// where the floor's trunk has its peer; everybody else is whom the location table knows.
    pub(crate) async fn opens(floor: &Floor) -> Self {
        let port = free_port();
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("kamailio.cfg");
        let modules = ["tm", "sl", "pv", "siputils", "textops", "usrloc", "registrar", "auth"];
        let modules: String = modules.map(|module| format!("loadmodule \"{module}.so\"\n")).concat();
        let telephone = floor.peer_port;
        std::fs::write(
            &config,
            format!(
                r#"#!KAMAILIO
debug=1
children=1
disable_tcp=yes
listen=udp:127.0.0.1:{port}
alias="{DOMAIN}"
{modules}
modparam("usrloc", "db_mode", 0)
request_route {{
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{DOMAIN}", "secret", "0") || $au != "{AUTH}") {{ auth_challenge("{DOMAIN}", "0"); exit; }}
    save("location");
    exit;
  }}
  if (is_method("CANCEL|ACK") && uri == myself) {{ if (t_check_trans()) t_relay(); exit; }}
  if (uri != myself) {{ t_relay(); exit; }}
  if ($fU == "{ACCOUNT}" && !pv_proxy_authenticate("{DOMAIN}", "secret", "0")) {{ auth_challenge("{DOMAIN}", "1"); exit; }}
  if ($rU =~ "^(1002|0[0-9]+)$") {{ $du = "sip:127.0.0.1:{telephone}"; t_relay(); exit; }}
  if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
  t_relay();
}}
"#
            ),
        )
        .unwrap();
        let kamailio = Command::new("kamailio")
            .args(["-DD", "-E", "-m", "16", "-M", "4", "-f"])
            .arg(&config)
            .arg("-Y")
            .arg(dir.path())
            .current_dir(dir.path())
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
        Self { kamailio, port, _dir: dir }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(LOOPBACK, self.port)
    }

    /// Gives the agent's extension its account here; the line that this is to become.
    pub(crate) async fn has_account(&self, floor: &Floor, agent: UserId) -> TrunkId {
        self.has_account_with(floor, agent, "secret").await
    }

    pub(crate) async fn has_account_with(&self, floor: &Floor, agent: UserId, password: &str) -> TrunkId {
        let extensions = floor.settings.settings(floor.admin.clone()).await.unwrap().extensions;
        let extension = extensions.into_iter().find(|extension| extension.user == Some(agent)).unwrap();
        let account = SipAccount {
            host: LOOPBACK.to_string(),
            port: self.port,
            transport: TrunkTransport::Udp,
            domain: Some(DOMAIN.to_owned()),
            username: ACCOUNT.to_owned(),
            auth_username: Some(AUTH.to_owned()),
            password: Some(password.to_owned()),
            has_password: false,
            codecs: vec![TrunkCodec::Pcmu],
            state: TrunkState::Off,
        };
        let extension = Extension { account: Some(account), ..extension };
        let saved = floor.settings.save_extension(floor.admin.clone(), extension).await.unwrap();
        assert_eq!(saved.account.unwrap().password, None, "a password never comes back");
        Line::trunk(saved.id)
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        // Its workers, which it starts itself, would outlive it.
        if let Some(id) = self.kamailio.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
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
