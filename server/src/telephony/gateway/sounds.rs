//! What the gateway itself plays.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::QueueId;
use media::tone::{self, Ringback};
use media::{Codec, Music};

pub(super) struct Sounds {
    house: Arc<Music>,
    queues: HashMap<QueueId, Arc<Music>>,
    ringback: Music,
    comfort: Music,
    quiet: Music,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    Music(Option<QueueId>),
    Ringback,
    Comfort,
    Quiet,
}

impl Sounds {
    pub(super) fn new(house: Arc<Music>, ringback: Ringback) -> Self {
        Self {
            house,
            queues: HashMap::new(),
            ringback: Music::of_pcm(&tone::ringback(ringback)),
            comfort: Music::of_pcm(&tone::comfort()),
            quiet: Music::of_pcm(&tone::quiet()),
        }
    }

    /// `None` for the house's music leaves it as it is: a house always has some.
    pub(super) fn set_music(&mut self, queue: Option<QueueId>, music: Option<Arc<Music>>) {
        match (queue, music) {
            (None, Some(music)) => self.house = music,
            (None, None) => {}
            (Some(queue), Some(music)) => drop(self.queues.insert(queue, music)),
            (Some(queue), None) => drop(self.queues.remove(&queue)),
        }
    }

    /// The 20 ms of a sound at `position`.
    pub(super) fn frame(&self, sound: Sound, codec: Codec, position: Duration) -> Arc<[u8]> {
        let source = match sound {
            Sound::Music(queue) => queue.and_then(|queue| self.queues.get(&queue)).unwrap_or(&self.house),
            Sound::Ringback => &self.ringback,
            Sound::Comfort => &self.comfort,
            Sound::Quiet => &self.quiet,
        };
        source.frame(codec, position)
    }
}
