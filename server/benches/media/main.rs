//! The media gateway's speed beside rtpengine's: the same calls through both, in turn, in one run (`make bench-media`).
//!
//! The gateway runs as the product runs it, statistics, reports and latching on, in a process of its own: this same
//! program, started again. Loss is printed before speed, for speed that loses packets is none.
//!
//! Settings: `--calls 50,100,200`, `--rounds 3`, `--window 20` and `--warm-up 3` (seconds), `--only gateway` or
//! `--only rtpengine`, `--rtpengine PATH`.

mod figures;
mod gateway;

use std::process::ExitCode;
use std::time::Duration;

use testkit::load::rtpengine::Rtpengine;
use testkit::load::{self, LoadError, Measured, Plan};

use figures::Figures;
use gateway::Ours;

/// Which gateway a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Ours,
    Rtpengine,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "gateway",
            Self::Rtpengine => "rtpengine",
        }
    }
}

struct Settings {
    calls: Vec<usize>,
    rounds: usize,
    window: Duration,
    warm_up: Duration,
    systems: Vec<System>,
    rtpengine: String,
}

/// Away from what a machine hands out by itself, and from rtpengine's own default.
const CONTROL: u16 = 22_322;
const PORTS: (u16, u16) = (24_000, 27_999);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == gateway::CHILD) {
        return gateway::serve();
    }
    let done = Settings::read(&arguments).and_then(|settings| bench(&settings).map_err(|error| error.to_string()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut settings = Self {
            calls: vec![50, 100, 200],
            rounds: 3,
            window: Duration::from_secs(20),
            warm_up: Duration::from_secs(3),
            systems: vec![System::Ours, System::Rtpengine],
            rtpengine: "rtpengine".to_owned(),
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            // What `cargo bench` adds.
            if name == "--bench" {
                continue;
            }
            let value = arguments.next().ok_or(format!("{name} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{name} needs a number, not {value}"));
            match name.as_str() {
                "--calls" => {
                    let calls: Result<_, _> = value.split(',').map(str::parse).collect();
                    settings.calls = calls.map_err(|_| format!("--calls needs numbers with commas, not {value}"))?;
                }
                "--rounds" => settings.rounds = usize::try_from(number()?).unwrap_or(1),
                "--window" => settings.window = Duration::from_secs(number()?),
                "--warm-up" => settings.warm_up = Duration::from_secs(number()?),
                "--only" if value == System::Ours.name() => settings.systems = vec![System::Ours],
                "--only" if value == System::Rtpengine.name() => settings.systems = vec![System::Rtpengine],
                "--rtpengine" => settings.rtpengine.clone_from(value),
                _ => return Err(format!("no such setting: {name} {value}")),
            }
        }
        Ok(settings)
    }
}

fn bench(settings: &Settings) -> Result<(), LoadError> {
    for calls in &settings.calls {
        let mut figures: Vec<(System, Figures)> =
            settings.systems.iter().map(|system| (*system, Figures::default())).collect();
        for round in 0..settings.rounds {
            let plan = Plan { calls: *calls, warm_up: settings.warm_up, window: settings.window };
            // Who goes first changes from round to round, so that what else the machine does falls on both.
            let order: Vec<usize> =
                if round.is_multiple_of(2) { (0..figures.len()).collect() } else { (0..figures.len()).rev().collect() };
            for nth in order {
                let Some((system, figures)) = figures.get_mut(nth) else { continue };
                let measured = run(*system, &plan, settings)?;
                figures.add(system.name(), round, measured);
            }
        }
        for (system, figures) in &figures {
            figures.print_median(system.name(), *calls);
        }
        if let [(_, ours), (_, theirs)] = figures.as_slice() {
            figures::compare(ours, theirs, *calls);
        }
    }
    Ok(())
}

fn run(system: System, plan: &Plan, settings: &Settings) -> Result<Measured, LoadError> {
    match system {
        System::Ours => load::run(&mut Ours::start(PORTS)?, plan),
        System::Rtpengine => load::run(&mut Rtpengine::start(&settings.rtpengine, CONTROL, PORTS)?, plan),
    }
}
