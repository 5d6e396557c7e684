//! From which session each agent's audio was connected, and is being connected: it ends with its session, at whatever
//! moment that ends.

use std::collections::HashMap;

use domain::ids::UserId;

/// The sessions by which agents are heard.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    heard: HashMap<UserId, String>,
    /// Connections that are being made, by number.
    coming: HashMap<u64, (UserId, String)>,
    next: u64,
}

/// A connection that is being made.
#[derive(Debug)]
pub(in crate::telephony) struct Coming(u64);

impl Speakers {
    /// A connection is to be made from this session. Said before anything is waited for.
    pub(super) fn comes(&mut self, user: UserId, session: String) -> Coming {
        self.next += 1;
        self.coming.insert(self.next, (user, session));
        Coming(self.next)
    }

    /// It stands, and is the agent's from now on. `false`: its session has ended meanwhile.
    #[must_use]
    pub(super) fn has_come(&mut self, coming: &Coming) -> bool {
        let Some((user, session)) = self.coming.remove(&coming.0) else { return false };
        self.heard.insert(user, session);
        true
    }

    /// It will not be made.
    pub(super) fn stays_away(&mut self, coming: &Coming) {
        self.coming.remove(&coming.0);
    }

    /// These sessions of the user have ended. Says whether the agent is heard by one of them.
    #[must_use]
    pub(super) fn ended(&mut self, user: UserId, which: impl Fn(&str) -> bool) -> bool {
        self.coming.retain(|_, (who, session)| *who != user || !which(session));
        self.heard.remove(&user).is_some_and(|session| {
            let theirs = which(&session);
            if !theirs {
                self.heard.insert(user, session);
            }
            theirs
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: UserId = UserId(uuid::Uuid::from_u128(1));

    #[test]
    fn who_is_heard_by_a_session_that_ends_is_heard_no_longer() {
        let mut speakers = Speakers::default();
        let coming = speakers.comes(USER, "a".to_owned());
        assert!(speakers.has_come(&coming));
        assert!(!speakers.ended(USER, |session| session == "b"), "another session's end is none of theirs");
        assert!(!speakers.ended(UserId(uuid::Uuid::from_u128(2)), |_| true));
        assert!(speakers.ended(USER, |session| session == "a"));
        assert!(!speakers.ended(USER, |_| true), "once");
    }

    #[test]
    fn a_session_that_ends_while_its_audio_comes_up_leaves_nobody_heard() {
        let mut speakers = Speakers::default();
        let coming = speakers.comes(USER, "a".to_owned());
        assert!(!speakers.ended(USER, |session| session == "a"), "nobody is heard yet");
        assert!(!speakers.has_come(&coming), "nor from then on");
    }

    #[test]
    fn the_connection_before_ends_with_its_own_session_while_the_next_one_comes_up() {
        let mut speakers = Speakers::default();
        let old = speakers.comes(USER, "a".to_owned());
        assert!(speakers.has_come(&old));
        let new = speakers.comes(USER, "b".to_owned());
        assert!(speakers.ended(USER, |session| session == "a"));
        assert!(speakers.has_come(&new), "the next one holds");
        let refused = speakers.comes(USER, "c".to_owned());
        speakers.stays_away(&refused);
        assert!(speakers.ended(USER, |session| session == "b"), "one that did not come about changes nothing");
    }
}
