//! What a recording is, told from the sound alone: silence, ringback, hold music, or a voice.
//!
//! - **Silence** lies below −50 dBFS.
//! - **Ringback** has nearly all of its power around 400 Hz (ITU-T E.180 supplement 2); the pause between two rings
//!   still counts.
//! - **Music** is known: the loop that the desk plays, found by correlation wherever in the loop the call came to it.
//! - **Voice** is every other sound. Nobody has to speak for that; a tone from the far microphone is one too.
//!
//! No state is kept: the last seconds of sound are all that counts.

use std::f64::consts::TAU;
use std::sync::Arc;

use media::{FRAME, RATE};

use crate::sound::samples;

/// What comes out of the earpiece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hears {
    /// Nothing but the line's own noise.
    #[default]
    Silence,
    /// The far end rings.
    Ringback,
    /// Hold music.
    Music,
    /// Somebody, or something, at the far microphone.
    Voice,
}

/// What is heard, and how loud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// What.
    pub what: Hears,
    /// dBFS against a full-scale sine, −90 to 0, over the last 0.4 s.
    pub level_db: f64,
}

/// An ear that knows some music.
#[derive(Clone, Debug, Default)]
pub struct Ear {
    known: Vec<Arc<Known>>,
}

/// How much sound an ear wants to judge by, in samples: a ring, the pause after it, and a little more.
pub(crate) const MEMORY: usize = samples(3_600);

const SILENT_DB: f64 = -50.0;
const LOWEST_DB: f64 = -90.0;
/// By this much sound the level, and what it is, are judged.
const GLANCE: usize = samples(400);
/// By this much sound music is recognised: no note of the melody lasts as long.
const PHRASE: usize = samples(800);
/// The pause between two rings lasts 2 s.
const RING_PAUSE: usize = samples(2_600);
/// Music is searched for at a quarter of the rate: its notes lie below 1 kHz.
const COARSE: usize = 4;
/// How much alike the two must be to be looked at closely, and to be the same.
const PERHAPS: f64 = 0.4;
const SURELY: f64 = 0.85;

impl Ear {
    /// An ear that knows these loops, each at 8 kHz as the desk plays it.
    pub fn knowing<'a>(music: impl IntoIterator<Item = &'a [i16]>) -> Self {
        let mut ear = Self::default();
        for clip in music {
            ear.learn(clip);
        }
        ear
    }

    /// Knows one loop more. A clip shorter than a phrase cannot be told from a tone, and is not learnt.
    pub fn learn(&mut self, clip: &[i16]) {
        if clip.len() >= PHRASE {
            self.known.push(Arc::new(Known::of(clip)));
        }
    }

    /// Judges the last sound heard, at 8 kHz; what lies more than 3.6 s back does not matter.
    pub fn judge(&self, recent: &[i16]) -> Heard {
        let now = last(recent, GLANCE);
        let level_db = level(now);
        let what = if level_db < SILENT_DB {
            if rang_lately(recent) { Hears::Ringback } else { Hears::Silence }
        } else if is_ringback(now) {
            Hears::Ringback
        } else if self.is_music(last(recent, PHRASE)) {
            Hears::Music
        } else {
            Hears::Voice
        };
        Heard { what, level_db }
    }

    fn is_music(&self, phrase: &[i16]) -> bool {
        phrase.len() == PHRASE && self.known.iter().any(|known| known.holds(phrase))
    }
}

fn last(sound: &[i16], count: usize) -> &[i16] {
    sound.get(sound.len().saturating_sub(count)..).unwrap_or(sound)
}

/// dBFS against a full-scale sine.
fn level(sound: &[i16]) -> f64 {
    if sound.is_empty() {
        return LOWEST_DB;
    }
    let power = power(sound) / real(sound.len());
    (10.0 * (2.0 * power).max(1e-9).log10()).clamp(LOWEST_DB, 0.0)
}

/// The sum of squares, full scale being 1.
fn power(sound: &[i16]) -> f64 {
    sound.iter().map(|sample| (f64::from(*sample) / 32_768.0).powi(2)).sum()
}

/// Whether this sound is a tone of 400 Hz, plain or modulated with 16 Hz, wherever in it the tone begins or ends: then
/// nearly all of its power lies between 350 and 450 Hz.
fn is_ringback(sound: &[i16]) -> bool {
    // All bins of the band, so that no power falls between them (Parseval).
    let width = f64::from(RATE) / real(sound.len().max(1));
    let bins = (0..sound.len()).map(|bin| real(bin) * width);
    let near: f64 = bins
        .skip_while(|hertz| *hertz < 350.0)
        .take_while(|hertz| *hertz <= 450.0)
        .map(|hertz| power_at(sound, hertz))
        .sum();
    near > 0.8 * power(sound)
}

/// Whether a ring ended in silence, and so lately that the next one may come.
fn rang_lately(recent: &[i16]) -> bool {
    let glances: Vec<&[i16]> = recent.rchunks(GLANCE / 2).take((RING_PAUSE + GLANCE) / (GLANCE / 2)).collect();
    glances.iter().find(|part| level(part) >= SILENT_DB).is_some_and(|part| is_ringback(part))
}

/// The power of one sine in the sound, as a sum of squares over it (Goertzel).
fn power_at(sound: &[i16], hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / f64::from(RATE)).cos();
    let (mut one, mut two) = (0.0_f64, 0.0_f64);
    for sample in sound {
        (two, one) = (one, f64::from(*sample) / 32_768.0 + turn * one - two);
    }
    let magnitude = one * one + two * two - turn * one * two;
    2.0 * magnitude / real(sound.len().max(1))
}

/// A loop of music, ready to be searched.
#[derive(Debug)]
struct Known {
    /// At 8 kHz, followed by its own beginning, so that a phrase across the seam is found too.
    clip: Vec<f64>,
    /// The spectrum of the coarse clip.
    spectrum: Vec<Complex>,
    /// Sums of squares of the coarse clip up to each place.
    energy: Vec<f64>,
}

impl Known {
    fn of(samples: &[i16]) -> Self {
        // The desk plays whole frames: the last one is filled with silence.
        let mut clip: Vec<f64> = samples.iter().map(|sample| f64::from(*sample)).collect();
        clip.resize(clip.len().next_multiple_of(FRAME), 0.0);
        let beginning: Vec<f64> = clip.iter().copied().take(2 * PHRASE).collect();
        clip.extend(beginning);
        let coarse = coarsely(&clip);
        let mut energy = vec![0.0];
        let mut sum = 0.0;
        for value in &coarse {
            sum += value * value;
            energy.push(sum);
        }
        let mut spectrum: Vec<Complex> = coarse.iter().map(|value| (*value, 0.0)).collect();
        spectrum.resize((coarse.len() + PHRASE / COARSE).next_power_of_two(), (0.0, 0.0));
        transform(&mut spectrum);
        Self { clip, spectrum, energy }
    }

    /// Whether the phrase is played somewhere in the loop.
    fn holds(&self, phrase: &[i16]) -> bool {
        let fine: Vec<f64> = phrase.iter().map(|sample| f64::from(*sample)).collect();
        let coarse = coarsely(&fine);
        let own = coarse.iter().map(|value| value * value).sum::<f64>();
        // Correlation with every place at once: the product of one spectrum with the other's conjugate.
        let mut product: Vec<Complex> = coarse.iter().map(|value| (*value, 0.0)).collect();
        product.resize(self.spectrum.len(), (0.0, 0.0));
        transform(&mut product);
        for (here, (re, im)) in product.iter_mut().zip(&self.spectrum) {
            // The conjugate of the wanted product: a forward transform then gives the inverse one's conjugate.
            *here = (here.0 * re + here.1 * im, here.1 * re - here.0 * im);
        }
        transform(&mut product);
        let scale = real(self.spectrum.len());
        let places = self.energy.len().saturating_sub(coarse.len());
        let mut best = (PERHAPS, None);
        for ((place, (value, _)), (before, after)) in
            product.iter().enumerate().zip(self.energy.iter().zip(self.energy.iter().skip(coarse.len()))).take(places)
        {
            let alike = value / scale / (own * (after - before)).sqrt().max(1.0);
            if alike > best.0 {
                best = (alike, Some(place));
            }
        }
        let Some(place) = best.1 else { return false };
        let around = (place * COARSE).saturating_sub(2 * COARSE);
        (around..=around + 4 * COARSE).any(|from| self.alike(&fine, from) > SURELY)
    }

    /// How much the phrase is like the clip from there on: 1 for the same, at any loudness.
    fn alike(&self, phrase: &[f64], from: usize) -> f64 {
        let there = self.clip.get(from..).unwrap_or_default();
        if there.len() < phrase.len() {
            return 0.0;
        }
        let (mut both, mut here, mut clip) = (0.0, 0.0, 0.0);
        for (a, b) in phrase.iter().zip(there) {
            both += a * b;
            here += a * a;
            clip += b * b;
        }
        both / (here * clip).sqrt().max(1.0)
    }
}

/// At a quarter of the rate: means of eight, which damp what would fold back.
fn coarsely(sound: &[f64]) -> Vec<f64> {
    sound.windows(2 * COARSE).step_by(COARSE).map(|part| part.iter().sum::<f64>() / real(part.len())).collect()
}

type Complex = (f64, f64);

/// Fourier's transform in place, radix 2, decimation in time; the length is a power of two.
fn transform(values: &mut [Complex]) {
    let length = values.len();
    let bits = length.trailing_zeros();
    for n in 0..length {
        let mirrored = n.reverse_bits() >> (usize::BITS - bits).min(usize::BITS - 1);
        if mirrored > n {
            values.swap(n, mirrored);
        }
    }
    let mut half = 1;
    while half < length {
        let step = -TAU / real(2 * half);
        let turns: Vec<Complex> = (0..half).map(|n| (step * real(n)).sin_cos()).map(|(sin, cos)| (cos, sin)).collect();
        for group in values.chunks_mut(2 * half) {
            let (low, high) = group.split_at_mut(half);
            for ((a, b), (cos, sin)) in low.iter_mut().zip(high).zip(&turns) {
                let turned = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        half *= 2;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples stay far below 2^52")]
fn real(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use media::voice::{Speaker, speech};
    use media::{Codec, g711, melody, tone};

    use super::*;

    fn ear() -> Ear {
        Ear::knowing([melody::hold_music().as_slice()])
    }

    /// `sound` in a loop from `from` on, over the line in A-law, as long as an ear remembers.
    fn over_the_line(sound: &[i16], from: usize) -> Vec<i16> {
        sound
            .iter()
            .cycle()
            .skip(from)
            .take(MEMORY)
            .map(|s| g711::decode(Codec::Pcma, g711::encode(Codec::Pcma, *s)))
            .collect()
    }

    #[test]
    fn the_melody_is_music_wherever_it_is_joined_and_however_loud() {
        let ear = ear();
        let melody = melody::hold_music();
        for from in (0..melody.len()).step_by(9_973) {
            assert_eq!(ear.judge(&over_the_line(&melody, from)).what, Hears::Music, "from {from}");
        }
        let soft: Vec<i16> = melody.iter().map(|sample| sample / 6).collect();
        assert_eq!(ear.judge(&over_the_line(&soft, 12_345)).what, Hears::Music);
    }

    #[test]
    fn a_voice_is_never_music() {
        let ear = ear();
        for speaker in [Speaker::Low, Speaker::High] {
            let clip = speech(speaker);
            for from in (0..clip.len()).step_by(2_503) {
                let heard = ear.judge(&over_the_line(&clip, from));
                assert!(matches!(heard.what, Hears::Voice | Hears::Silence), "{speaker:?} from {from}: {heard:?}");
            }
        }
    }

    #[test]
    fn a_tone_from_the_far_microphone_is_a_voice_on_any_note_of_the_melody() {
        let ear = ear();
        for note in 36..=96_u32 {
            let hertz = 440.0 * 2.0_f64.powf((f64::from(note) - 69.0) / 12.0);
            // The ringback's own note is judged below.
            if (340.0..460.0).contains(&hertz) {
                continue;
            }
            let heard = ear.judge(&over_the_line(&tone::sine(hertz, 0.2, 4_000), 0));
            assert_eq!(heard.what, Hears::Voice, "{hertz} Hz");
        }
    }

    #[test]
    fn a_voice_over_music_is_not_called_music() {
        let mixed: Vec<i16> = melody::hold_music().iter().zip(speech(Speaker::Low)).map(|(m, v)| m / 2 + v).collect();
        let heard = ear().judge(&over_the_line(&mixed, samples(500)));
        assert_eq!(heard.what, Hears::Voice);
    }

    #[test]
    fn ringback_is_heard_in_both_forms_and_through_its_pauses() {
        let ear = ear();
        for kind in [tone::Ringback::Japan, tone::Ringback::Plain] {
            let ring = tone::ringback(kind);
            for from in (0..ring.len()).step_by(800) {
                let heard = ear.judge(&over_the_line(&ring, from));
                assert_eq!(heard.what, Hears::Ringback, "{kind:?} from {from}: {heard:?}");
            }
        }
    }

    #[test]
    fn after_a_ring_that_does_not_come_back_there_is_silence() {
        let mut sound = over_the_line(&tone::ringback(tone::Ringback::Japan), 0);
        sound.truncate(samples(1_000));
        sound.resize(sound.len() + samples(3_400), 0);
        assert_eq!(ear().judge(&sound).what, Hears::Silence);
    }

    #[test]
    fn nothing_and_a_whisper_are_silence() {
        let ear = ear();
        assert_eq!(ear.judge(&[]), Heard { what: Hears::Silence, level_db: -90.0 });
        assert_eq!(ear.judge(&vec![0; MEMORY]).what, Hears::Silence);
        assert_eq!(ear.judge(&tone::sine(700.0, 0.001, 1_000)).what, Hears::Silence);
    }

    #[test]
    fn other_music_is_known_once_it_was_learnt() {
        let mut ear = ear();
        // Three notes that the melody does not play, in turn.
        let notes = [277.2, 370.0, 554.4].map(|hertz| tone::sine(hertz, 0.2, 400));
        let tune: Vec<i16> = notes.concat();
        assert_eq!(ear.judge(&over_the_line(&tune, 0)).what, Hears::Voice);
        ear.learn(&tune);
        assert_eq!(ear.judge(&over_the_line(&tune, 0)).what, Hears::Music);
    }

    #[test]
    fn a_full_scale_sine_is_zero_decibel() {
        let heard = ear().judge(&tone::sine(1_000.0, 0.5, 1_000));
        assert!((heard.level_db + 6.02).abs() < 0.1, "{heard:?}");
    }
}
