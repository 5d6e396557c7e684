//! The handle of a phone.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::carrier::{Act, Command};
use crate::ear::{Ear, Heard};
use crate::line::Line;
use crate::sound::Sound;

/// What a phone is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PhoneState {
    /// Nothing.
    #[default]
    Idle,
    /// It calls somebody.
    Calling {
        /// Since when.
        since: Instant,
        /// Whether it rings there.
        ringing: bool,
    },
    /// Somebody calls it.
    Ringing {
        /// The number shown; empty when withheld.
        from: String,
        /// The number dialled.
        to: String,
        /// Since when.
        since: Instant,
    },
    /// Both are connected.
    Talking {
        /// Since when.
        since: Instant,
    },
}

/// What a phone shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is doing.
    pub state: PhoneState,
    /// How the last call ended, in SIP's words: `486 Busy Here`, `BYE`, `CANCEL`.
    pub last_end: Option<String>,
}

/// The phone cannot do this now: it is in a call already, in none, or switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the phone cannot do this now")]
pub struct Busy;

/// A phone behind a [`Carrier`](crate::Carrier), cheap to clone: clones are the same phone.
#[derive(Clone, Debug)]
pub struct Phone {
    line: Arc<Line>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Phone {
    pub(crate) fn new(line: Arc<Line>, commands: mpsc::UnboundedSender<Command>) -> Self {
        Self { line, commands }
    }

    /// Calls a number of the desk from any number; an empty `from` withholds it. What follows is in the state.
    ///
    /// # Errors
    /// A call is going on.
    pub async fn call(&self, from: &str, to: &str) -> Result<(), Busy> {
        self.act(Act::Call { from: from.to_owned(), to: to.to_owned() }).await
    }

    /// Takes the call that rings.
    ///
    /// # Errors
    /// None rings.
    pub async fn answer(&self) -> Result<(), Busy> {
        self.act(Act::Answer).await
    }

    /// Refuses the call that rings, with a status of 300 to 699 (RFC 3261 §21).
    ///
    /// # Errors
    /// None rings.
    pub async fn refuse(&self, status: u16) -> Result<(), Busy> {
        self.act(Act::Refuse(status)).await
    }

    /// Hangs up, gives up, or refuses.
    ///
    /// # Errors
    /// There is no call.
    pub async fn hang_up(&self) -> Result<(), Busy> {
        self.act(Act::HangUp).await
    }

    async fn act(&self, act: Act) -> Result<(), Busy> {
        let (reply, done) = oneshot::channel();
        self.commands.send(Command::Act { line: self.line.id, act, reply }).map_err(|_| Busy)?;
        done.await.map_err(|_| Busy)?
    }

    /// Says this from now on, from its beginning, in this call and the next ones.
    pub fn say(&self, sound: Sound) {
        self.line.say(sound);
    }

    /// What it shows now.
    pub fn snapshot(&self) -> Snapshot {
        self.line.state.borrow().clone()
    }

    /// What it shows, to be waited on.
    pub fn watch(&self) -> watch::Receiver<Snapshot> {
        self.line.state.subscribe()
    }

    /// Waits until it shows something that is wanted.
    pub async fn until(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut state = self.watch();
        // The line, and with it the sender, is held by this handle: the wait ends by being fulfilled.
        match state.wait_for(|snapshot| wanted(snapshot)).await {
            Ok(found) => found.clone(),
            Err(_) => self.snapshot(),
        }
    }

    /// What the ear makes of the last seconds. Takes some milliseconds of computing.
    pub fn hears(&self, ear: &Ear) -> Heard {
        ear.judge(&self.line.recent())
    }

    /// Everything that came in since this was last asked, at 8 kHz, sample after sample as packets brought them; at
    /// most ten minutes.
    pub fn take_received(&self) -> Vec<i16> {
        self.line.take(0).unwrap_or_default()
    }

    /// Waits until at least so much has come in from now on, and takes it out.
    pub async fn listen(&self, milliseconds: u32) -> Vec<i16> {
        let wanted = crate::sound::samples(usize::try_from(milliseconds).unwrap_or(0));
        drop(self.take_received());
        loop {
            let came = self.line.came.notified();
            if let Some(sound) = self.line.take(wanted) {
                return sound;
            }
            came.await;
        }
    }
}
