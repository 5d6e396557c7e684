//! `madoguchi user …`.

use std::io::{self, BufRead, IsTerminal};

use super::args::UserCommand;
use super::{Failure, say};
use crate::clock::Clock;
use crate::db::Db;
use crate::session::{Hasher, NewUser, UserFault, add_user, all_users, set_password};

pub(super) async fn run(command: UserCommand, db: &Db, clock: &Clock) -> Result<(), Failure> {
    match command {
        UserCommand::Add { login, name, role } => {
            let name = name.unwrap_or_else(|| login.clone());
            let new = NewUser { login, name, role, password: password()?, demo: false };
            let user = add_user(db, &hasher()?, clock.now(), new).await?;
            say(&format!("{} can sign in as {}.", user.login, user.role.as_str()))
        }
        UserCommand::Passwd { login } => {
            let user = set_password(db, &hasher()?, clock.now(), &login, password()?).await?;
            say(&format!("{} has another password; all sessions of this user have ended.", user.login))
        }
        UserCommand::List => {
            for user in all_users(db).await? {
                let state = if user.active { "" } else { "\tdisabled" };
                say(&format!("{}\t{}\t{}{state}", user.login, user.role.as_str(), user.name))?;
            }
            Ok(())
        }
    }
}

impl From<UserFault> for Failure {
    fn from(fault: UserFault) -> Self {
        match fault {
            UserFault::Login | UserFault::Name | UserFault::Taken | UserFault::Unknown | UserFault::Password(_) => {
                Self::setting(fault)
            }
            UserFault::Busy | UserFault::Db(_) => Self::on_the_way(fault),
        }
    }
}

fn hasher() -> Result<Hasher, Failure> {
    Hasher::new().map_err(Failure::on_the_way)
}

/// Asks twice on a terminal; otherwise the first line of the standard input, so that a script can pipe it in.
fn password() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ").map_err(Failure::on_the_way)?;
        let again = rpassword::prompt_password("Again: ").map_err(Failure::on_the_way)?;
        return if first == again { Ok(first) } else { Err(Failure::setting("the two passwords differ")) };
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::on_the_way)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
