//! Who uses this tab, as the views read it.

use domain::ids::UserId;
use domain::roles::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::session::Me;

use super::model::Session;

/// Who uses this tab.
#[derive(Clone, Copy)]
pub(crate) struct SessionStore(RwSignal<Session>);

impl SessionStore {
    /// Nobody has been asked yet.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Session::Asking))
    }

    /// Asks the server who is signed in.
    pub(crate) fn ask(self) {
        spawn_local(async move {
            let answer = wire::session::me().await;
            self.0.update(|session| session.answered(answer));
        });
    }

    /// The whole state.
    pub(crate) fn get(self) -> Session {
        self.0.get()
    }

    /// The user whose session is good now.
    pub(crate) fn signed_in(self) -> Option<UserId> {
        self.0.with(|session| match session {
            Session::SignedIn { me } => Some(me.user),
            Session::Asking | Session::Unreachable { .. } | Session::SignedOut | Session::Expired { .. } => None,
        })
    }

    /// The user on whose desk we are.
    pub(crate) fn me(self) -> Option<Me> {
        self.0.with(|session| session.me().cloned())
    }

    /// The user on whose desk we are, outside of views.
    pub(crate) fn me_untracked(self) -> Option<Me> {
        self.0.with_untracked(|session| session.me().cloned())
    }

    /// Whose desk is in the page, seen or unseen.
    pub(crate) fn desk_of(self) -> Option<UserId> {
        self.0.with(Session::desk_of)
    }

    /// Whether the sign-in page is to be shown.
    pub(crate) fn wants_sign_in(self) -> bool {
        self.0.with(Session::wants_sign_in)
    }

    /// Whether the user may do it.
    pub(crate) fn may(self, permission: Permission) -> bool {
        self.0.with(|session| session.may(permission))
    }

    /// Somebody signed in.
    pub(crate) fn entered(self, me: Me) {
        self.0.set(Session::SignedIn { me });
    }

    /// The user signed out on purpose.
    pub(crate) fn left(self) {
        self.0.update(Session::left);
    }

    /// The server no longer knows the session.
    pub(crate) fn lost(self) {
        self.0.update(Session::lost);
    }

    /// The server describes the user anew.
    pub(crate) fn changed(self, me: Me) {
        if self.0.with_untracked(|session| session.me() != Some(&me)) {
            self.0.update(|session| session.changed(me));
        }
    }
}
