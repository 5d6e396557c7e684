//! What a phone says.

use std::sync::Arc;

use media::{FRAME, RATE, tone};

/// What a phone says, over and over. Packets go out for silence too, as from any phone.
#[derive(Clone, Debug, Default)]
pub enum Sound {
    /// Nothing.
    #[default]
    Silence,
    /// Samples at 8 kHz, repeated without a pause.
    Loop(Arc<[i16]>),
}

impl Sound {
    /// A steady sine for tests by ear: hertz, and its peak against full scale, 0–1. The frequency is rounded to whole
    /// hertz, so that the loop of one second has no seam.
    pub fn tone(hertz: u32, amplitude: f64) -> Self {
        Self::Loop(tone::sine(f64::from(hertz), amplitude, 1_000).into())
    }

    /// A voice-like clip, made by code.
    pub fn voice(speaker: media::voice::Speaker) -> Self {
        Self::Loop(media::voice::speech(speaker).into())
    }

    /// The 20 ms that begin at `position` samples.
    pub(crate) fn frame(&self, position: u64) -> [i16; FRAME] {
        let mut frame = [0; FRAME];
        if let Self::Loop(samples) = self
            && let Ok(length) = u64::try_from(samples.len())
            && length > 0
        {
            let from = usize::try_from(position % length).unwrap_or(0);
            for (to, sample) in frame.iter_mut().zip(samples.iter().cycle().skip(from)) {
                *to = *sample;
            }
        }
        frame
    }
}

/// Samples in so many milliseconds.
pub(crate) const fn samples(milliseconds: usize) -> usize {
    RATE as usize / 1_000 * milliseconds
}
