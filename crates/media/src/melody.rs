//! The hold music that comes with the product: a small melody, made by code, the same at every start.
//!
//! Four chords of a slow walk (I–vi–IV–V), broken upwards under a pentatonic tune, on a soft electric piano. What lies
//! above 3.4 kHz would not survive the line, and what is loud tires who waits: peak −10 dBFS, few overtones.

use core::f64::consts::TAU;

use crate::codec::RATE;
use crate::tone::sample;

/// Seconds of one beat: 84 a minute.
const BEAT: f64 = 60.0 / 84.0;
/// Beats of the loop: eight bars of four.
const BEATS: f64 = 32.0;

/// Broken chords, one bar each, as MIDI note numbers (69 is 440 Hz); played twice.
const CHORDS: [[u8; 4]; 4] = [[48, 55, 64, 67], [45, 52, 60, 64], [41, 48, 57, 60], [43, 50, 59, 62]];

/// The tune: note, beginning and length in beats.
const TUNE: [(u8, f64, f64); 26] = [
    (76, 0.0, 1.5),
    (74, 1.5, 0.5),
    (72, 2.0, 2.0),
    (69, 4.0, 1.0),
    (72, 5.0, 1.0),
    (76, 6.0, 2.0),
    (77, 8.0, 1.5),
    (76, 9.5, 0.5),
    (72, 10.0, 2.0),
    (74, 12.0, 1.0),
    (71, 13.0, 1.0),
    (67, 14.0, 2.0),
    (72, 16.0, 1.5),
    (74, 17.5, 0.5),
    (76, 18.0, 1.0),
    (79, 19.0, 1.0),
    (81, 20.0, 1.5),
    (79, 21.5, 0.5),
    (76, 22.0, 2.0),
    (77, 24.0, 1.0),
    (76, 25.0, 1.0),
    (74, 26.0, 1.0),
    (72, 27.0, 1.0),
    (74, 28.0, 1.5),
    (71, 29.5, 0.5),
    (72, 30.0, 2.0),
];

/// The default hold music: about 23 s at 8 kHz, mono, to be looped without a seam.
pub fn hold_music() -> Vec<i16> {
    let length = index(BEATS * BEAT);
    let mut mix = vec![0.0_f64; length];
    for (bar, chord) in CHORDS.iter().chain(&CHORDS).enumerate() {
        let bar = u32::try_from(bar).map_or(0.0, f64::from) * 4.0;
        for (beat, order) in [0_usize, 1, 2, 3, 2, 3, 1, 2].into_iter().enumerate() {
            let beat = bar + u32::try_from(beat).map_or(0.0, f64::from) / 2.0;
            if let Some(note) = chord.get(order) {
                strike(&mut mix, *note, beat * BEAT, 1.6, 0.35);
            }
        }
    }
    for (note, from, beats) in TUNE {
        strike(&mut mix, note, from * BEAT, beats * BEAT + 0.8, 0.8);
    }
    echo(&mut mix, 0.375 * BEAT, 0.22);
    let peak = mix.iter().fold(f64::EPSILON, |peak, value| peak.max(value.abs()));
    mix.into_iter().map(|value| sample(value / peak * 0.316)).collect()
}

/// Adds one struck note; what rings beyond the end rings on at the beginning, so that the loop has no seam.
fn strike(mix: &mut [f64], note: u8, from: f64, seconds: f64, loudness: f64) {
    let frequency = 440.0 * 2.0_f64.powf((f64::from(note) - 69.0) / 12.0);
    let start = index(from);
    let length = mix.len().max(1);
    for n in 0..index(seconds) {
        let t = u32::try_from(n).map_or(0.0, f64::from) / f64::from(RATE);
        let attack = (t / 0.006).min(1.0);
        let release = ((seconds - t) / 0.12).clamp(0.0, 1.0);
        let body = (TAU * frequency * t).sin() * (-2.2 * t).exp();
        let octave = 0.28 * (TAU * 2.0 * frequency * t).sin() * (-3.8 * t).exp();
        let bell = 0.10 * (TAU * 4.0 * frequency * t).sin() * (-9.0 * t).exp();
        if let Some(value) = mix.get_mut((start + n) % length) {
            *value += loudness * attack * release * (body + octave + bell);
        }
    }
}

/// Adds one repeat, around the seam as well.
fn echo(mix: &mut [f64], delay: f64, level: f64) {
    let dry = mix.to_vec();
    for (value, late) in mix.iter_mut().zip(dry.iter().cycle().skip(dry.len().saturating_sub(index(delay)))) {
        *value += level * late;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds at 8 kHz, never negative")]
fn index(seconds: f64) -> usize {
    (seconds * f64::from(RATE)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_is_the_same_every_time_and_never_loud() {
        let music = hold_music();
        assert_eq!(music, hold_music());
        assert!((22 * 8_000..24 * 8_000).contains(&music.len()));
        let peak = music.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((10_000..10_500).contains(&peak), "{peak}");
    }

    #[test]
    fn the_seam_is_no_louder_a_step_than_the_music_itself() {
        let music = hold_music();
        let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
        let within = music.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap();
        assert!(step(music[0], music[music.len() - 1]) <= within);
    }
}
