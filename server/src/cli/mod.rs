//! The command line: `serve`, `user add|passwd|list`, `migrate`, `check-config`.
//!
//! Every setting is a flag too, made from the one table of settings. What is wrong is said on the standard error in a
//! sentence that names what to change; exit code 2 means that nothing was started because of a setting or an argument,
//! 1 that something failed on the way.

mod args;
mod users;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use self::args::{Command, Invocation};
use crate::clock::Clock;
use crate::config::{Config, load};
use crate::db::{Db, DbError};
use crate::startup::{self, StartError};

/// Why a command ended without having done its work.
#[derive(Debug)]
struct Failure {
    error: Box<dyn Error + Send + Sync>,
    code: u8,
}

impl Failure {
    fn setting(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { error: error.into(), code: 2 }
    }

    fn on_the_way(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { error: error.into(), code: 1 }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        if error.is_a_setting() { Self::setting(error) } else { Self::on_the_way(error) }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        StartError::from(error).into()
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Invocation { command, sources } = match args::read(std::env::args_os(), std::env::vars()) {
        Ok(invocation) => invocation,
        // clap's own: help and version on the standard output with 0, mistakes on the standard error with 2.
        Err(error) => {
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = load(&sources).map_err(Failure::setting).and_then(|config| run(command, config));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { error, code }) => {
            // Nobody is left to tell if even this cannot be written.
            writeln!(io::stderr(), "madoguchi: {error}").ok();
            ExitCode::from(code)
        }
    }
}

fn run(command: Command, config: Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::on_the_way)?;
    runtime.block_on(async {
        match command {
            Command::Serve => Ok(startup::serve(config, Clock::system()).await?),
            Command::CheckConfig => {
                startup::check(&config)?;
                say("The configuration can be used.")
            }
            Command::Migrate => {
                let db = open(&config).await?;
                let applied = db.migrate().await?;
                db.close().await;
                say(&if applied.from == applied.to {
                    format!("The database has schema version {} already.", applied.to)
                } else {
                    format!("The database was brought from schema version {} to {}.", applied.from, applied.to)
                })
            }
            Command::User(command) => {
                let db = open(&config).await?;
                db.migrate().await?;
                let done = users::run(command, &db, &Clock::system()).await;
                db.close().await;
                done
            }
        }
    })
}

async fn open(config: &Config) -> Result<Db, Failure> {
    startup::make_data_dir(config)?;
    Ok(Db::connect(&config.database()).await?)
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}").map_err(Failure::on_the_way)
}
