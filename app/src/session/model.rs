//! Who uses this tab.

use domain::ids::UserId;
use domain::roles::Permission;
use wire::ApiError;
use wire::session::Me;

/// Who uses this tab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Session {
    /// The server is being asked.
    #[default]
    Asking,
    /// It could not be asked; the page tries again.
    Unreachable {
        /// What happened.
        why: ApiError,
    },
    /// Nobody.
    SignedOut,
    /// Signed in.
    SignedIn {
        /// Who.
        me: Me,
    },
    /// The session ended while the desk was in use: the desk stays as it is, unseen, until the same user signs in.
    Expired {
        /// Who it was.
        me: Me,
    },
}

impl Session {
    /// The server's answer to "who am I?".
    pub(crate) fn answered(&mut self, answer: Result<Me, ApiError>) {
        match answer {
            Ok(me) => *self = Self::SignedIn { me },
            Err(ApiError::SignedOut) => self.lost(),
            Err(why) => {
                if matches!(self, Self::Asking | Self::Unreachable { .. }) {
                    *self = Self::Unreachable { why };
                }
            }
        }
    }

    /// The server no longer knows this session.
    pub(crate) fn lost(&mut self) {
        *self = match core::mem::take(self) {
            Self::SignedIn { me } | Self::Expired { me } => Self::Expired { me },
            Self::Asking | Self::Unreachable { .. } | Self::SignedOut => Self::SignedOut,
        };
    }

    /// The user signed out on purpose: nothing is kept.
    pub(crate) fn left(&mut self) {
        *self = Self::SignedOut;
    }

    /// The user as the server now describes them.
    pub(crate) fn changed(&mut self, now: Me) {
        if let Self::SignedIn { me } = self {
            *me = now;
        }
    }

    /// Whose desk is in the page, seen or unseen.
    pub(crate) fn desk_of(&self) -> Option<UserId> {
        match self {
            Self::SignedIn { me } | Self::Expired { me } => Some(me.user),
            Self::Asking | Self::Unreachable { .. } | Self::SignedOut => None,
        }
    }

    /// The signed-in user.
    pub(crate) fn me(&self) -> Option<&Me> {
        match self {
            Self::SignedIn { me } | Self::Expired { me } => Some(me),
            Self::Asking | Self::Unreachable { .. } | Self::SignedOut => None,
        }
    }

    /// Whether the sign-in page is to be shown.
    pub(crate) fn wants_sign_in(&self) -> bool {
        match self {
            Self::SignedOut | Self::Expired { .. } => true,
            Self::Asking | Self::Unreachable { .. } | Self::SignedIn { .. } => false,
        }
    }

    /// Whether the user may do it; menus show only what is permitted, the server decides.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.me().is_some_and(|me| me.role.may(permission))
    }
}

#[cfg(test)]
mod tests {
    use domain::roles::Role;

    use super::*;

    fn me(name: &str) -> Me {
        Me {
            user: UserId(uuid::Uuid::from_u128(7)),
            login: name.to_owned(),
            name: name.to_owned(),
            role: Role::Agent,
            extension: None,
        }
    }

    #[test]
    fn an_expired_session_keeps_the_desk_and_asks_to_sign_in() {
        let mut session = Session::default();
        session.answered(Ok(me("sato")));
        session.lost();
        assert!(session.wants_sign_in());
        assert_eq!(session.desk_of(), Some(me("sato").user));
        session.answered(Ok(me("sato")));
        assert!(!session.wants_sign_in());
    }

    #[test]
    fn signing_out_keeps_nothing() {
        let mut session = Session::default();
        session.answered(Ok(me("sato")));
        session.left();
        assert_eq!(session, Session::SignedOut);
        assert_eq!(session.desk_of(), None);
    }

    #[test]
    fn a_failed_question_changes_nothing_for_who_is_signed_in() {
        let mut session = Session::default();
        session.answered(Err(ApiError::Offline));
        assert_eq!(session, Session::Unreachable { why: ApiError::Offline });
        session.answered(Ok(me("sato")));
        session.answered(Err(ApiError::Server));
        assert_eq!(session.me(), Some(&me("sato")));
    }
}
