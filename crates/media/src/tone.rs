//! Tones that a telephone network makes, as loops for [`Music`](crate::Music).

use core::f64::consts::TAU;

use crate::codec::{FRAME, RATE};

/// How a ringback tone sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ringback {
    /// Japan: 400 Hz modulated with 16 Hz, 1 s on, 2 s off (ITU-T E.180 supplement 2).
    #[default]
    Japan,
    /// A plain 400 Hz, 1 s on, 2 s off.
    Plain,
}

/// One period of ringback: 3 s at 8 kHz, beginning with the tone, peak −16 dBFS.
pub fn ringback(kind: Ringback) -> Vec<i16> {
    loop_of(3_000, |t| {
        let shape = edges(t, 1.0);
        let modulation = match kind {
            Ringback::Japan => 0.5 + 0.5 * (TAU * 16.0 * t).cos(),
            Ringback::Plain => 1.0,
        };
        0.158 * shape * modulation * (TAU * 400.0 * t).sin()
    })
}

/// What a customer hears while the agent's line is being restored: two soft notes every 3 s, peak −26 dBFS.
pub fn comfort() -> Vec<i16> {
    loop_of(3_000, |t| {
        let note = |frequency: f64, from: f64| edges(t - from, 0.25) * (TAU * frequency * t).sin();
        0.05 * (note(523.25, 0.2) + note(659.25, 0.5))
    })
}

/// One frame of silence.
pub fn quiet() -> [i16; FRAME] {
    [0; FRAME]
}

/// A steady sine: `amplitude` 1 is full scale.
pub fn sine(frequency: f64, amplitude: f64, milliseconds: u32) -> Vec<i16> {
    loop_of(milliseconds, |t| amplitude * (TAU * frequency * t).sin())
}

/// 1 from 0 s to `length` s with edges of 8 ms, else 0: a tone that begins at once clicks.
pub(crate) fn edges(t: f64, length: f64) -> f64 {
    let edge = 0.008;
    (t / edge).min((length - t) / edge).clamp(0.0, 1.0)
}

fn loop_of(milliseconds: u32, wave: impl Fn(f64) -> f64) -> Vec<i16> {
    (0..milliseconds * (RATE / 1_000)).map(|n| sample(wave(f64::from(n) / f64::from(RATE)))).collect()
}

/// −1…1 as 16 bits, clipped.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is clipping")]
pub(crate) fn sample(value: f64) -> i16 {
    (value * 32_767.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ringback_sounds_one_second_of_three() {
        for kind in [Ringback::Japan, Ringback::Plain] {
            let tone = ringback(kind);
            assert_eq!(tone.len(), 24_000);
            assert!(tone[..8_000].iter().any(|s| *s > 4_500));
            assert!(tone[8_000..].iter().all(|s| *s == 0));
        }
    }

    #[test]
    fn nothing_clips_and_a_loop_ends_where_it_begins() {
        for tone in [comfort(), ringback(Ringback::Japan)] {
            assert!(tone.iter().all(|s| s.unsigned_abs() < 8_000));
            assert_eq!((tone[0], tone[tone.len() - 1]), (0, 0));
        }
    }
}
