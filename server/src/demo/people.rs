//! Who is in the demo. Their passwords are public by design, which is why they are never in a real database.

use domain::ids::UserId;
use domain::roles::Role;
use uuid::Uuid;
use wire::session::DemoAccount;

/// Everybody's password.
const PASSWORD: &str = "madoguchi-demo";

/// A person of the demo.
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) login: &'static str,
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) extension: Option<&'static str>,
}

pub(super) const SATO: Person = agent(1, "sato", "佐藤 美咲", Some("1001"));
pub(super) const SUZUKI: Person = agent(2, "suzuki", "鈴木 健", Some("1002"));
pub(super) const TAKAHASHI: Person = agent(3, "takahashi", "高橋 葵", Some("1003"));
/// Shows what happens without an extension (S1).
pub(super) const ITO: Person = agent(4, "ito", "伊藤 蓮", None);
pub(super) const TANAKA: Person =
    Person { id: user(5), login: "tanaka", name: "田中 陽子", role: Role::Supervisor, extension: None };
pub(super) const ADMINISTRATOR: Person =
    Person { id: user(6), login: "admin", name: "山本 直樹", role: Role::Administrator, extension: None };

/// Everybody, in the order in which the sign-in page offers them.
pub(super) const EVERYBODY: [&Person; 6] = [&SATO, &SUZUKI, &TAKAHASHI, &ITO, &TANAKA, &ADMINISTRATOR];

const fn agent(n: u128, login: &'static str, name: &'static str, extension: Option<&'static str>) -> Person {
    Person { id: user(n), login, name, role: Role::Agent, extension }
}

const fn user(n: u128) -> UserId {
    UserId(id(0x100 + n))
}

/// Ids of the demo are the same in every database, so that starting again finds them.
pub(super) const fn id(n: u128) -> Uuid {
    // A version 8 UUID (RFC 9562 §5.8).
    Uuid::from_u128(0x6d61_646f_6775_8000_8000_0000_0000_0000 | n)
}

/// Tells whoever started the demo where to go, in the log of the start. The passwords are public by design.
pub fn announce(origin: &str) {
    for DemoAccount { login, password, role, .. } in accounts() {
        tracing::info!(login, password, role = role.as_str(), "a demo account");
    }
    tracing::info!(page = format!("{origin}/demo"), "the customer's phone");
}

/// The accounts for the sign-in page.
pub fn accounts() -> Vec<DemoAccount> {
    let account = |person: &&Person| DemoAccount {
        login: person.login.to_owned(),
        password: PASSWORD.to_owned(),
        name: person.name.to_owned(),
        role: person.role,
    };
    EVERYBODY.iter().map(account).collect()
}

impl Person {
    pub(super) fn as_user(&self) -> wire::settings::User {
        wire::settings::User {
            version: 0,
            id: self.id,
            login: self.login.to_owned(),
            name: self.name.to_owned(),
            role: self.role,
            active: true,
            password: Some(PASSWORD.to_owned()),
        }
    }
}
