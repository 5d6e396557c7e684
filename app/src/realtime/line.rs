//! Whether the tab hears the server, for the strip and for every control that needs it.

use leptos::prelude::*;

/// The socket, as the agent should know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nobody is signed in: no socket is wanted.
    #[default]
    Off,
    /// The first connection is being made: nothing is shown yet, nothing has been lost.
    Connecting,
    /// Events arrive.
    Up,
    /// It was up, and is being made anew.
    Cut,
    /// The server ended it because the user has too many tabs; it is not made anew by itself.
    TooManyTabs,
}

/// The line as the views read it.
#[derive(Clone, Copy)]
pub(crate) struct LineStore(RwSignal<Line>);

impl LineStore {
    /// With no line yet.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Line::Off))
    }

    /// The line now.
    pub(crate) fn get(self) -> Line {
        self.0.get()
    }

    /// Whether what the agent presses can reach the server.
    pub(crate) fn is_up(self) -> bool {
        self.0.get() == Line::Up
    }

    /// The same, not followed.
    pub(crate) fn is_up_untracked(self) -> bool {
        self.0.get_untracked() == Line::Up
    }

    pub(super) fn set(self, line: Line) {
        if self.0.get_untracked() != line {
            self.0.set(line);
        }
    }

    /// The line is lost: shown only if it was there before.
    pub(super) fn lost(self) {
        match self.0.get_untracked() {
            Line::Off | Line::Connecting => self.set(Line::Connecting),
            Line::Up | Line::Cut => self.set(Line::Cut),
            Line::TooManyTabs => {}
        }
    }
}
