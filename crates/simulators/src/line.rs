//! What a phone's handle and the carrier's tasks share.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use media::FRAME;
use tokio::sync::{Notify, watch};

use crate::ear::MEMORY;
use crate::phone::Snapshot;
use crate::sound::{Sound, samples};

/// How much of what came in is kept for tests by ear: ten minutes.
const RECORDED: usize = samples(600_000);

/// One phone's line.
#[derive(Debug)]
pub(crate) struct Line {
    /// Names the line among its carrier's.
    pub(crate) id: u64,
    /// Digits of its number; none: it takes every number that no other line has.
    pub(crate) number: Option<String>,
    pub(crate) state: watch::Sender<Snapshot>,
    pub(crate) came: Notify,
    mouth: Mutex<Mouth>,
    earpiece: Mutex<Earpiece>,
}

#[derive(Debug, Default)]
struct Mouth {
    sound: Sound,
    position: u64,
}

#[derive(Debug, Default)]
struct Earpiece {
    /// What an ear judges by: with the silence of missing packets, and the phone's own ringback.
    recent: VecDeque<i16>,
    /// What truly came in, sample after sample.
    recorded: VecDeque<i16>,
}

impl Line {
    pub(crate) fn new(id: u64, number: Option<String>) -> Self {
        Self {
            id,
            number,
            state: watch::Sender::new(Snapshot::default()),
            came: Notify::new(),
            mouth: Mutex::default(),
            earpiece: Mutex::default(),
        }
    }

    pub(crate) fn say(&self, sound: Sound) {
        *lock(&self.mouth) = Mouth { sound, position: 0 };
    }

    /// The next 20 ms to be sent.
    pub(crate) fn next_frame(&self) -> [i16; FRAME] {
        let mut mouth = lock(&self.mouth);
        let frame = mouth.sound.frame(mouth.position);
        mouth.position += FRAME as u64;
        frame
    }

    /// Sound came in.
    pub(crate) fn heard(&self, sound: &[i16]) {
        {
            let mut earpiece = lock(&self.earpiece);
            append(&mut earpiece.recent, sound, MEMORY);
            append(&mut earpiece.recorded, sound, RECORDED);
        }
        self.came.notify_waiters();
    }

    /// Nothing came in for a while; the earpiece gave this instead.
    pub(crate) fn filled(&self, sound: &[i16]) {
        append(&mut lock(&self.earpiece).recent, sound, MEMORY);
    }

    /// A call begins or has ended: the ear forgets.
    pub(crate) fn hush(&self) {
        lock(&self.earpiece).recent.clear();
    }

    pub(crate) fn recent(&self) -> Vec<i16> {
        lock(&self.earpiece).recent.iter().copied().collect()
    }

    /// Takes out what was recorded, if it is as long as that.
    pub(crate) fn take(&self, at_least: usize) -> Option<Vec<i16>> {
        let mut earpiece = lock(&self.earpiece);
        (earpiece.recorded.len() >= at_least).then(|| earpiece.recorded.drain(..).collect())
    }
}

fn append(to: &mut VecDeque<i16>, sound: &[i16], most: usize) {
    to.extend(sound);
    let excess = to.len().saturating_sub(most);
    to.drain(..excess);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
