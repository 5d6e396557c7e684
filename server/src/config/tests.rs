use std::io::Write;
use std::time::Duration;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Sources {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { environment, ..Sources::default() }
}

fn file(text: &str) -> (tempfile::NamedTempFile, Sources) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let sources = Sources { file: Some(file.path().to_owned()), ..Sources::default() };
    (file, sources)
}

fn the_fault(sources: &Sources) -> Fault {
    let ConfigError(mut faults) = load(sources).expect_err("a fault");
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

#[test]
fn every_default_is_within_its_own_bounds() {
    let mut config = Config::defaults();
    for setting in SETTINGS {
        assert!((setting.set)(&mut config, setting.default), "{}", setting.key);
    }
    load(&Sources::default()).expect("the defaults go together");
}

#[test]
fn the_file_yields_to_the_environment_and_that_to_the_flags() {
    let (_file, mut sources) = file("drain_limit_seconds = 30\ncountry = \"KR\"\nlog_format = \"json\"");
    sources.environment =
        vec![("MADOGUCHI_DRAIN_LIMIT_SECONDS".into(), "40".into()), ("MADOGUCHI_COUNTRY".into(), "US".into())];
    sources.flags = vec![("drain_limit_seconds", "50".into())];
    let config = load(&sources).unwrap();
    assert_eq!(config.drain_limit_seconds, Duration::from_secs(50));
    assert_eq!((config.country.as_str(), config.log_format), ("US", LogFormat::Json));
}

#[test]
fn a_list_is_one_in_the_file_and_commas_in_the_environment() {
    let (_file, sources) = file("trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.7\"]");
    let from_file = load(&sources).unwrap().trusted_proxies;
    let from_environment = load(&environment(&[("MADOGUCHI_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7")])).unwrap();
    assert_eq!(from_file, from_environment.trusted_proxies);
    assert_eq!(from_file.len(), 2);
}

#[test]
fn a_value_out_of_bounds_says_which_why_and_what_is_allowed() {
    let fault = the_fault(&environment(&[("MADOGUCHI_SESSION_IDLE_MINUTES", "4")]));
    assert_eq!(fault.which, "MADOGUCHI_SESSION_IDLE_MINUTES");
    assert_eq!(fault.why, "“4” cannot be used");
    assert_eq!(fault.allowed, "Allowed: a whole number from 5 to 1440 (minutes); default “30”");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    let (_file, sources) = file("drain_limit_second = 20");
    assert_eq!(the_fault(&sources).allowed, "Did you mean drain_limit_seconds?");
    let fault = the_fault(&environment(&[("MADOGUCHI_DATABSE_URL", "x")]));
    assert_eq!(fault.allowed, "Did you mean MADOGUCHI_DATABASE_URL?");
}

#[test]
fn a_database_password_is_not_repeated() {
    let fault = the_fault(&environment(&[("MADOGUCHI_DATABASE_URL", "mysql://me:hunter2@host/db")]));
    assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
}

#[test]
fn every_fault_is_told_at_once() {
    let error = load(&environment(&[("MADOGUCHI_LISTEN", "here"), ("MADOGUCHI_COUNTRY", "japan")])).unwrap_err();
    assert_eq!(error.0.len(), 2, "{error}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (name, value, which) in [
        ("MADOGUCHI_TLS_KEY", "key.pem", "tls_certificate, tls_key"),
        ("MADOGUCHI_LISTEN", "0.0.0.0:8080", "listen"),
        ("MADOGUCHI_PUBLIC_URL", "http://desk.example.jp", "public_url"),
        ("MADOGUCHI_PUBLIC_URL", "https://desk.example.jp", "public_url, trusted_proxies"),
        ("MADOGUCHI_RTP_PORT_MIN", "50000", "rtp_port_min, rtp_port_max"),
        ("MADOGUCHI_SESSION_IDLE_MINUTES", "1000", "session_idle_minutes, session_absolute_hours"),
    ] {
        assert_eq!(the_fault(&environment(&[(name, value)])).which, which);
    }
}

#[test]
fn a_log_level_that_would_silence_everything_by_mistake_is_refused() {
    assert!(load(&environment(&[("MADOGUCHI_LOG_LEVEL", "info,server::session=debug")])).is_ok());
    assert!(load(&environment(&[("MADOGUCHI_LOG_LEVEL", "loud")])).is_err());
}

#[test]
fn a_file_that_is_not_toml_is_named_with_its_line() {
    let (file, sources) = file("country = \"JP\"\nlisten =");
    let fault = the_fault(&sources);
    assert_eq!(fault.which, format!("configuration file {}, line 2", file.path().display()));
}

#[test]
fn the_origins_are_those_of_the_public_address() {
    let proxy = ("MADOGUCHI_TRUSTED_PROXIES", "127.0.0.1");
    let config = load(&environment(&[("MADOGUCHI_PUBLIC_URL", "https://desk.example.jp"), proxy])).unwrap();
    assert_eq!(config.origins(), ["https://desk.example.jp"]);
    let config = load(&Sources::default()).unwrap();
    assert_eq!(config.origins(), ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"]);
    let config = load(&environment(&[("MADOGUCHI_PUBLIC_URL", "https://desk.example.jp/path"), proxy]));
    assert!(config.is_err());
}

/// `UPDATE_DOCS=1 cargo test -p server the_page` writes the page's table anew.
#[test]
fn the_page_of_settings_tells_what_the_table_tells() {
    use std::fmt::Write as _;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    const BEGIN: &str = "<!-- settings: made from server/src/config/settings.rs -->\n";
    const END: &str = "<!-- end of settings -->\n";
    let mut table = String::from("| Setting | Does | Unit | Default | Allowed |\n|---|---|---|---|---|\n");
    for Setting { key, doc, unit, default, allowed, .. } in SETTINGS {
        let default = if default.is_empty() { "(empty)".to_owned() } else { format!("`{default}`") };
        let allowed = allowed().replace('<', "\\<");
        writeln!(table, "| `{key}` |{doc} | {unit} | {default} | {allowed} |").unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the first mark");
    let (written, after) = rest.split_once(END).expect("the page has the last mark");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(written, table, "docs/configuration.md is out of step: run with UPDATE_DOCS=1");
    }
}
