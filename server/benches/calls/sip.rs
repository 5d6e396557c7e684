//! How many calls a second are set up and torn down, and how soon each INVITE is confirmed (100 Trying).
//!
//! sipp calls a queue nobody of which is there: each call is answered, recorded, hears music and is hung up. A rate
//! counts as carried where no call failed.

use std::path::Path;
use std::process::Stdio;

use server::clock::Clock;
use server::db::testing::TestDb;
use tokio::process::Command;

use crate::floor::{Floor, OURS, Plan, free_port};
use crate::{percentile, say, setting};

/// # Errors
/// What went wrong, in words.
pub(crate) async fn bench(arguments: &[String]) -> Result<(), String> {
    let rates: Result<Vec<u32>, _> =
        setting(arguments, "--rates", "25,50,100,200,400").split(',').map(str::parse).collect();
    let rates = rates.map_err(|_| "--rates needs numbers with commas")?;
    let seconds: u32 = setting(arguments, "--seconds", "5").parse().map_err(|_| "--seconds needs a number")?;
    let db = TestDb::sqlite().await;
    let floor = Floor::open_with(&db, Plan { max_calls: 1_000, ..Plan::default() }).await;
    let mut carried = None;
    for rate in rates {
        let outcome = load(&floor, rate, rate * seconds).await?;
        if outcome.failed > 0 {
            break;
        }
        carried = Some(outcome.a_second);
    }
    match carried {
        Some(rate) => say(&format!("carried without a failed call: {rate:.0} calls a second")),
        None => say("no rate was carried without a failed call"),
    }
    floor.close().await;
    Ok(())
}

struct Outcome {
    failed: u32,
    a_second: f64,
}

async fn load(floor: &Floor, rate: u32, calls: u32) -> Result<Outcome, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    // sipp writes beside its scenario, which is therefore not the one in the tree.
    let scenario = dir.path().join("up_and_down.xml");
    std::fs::write(&scenario, include_str!("up_and_down.xml")).map_err(|error| error.to_string())?;
    let clock = Clock::system();
    let began = clock.instant();
    let status = Command::new("sipp")
        .arg(floor.sip_address().to_string())
        .arg("-sf")
        .arg(scenario)
        .args(["-i", "127.0.0.1", "-p", &floor.peer_port.to_string(), "-t", "u1", "-nostdin"])
        .args(["-key", "dialled", OURS, "-key", "caller", "09012345678"])
        .args(["-key", "audio_port", &free_port().to_string()])
        .args(["-r", &rate.to_string(), "-m", &calls.to_string(), "-l", "4000", "-timeout", "60s"])
        .args(["-trace_rtt", "-rtt_freq", "1", "-trace_stat", "-stf", "stat.csv"])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| format!("sipp (Debian: `apt install sip-tester`): {error}"))?;
    let took = clock.instant().saturating_duration_since(began).as_secs_f64();
    let (good, failed) = counted(&dir.path().join("stat.csv"))?;
    let mut delays = confirmed(dir.path())?;
    let a_second = f64::from(good) / took;
    say(&format!(
        "{rate:4} calls a second asked: {failed} of {calls} failed; {a_second:.1} a second done; INVITE to 100: \
         p50 {:.2} p99 {:.2} most {:.2} ms ({status})",
        percentile(&mut delays, 0.5),
        percentile(&mut delays, 0.99),
        percentile(&mut delays, 1.0),
    ));
    floor.calls.idle().await;
    Ok(Outcome { failed: failed + (calls - (good + failed).min(calls)), a_second })
}

/// Calls that went well, and those that failed, by sipp's last line of statistics.
fn counted(file: &Path) -> Result<(u32, u32), String> {
    let csv = std::fs::read_to_string(file).map_err(|error| format!("sipp's statistics: {error}"))?;
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
    let last: Vec<&str> = lines.next_back().unwrap_or_default().split(';').collect();
    let of = |name: &str| {
        let place = names.iter().position(|known| *known == name)?;
        last.get(place)?.parse().ok()
    };
    of("SuccessfulCall(C)").zip(of("FailedCall(C)")).ok_or_else(|| "sipp's statistics cannot be read".to_owned())
}

/// Every delay that sipp took, in milliseconds.
fn confirmed(dir: &Path) -> Result<Vec<f64>, String> {
    let mut delays = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| error.to_string())?.flatten() {
        if entry.file_name().to_string_lossy().ends_with("_rtt.csv") {
            let csv = std::fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
            delays.extend(csv.lines().skip(1).filter_map(|line| line.split(';').nth(1)?.parse::<f64>().ok()));
        }
    }
    Ok(delays)
}
