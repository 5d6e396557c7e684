//! What a user may do, decided in the server's ports and mirrored by the desk's menus.

use serde::{Deserialize, Serialize};

/// The three roles; each includes what the one before may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// オペレーター: works at the desk.
    Agent,
    /// スーパーバイザー: watches and helps.
    Supervisor,
    /// 管理者: sets the product up.
    Administrator,
}

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Use the softphone and see one's own calls.
    WorkAtDesk,
    /// See everybody's calls.
    SeeAllCalls,
    /// Take records out of the house as a file, and bring them in.
    MoveRecords,
    /// Merge two customers into one, and erase a customer.
    MergeAndErase,
    /// Change settings: users, extensions, trunks, numbers, queues.
    Administer,
}

impl Role {
    /// Whether this role carries the permission.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::WorkAtDesk => true,
            Permission::SeeAllCalls | Permission::MoveRecords | Permission::MergeAndErase => self >= Self::Supervisor,
            Permission::Administer => self >= Self::Administrator,
        }
    }

    /// The stable name used in the database, the API and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Agent, Self::Supervisor, Self::Administrator].into_iter().find(|role| role.as_str() == name)
    }
}
