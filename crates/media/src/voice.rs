//! A voice-like sound made by code, for the simulated customer: a source of pulses through three formants.
//!
//! It says something like もしもし, twice, with a rising end, then breathes. Nobody will take it for a person, but
//! everybody hears a voice: pitch that moves, vowels, a hiss, pauses.

use core::f64::consts::TAU;

use crate::codec::RATE;
use crate::tone::{edges, sample};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// About 120 Hz.
    Low,
    /// About 210 Hz.
    High,
}

/// One piece of speech.
struct Sound {
    seconds: f64,
    kind: Kind,
    /// Pitch at its beginning and end, as factors of the speaker's own.
    pitch: (f64, f64),
}

#[derive(Clone, Copy)]
enum Kind {
    /// Formants in hertz.
    Vowel([f64; 3]),
    /// A hummed consonant: the lowest formant only.
    Hum,
    /// し: noise, high.
    Hiss,
    Pause,
}

const A: Kind = Kind::Vowel([750.0, 1_200.0, 2_600.0]);
const I: Kind = Kind::Vowel([300.0, 2_200.0, 2_950.0]);
const O: Kind = Kind::Vowel([480.0, 850.0, 2_500.0]);
const U: Kind = Kind::Vowel([340.0, 1_250.0, 2_300.0]);

/// About 5 s of speech-like sound at 8 kHz, mono, peak −9 dBFS; loops well, for it ends in a pause.
pub fn speech(speaker: Speaker) -> Vec<i16> {
    let sound = |kind, seconds, from, to| Sound { seconds, kind, pitch: (from, to) };
    let moshi = |end: f64| {
        [
            sound(Kind::Hum, 0.08, 0.95, 1.0),
            sound(O, 0.19, 1.0, 1.15),
            sound(Kind::Hiss, 0.11, 1.0, 1.0),
            sound(I, 0.17, 1.12, end),
        ]
    };
    let mut sentence = vec![sound(Kind::Pause, 0.25, 1.0, 1.0)];
    sentence.extend(moshi(1.0));
    sentence.extend(moshi(1.3));
    sentence.push(sound(Kind::Pause, 0.7, 1.0, 1.0));
    for (kind, seconds, from, to) in [
        (Kind::Hum, 0.06, 1.0, 1.05),
        (A, 0.22, 1.05, 1.15),
        (Kind::Hum, 0.06, 1.1, 1.1),
        (O, 0.16, 1.1, 1.0),
        (Kind::Hum, 0.07, 1.0, 1.0),
        (U, 0.14, 1.0, 0.95),
        (Kind::Hiss, 0.09, 1.0, 1.0),
        (I, 0.15, 1.0, 0.95),
        (Kind::Hum, 0.07, 0.95, 0.95),
        (A, 0.16, 0.98, 0.9),
        (U, 0.16, 0.9, 0.85),
        (Kind::Hum, 0.06, 0.85, 0.85),
        (A, 0.34, 0.85, 0.72),
        (Kind::Pause, 1.2, 1.0, 1.0),
    ] {
        sentence.push(sound(kind, seconds, from, to));
    }
    speak(speaker, &sentence)
}

fn speak(speaker: Speaker, sentence: &[Sound]) -> Vec<i16> {
    let (pitch, stretch) = match speaker {
        Speaker::Low => (120.0, 1.0),
        Speaker::High => (210.0, 1.15),
    };
    let rate = f64::from(RATE);
    let mut noise = Noise(0x2545_F491_4F6C_DD1D);
    let mut formants = [Resonator::default(), Resonator::default(), Resonator::default()];
    let mut hiss = Resonator::default();
    let mut phase = 0.0_f64;
    let mut out = Vec::new();
    for sound in sentence {
        let count = samples(sound.seconds);
        for n in 0..count {
            let done = f64::from(n) / f64::from(count.max(1));
            let t = f64::from(n) / rate;
            let shape = edges(t, sound.seconds);
            let vibrato = 1.0 + 0.012 * (TAU * 5.5 * t).sin();
            let now = pitch * vibrato * (sound.pitch.0 + (sound.pitch.1 - sound.pitch.0) * done);
            phase = (phase + now / rate).fract();
            // A glottal pulse: opens slowly, closes quickly.
            let pulse = if phase < 0.6 { (phase / 0.6).powi(2) * (1.0 - phase / 0.6) * 6.0 - 0.5 } else { -0.5 };
            let breath = noise.next();
            let value = match sound.kind {
                Kind::Vowel(frequencies) => {
                    let source = shape * (pulse + 0.03 * breath);
                    let mut sum = 0.0;
                    for ((formant, frequency), (width, level)) in
                        formants.iter_mut().zip(frequencies).zip([(80.0, 1.0), (100.0, 0.6), (140.0, 0.3)])
                    {
                        sum += level * formant.run(source, frequency * stretch, width);
                    }
                    sum
                }
                Kind::Hum => shape * 0.35 * formants.iter_mut().take(1).map(|f| f.run(pulse, 260.0, 60.0)).sum::<f64>(),
                Kind::Hiss => shape * 0.25 * hiss.run(breath, 2_900.0, 900.0),
                Kind::Pause => 0.000_5 * breath,
            };
            out.push(value);
        }
    }
    let peak = out.iter().fold(f64::EPSILON, |peak, value| peak.max(value.abs()));
    out.into_iter().map(|value| sample(value / peak * 0.35)).collect()
}

/// A resonance of two poles, with a gain of about one at its frequency.
#[derive(Clone, Copy, Default)]
struct Resonator {
    one: f64,
    two: f64,
}

impl Resonator {
    fn run(&mut self, input: f64, frequency: f64, width: f64) -> f64 {
        let rate = f64::from(RATE);
        let radius = (-core::f64::consts::PI * width / rate).exp();
        let turn = 2.0 * radius * (TAU * frequency.min(3_700.0) / rate).cos();
        let output = (1.0 - radius) * input + turn * self.one - radius * radius * self.two;
        (self.two, self.one) = (self.one, output);
        output
    }
}

/// Noise that is the same every time (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let [a, b, c, d, ..] = self.0.to_be_bytes();
        f64::from(i32::from_be_bytes([a, b, c, d])) / f64::from(i32::MAX)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds at 8 kHz, never negative")]
fn samples(seconds: f64) -> u32 {
    (seconds * f64::from(RATE)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_speaks_and_pauses_and_never_clips() {
        for speaker in [Speaker::Low, Speaker::High] {
            let clip = speech(speaker);
            let levels: Vec<_> = clip
                .chunks(800)
                .map(|part| part.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 800.0)
                .map(f64::sqrt)
                .collect();
            assert!(levels.iter().filter(|level| **level > 500.0).count() >= 15, "{levels:?}");
            assert!(levels.iter().filter(|level| **level < 50.0).count() >= 12, "{levels:?}");
            assert!(clip.iter().all(|s| s.unsigned_abs() <= 11_500));
        }
    }
}
