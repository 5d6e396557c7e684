//! The program as an operator meets it: what it says and how it ends.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn madoguchi(dir: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_madoguchi"))
        .args(arguments)
        .env_clear()
        .env("MADOGUCHI_DATA_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs it in an empty directory; gives exit code, words, and what stands in the directory afterwards.
fn alone(arguments: &[&str]) -> (Option<i32>, String, usize) {
    let dir = tempfile::tempdir().unwrap();
    let output = madoguchi(dir.path(), arguments, "");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    (output.status.code(), said(&output), left)
}

#[test]
fn a_setting_out_of_bounds_ends_with_2_and_says_which_why_and_what_is_allowed() {
    for command in ["serve", "check-config", "migrate"] {
        let (code, words, left) = alone(&[command, "--session-idle-minutes", "1"]);
        assert_eq!(code, Some(2), "{words}");
        assert_eq!(
            words.trim(),
            "madoguchi: --session-idle-minutes: “1” cannot be used. Allowed: a whole number from 5 to 1440 (minutes); default “30”"
        );
        assert_eq!(left, 0, "nothing half-started");
    }
}

#[test]
fn a_certificate_that_is_not_there_ends_with_2_before_anything_is_made() {
    let arguments = ["serve", "--tls-certificate", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"];
    let (code, words, left) = alone(&arguments);
    assert_eq!((code, left), (Some(2), 0), "{words}");
    assert!(words.contains("tls_certificate /nowhere/cert.pem"), "{words}");
}

#[test]
fn an_address_that_is_taken_ends_with_2_and_names_the_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, words, _) = alone(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("listen 127.0.0.1:"), "{words}");
}

#[test]
fn an_unknown_flag_or_key_ends_with_2_and_the_nearest_name() {
    let (code, words, _) = alone(&["serve", "--ring-second", "20"]);
    assert_eq!(code, Some(2));
    assert!(words.contains("--drain-limit-seconds"), "{words}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("madoguchi.toml");
    std::fs::write(&file, "databse_url = \"sqlite:x\"").unwrap();
    let (code, words, _) = alone(&["check-config", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(words.contains("Did you mean database_url?"), "{words}");
}

#[test]
fn a_sound_configuration_is_said_to_be_one_and_nothing_is_made() {
    let (code, words, left) = alone(&["check-config"]);
    assert_eq!((code, words.trim(), left), (Some(0), "The configuration can be used.", 0));
}

#[test]
fn the_first_administrator_is_made_with_a_password_from_the_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let add = ["user", "add", "Kanri", "--name", "管理 太郎", "--role", "administrator"];
    let made = madoguchi(dir.path(), &add, "long enough to guess\n");
    assert_eq!((made.status.code(), said(&made).trim()), (Some(0), "kanri can sign in as administrator."));
    let again = madoguchi(dir.path(), &add, "long enough to guess\n");
    assert_eq!(said(&again).trim(), "madoguchi: there is a user with this login");
    assert_eq!(again.status.code(), Some(2));
    let list = madoguchi(dir.path(), &["user", "list"], "");
    assert_eq!(said(&list), "kanri\tadministrator\t管理 太郎\n");
    let passwd = madoguchi(dir.path(), &["user", "passwd", "kanri"], "too short\n");
    assert_eq!(said(&passwd).trim(), "madoguchi: a password has at least 10 characters");
    let passwd = madoguchi(dir.path(), &["user", "passwd", "kanri"], "another one of them\n");
    assert_eq!(passwd.status.code(), Some(0), "{}", said(&passwd));
}

#[test]
fn migrating_says_what_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let first = madoguchi(dir.path(), &["migrate"], "");
    assert!(said(&first).starts_with("The database was brought from schema version 0 to "), "{}", said(&first));
    let second = madoguchi(dir.path(), &["migrate"], "");
    assert!(said(&second).contains("already"), "{}", said(&second));
}

#[test]
fn the_demo_and_real_users_never_meet_in_one_database() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("one.db").display());
    let add = ["user", "add", "kanri", "--database-url", &url];
    assert_eq!(madoguchi(dir.path(), &add, "long enough to guess\n").status.code(), Some(0));
    let demo = ["serve", "--demo", "--listen", "127.0.0.1:0", "--database-url", &url];
    let refused = madoguchi(dir.path(), &demo, "");
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("real users"), "{}", said(&refused));
}
