//! How quickly calls are answered (`make bench-answer`) and set up (`make bench-sip`), through everything that a call
//! goes through in the server: SIP, routing, calls, database (SQLite) and the media gateway, on loopback.
//!
//! Settings: `answer` or `sip`, then for `answer` `--calls 50`; for `sip` `--rates 25,50,100,200,400` (calls a second) and
//! `--seconds 5` for each.

mod answer;
#[path = "../../tests/telephony/customer.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "shared with the tests, where a failure is a panic"
)]
mod customer;
#[path = "../../tests/telephony/floor.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "shared with the tests, where a failure is a panic"
)]
mod floor;
#[path = "../../tests/gateway_peers/mod.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "shared with the tests, where a failure is a panic"
)]
mod peers;
mod sip;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = match arguments.split_first() {
        Some((what, rest)) if what == "answer" => runtime.block_on(answer::bench(rest)),
        Some((what, rest)) if what == "sip" => runtime.block_on(sip::bench(rest)),
        Some(_) | None => Err("say `answer` or `sip`".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The value of `--name`, or what is used without.
fn setting<'a>(arguments: &'a [String], name: &str, usual: &'a str) -> &'a str {
    let place = arguments.iter().position(|argument| argument == name);
    place.and_then(|place| arguments.get(place + 1)).map_or(usual, String::as_str)
}

/// The delay that `share` (0–1) of all do not exceed, in milliseconds.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a short list"
)]
fn percentile(delays: &mut [f64], share: f64) -> f64 {
    delays.sort_by(f64::total_cmp);
    let place = (share * delays.len().saturating_sub(1) as f64).ceil() as usize;
    delays.get(place).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "a bench's figures are what it is for")]
fn say(line: &str) {
    println!("{line}");
}
