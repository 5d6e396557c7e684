//! Hold music: one loop, encoded once a codec, shared by all calls.
//!
//! A caller's place in the loop follows the clock, not a cursor of its own: a call that comes to the music needs no
//! state, no copy and no encoder, and two calls that are moved between queues meet the music where it is.

use core::time::Duration;
use std::sync::Arc;

use crate::codec::{Codec, FRAME};
use crate::g711;

/// The length of one packet.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// A loop of sound in frames of 20 ms.
#[derive(Clone)]
pub struct Music {
    mu_law: Arc<[Arc<[u8]>]>,
    a_law: Arc<[Arc<[u8]>]>,
}

impl Music {
    /// Encodes a loop of 16-bit samples at 8 kHz, mono. A last frame that is not full is filled with silence, so that
    /// the loop is a whole number of frames; an empty clip becomes one frame of silence.
    pub fn of_pcm(samples: &[i16]) -> Self {
        let mut mu_law = Vec::new();
        let mut a_law = Vec::new();
        for chunk in samples.chunks(FRAME) {
            let mut frame = [0_i16; FRAME];
            for (to, from) in frame.iter_mut().zip(chunk) {
                *to = *from;
            }
            mu_law.push(encoded(Codec::Pcmu, &frame));
            a_law.push(encoded(Codec::Pcma, &frame));
        }
        if mu_law.is_empty() {
            mu_law.push(encoded(Codec::Pcmu, &[0; FRAME]));
            a_law.push(encoded(Codec::Pcma, &[0; FRAME]));
        }
        Self { mu_law: mu_law.into(), a_law: a_law.into() }
    }

    /// The frame that sounds at `position` after any fixed origin: [`FRAME`] octets.
    pub fn frame(&self, codec: Codec, position: Duration) -> Arc<[u8]> {
        let frames = match codec {
            Codec::Pcmu => &self.mu_law,
            Codec::Pcma => &self.a_law,
        };
        let number = position.as_millis() / FRAME_TIME.as_millis();
        let index = usize::try_from(number % (frames.len().max(1) as u128)).unwrap_or(0);
        frames.get(index).cloned().unwrap_or_else(|| Arc::from([codec.quiet(); FRAME]))
    }

    /// How long one turn of the loop lasts.
    pub fn length(&self) -> Duration {
        FRAME_TIME.saturating_mul(u32::try_from(self.mu_law.len()).unwrap_or(u32::MAX))
    }
}

impl core::fmt::Debug for Music {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Music").field("length", &self.length()).finish()
    }
}

fn encoded(codec: Codec, samples: &[i16; FRAME]) -> Arc<[u8]> {
    let mut octets = [0_u8; FRAME];
    for (to, from) in octets.iter_mut().zip(samples) {
        *to = g711::encode(codec, *from);
    }
    Arc::from(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_turns_by_the_clock_and_is_shared() {
        let mut samples = vec![0_i16; FRAME];
        samples.extend([8_000_i16; FRAME]);
        samples.extend([-8_000_i16; 10]);
        let music = Music::of_pcm(&samples);
        assert_eq!(music.length(), Duration::from_millis(60));
        let at = |ms| music.frame(Codec::Pcma, Duration::from_millis(ms));
        assert!(Arc::ptr_eq(&at(25), &at(20 + 60 * 1_000_000)));
        assert_eq!(at(39)[0], g711::encode(Codec::Pcma, 8_000));
        assert_eq!(at(40)[9], g711::encode(Codec::Pcma, -8_000));
        assert_eq!(at(40)[10], g711::encode(Codec::Pcma, 0));
    }

    #[test]
    fn an_empty_clip_is_silence() {
        assert_eq!(&*Music::of_pcm(&[]).frame(Codec::Pcmu, Duration::ZERO), &[0xFF; FRAME]);
    }
}
