//! What was typed: the command, and where its settings come from.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Str;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use domain::roles::Role;

use crate::config::{SETTINGS, Sources};

/// A contact-centre desk in one browser tab and one server binary.
#[derive(Debug, Parser)]
#[command(name = "madoguchi", version, about, disable_help_subcommand = true)]
struct Cli {
    /// The TOML file with the settings; also `MADOGUCHI_CONFIG`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs the server until it is told to stop.
    Serve,
    /// Makes, changes and lists the people who can sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Brings the database's schema up to this program's version.
    Migrate,
    /// Reads all settings and says what is wrong with them, without starting anything.
    CheckConfig,
}

/// What to do about users. Passwords are asked for, or read from the standard input; never taken from the command
/// line, where others could read them.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Makes a user; the first administrator is made this way.
    Add {
        /// What they type to sign in.
        login: String,
        /// What others see; without it the login.
        #[arg(long)]
        name: Option<String>,
        /// agent, supervisor or administrator.
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
    },
    /// Gives a user another password and ends all their sessions.
    Passwd {
        /// Whose.
        login: String,
    },
    /// Lists everybody.
    List,
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("a role is agent, supervisor or administrator")
}

/// What was typed.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) command: Command,
    pub(super) sources: Sources,
}

/// Reads arguments and environment.
///
/// # Errors
/// clap's, ready to be printed.
pub(super) fn read(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Invocation, clap::Error> {
    let matches = with_settings(Cli::command()).try_get_matches_from(arguments)?;
    let flags = flags(&matches);
    let Cli { config, command } = Cli::from_arg_matches(&matches)?;
    let environment = environment.into_iter().filter(|(name, _)| name.starts_with("MADOGUCHI_")).collect();
    Ok(Invocation { command, sources: Sources { file: config, environment, flags } })
}

fn with_settings(command: clap::Command) -> clap::Command {
    command.args(SETTINGS.iter().map(|setting| {
        let arg = Arg::new(setting.key)
            .long(Str::from(setting.key.replace('_', "-")))
            .global(true)
            .value_name(if setting.unit.is_empty() { "VALUE" } else { setting.unit })
            .help(setting.doc.trim())
            .help_heading("Settings (docs/configuration.md)");
        if (setting.allowed)() == "true or false" {
            arg.num_args(0..=1).require_equals(true).default_missing_value("true")
        } else {
            arg
        }
    }))
}

/// The flags that were given, wherever they stand: before or behind the command.
fn flags(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    let mut deepest = matches;
    while let Some((_, below)) = deepest.subcommand() {
        deepest = below;
    }
    let given = |key| deepest.get_one::<String>(key).map(|value| (key, value.clone()));
    SETTINGS.iter().filter_map(|setting| given(setting.key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &str) -> Result<Invocation, clap::Error> {
        read(words.split(' ').map(OsString::from), [])
    }

    #[test]
    fn a_setting_is_a_flag_before_and_behind_the_command() {
        for words in
            ["madoguchi --drain-limit-seconds 30 --demo serve", "madoguchi serve --demo --drain-limit-seconds 30"]
        {
            let flags = read_words(words).unwrap().sources.flags;
            assert_eq!(flags, [("drain_limit_seconds", "30".to_owned()), ("demo", "true".to_owned())], "{words}");
        }
    }

    #[test]
    fn a_password_is_no_argument() {
        assert!(read_words("madoguchi user add hanako --password secret").is_err());
        assert!(read_words("madoguchi user add hanako secret").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        with_settings(Cli::command()).debug_assert();
    }
}
