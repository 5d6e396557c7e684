//! Whether an agent who is in a call sends audio: browsers send it without a pause while their microphone is open, also
//! of a silent room. Who sends none is gone, whatever the connection still believes.

use std::time::Duration;

/// How long a voice that was heard may be silent: longer than networks stall, and so that the customer hears the first
/// note of the comfort tone within a second.
const SILENT_AFTER: Duration = Duration::from_millis(800);
/// How long a microphone may take to open.
const SILENT_FROM_THE_START: Duration = Duration::from_secs(3);

/// What is known of one agent's voice in one call.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    /// When the agent was last heard, or was to be heard from then on.
    heard: Duration,
    spoke: bool,
    /// Since when nothing is heard of the agent.
    missing: Option<Duration>,
}

impl Attendance {
    /// A call, or another part of it, begins: the agent is given time to be heard.
    pub(super) fn begin(&mut self, now: Duration) {
        *self = Self { heard: now, spoke: false, missing: None };
    }

    /// Another connection begins. Whoever was missing is so until heard.
    pub(super) fn connect(&mut self, now: Duration) {
        self.heard = now;
        self.spoke = false;
    }

    /// The connection has gone.
    pub(super) fn leave(&mut self, now: Duration) {
        self.missing.get_or_insert(now);
    }

    /// Takes a packet of the agent's; says whether they are back by it.
    pub(super) fn on_packet(&mut self, now: Duration) -> bool {
        self.heard = now;
        self.spoke = true;
        self.missing.take().is_some()
    }

    /// Says once when the agent has become missing.
    pub(super) fn on_tick(&mut self, now: Duration) -> bool {
        let patience = if self.spoke { SILENT_AFTER } else { SILENT_FROM_THE_START };
        let begins = self.missing.is_none() && now.saturating_sub(self.heard) >= patience;
        if begins {
            self.missing = Some(now);
        }
        begins
    }

    /// Since when nothing is heard of the agent.
    pub(super) fn missing(&self) -> Option<Duration> {
        self.missing
    }
}
