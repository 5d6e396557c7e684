//! Listening: what is in a recording, how loud, and what should not be.
//!
//! Levels are dBFS against a full-scale sine (a full-scale sine is 0 dBFS). A test holds a call by its ear: each side
//! plays its own tone, and must hear exactly the other's.

use std::f64::consts::PI;
use std::ops::Range;

/// What is mainly heard in a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Frequency of the strongest tone, in hertz.
    pub frequency: f64,
    /// Its level, in dBFS.
    pub level: f64,
    /// The tone against all else between 50 Hz and the end of the band, in dB.
    pub snr: f64,
}

/// The level that stands for nothing at all.
pub const NOTHING: f64 = -140.0;

/// Finds the strongest tone. At least 50 ms of sound, or silence is reported.
///
/// The frequency is found to about 0.1 Hz where half a second is heard.
pub fn hear(samples: &[i16], rate: u32) -> Heard {
    let spectrum = Spectrum::of(samples, rate);
    let Some(peak) = spectrum.peak() else { return Heard { frequency: 0.0, level: NOTHING, snr: 0.0 } };
    let tone = spectrum.around(peak);
    let rest = spectrum.total() - tone;
    Heard { frequency: spectrum.interpolate(peak), level: decibel(tone), snr: decibel(tone) - decibel(rest) }
}

/// The level of a steady tone at exactly `frequency`, in dBFS, over the whole recording.
///
/// Only what lies within about one turn a recording of it counts, so that the codec's noise does not: over 2 s of
/// G.711 it stays some 70 dB below the tone, where its harmonics do not meet `frequency`. Choose tones that share no
/// divisor with the sampling rate (997 Hz, not 1,000): then the noise has no lines.
pub fn level_at(samples: &[i16], rate: u32, frequency: f64) -> f64 {
    let length = samples.len();
    let turn = 2.0 * PI * frequency / f64::from(rate);
    let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let window = window(n, length);
        let value = f64::from(*sample) / 32_768.0 * window;
        let (sin, cos) = (turn * real(n)).sin_cos();
        re += value * cos;
        im += value * sin;
        weight += window;
    }
    if weight < 1e-9 { NOTHING } else { decibel(4.0 * (re * re + im * im) / (weight * weight)) }
}

/// How far a tone that must not be heard lies below one that must, in dB; negative is good (−60 is the bar). See
/// [`level_at`] for which tones to choose.
pub fn leak(samples: &[i16], rate: u32, wanted: f64, unwanted: f64) -> f64 {
    level_at(samples, rate, unwanted) - level_at(samples, rate, wanted)
}

/// The level of everything together, in dBFS.
pub fn loudness(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return NOTHING;
    }
    let square: f64 = samples.iter().map(|sample| (f64::from(*sample) / 32_768.0).powi(2)).sum();
    decibel(2.0 * square / real(samples.len()))
}

/// Whether nothing but the noise of the codec is heard: below −60 dBFS.
pub fn is_silent(samples: &[i16]) -> bool {
    loudness(samples) < -60.0
}

/// The pauses in a recording: stretches of at least `shortest_ms` below `below_dbfs`, in samples, found in steps of
/// 5 ms.
pub fn gaps(samples: &[i16], rate: u32, below_dbfs: f64, shortest_ms: u32) -> Vec<Range<usize>> {
    let step = (rate / 200).max(1) as usize;
    let shortest = (rate / 1_000 * shortest_ms) as usize;
    let mut gaps = Vec::new();
    let mut open: Option<usize> = None;
    for (index, part) in samples.chunks(step).enumerate() {
        let from = index * step;
        if loudness(part) < below_dbfs {
            open.get_or_insert(from);
        } else if let Some(begun) = open.take() {
            gaps.push(begun..from);
        }
    }
    gaps.extend(open.map(|begun| begun..samples.len()));
    gaps.retain(|gap| gap.len() >= shortest);
    gaps
}

/// The power spectrum of a recording under a Blackman–Harris window: side lobes at −92 dB, so that a leak of −60 dB
/// is seen beside a tone at full level.
struct Spectrum {
    /// Power by bin, so scaled that a full-scale sine sums to 1 over its bins.
    power: Vec<f64>,
    bin_width: f64,
}

/// Bins on each side that belong to a tone: four under this window, up to twice as many where the recording was filled
/// up to a power of two.
const SKIRT: usize = 8;

impl Spectrum {
    fn of(samples: &[i16], rate: u32) -> Self {
        let length = samples.len();
        if length < (rate / 20) as usize {
            return Self { power: Vec::new(), bin_width: 1.0 };
        }
        let size = length.next_power_of_two();
        let mut re = vec![0.0; size];
        let mut im = vec![0.0; size];
        let mut weight = 0.0;
        for (n, (slot, sample)) in re.iter_mut().zip(samples).enumerate() {
            let turn = 2.0 * PI * (real(n) + 0.5) / real(length);
            let window =
                0.358_75 - 0.488_29 * turn.cos() + 0.141_28 * (2.0 * turn).cos() - 0.011_68 * (3.0 * turn).cos();
            weight += window * window;
            *slot = f64::from(*sample) / 32_768.0 * window;
        }
        fft(&mut re, &mut im);
        // Parseval: over all bins |X|² sums to size × Σ(w·x)²; a full-scale sine has a mean square of ½, half of it
        // in the bins that are kept.
        let scale = 4.0 / (real(size) * weight);
        let power = re.iter().zip(&im).take(size / 2).map(|(re, im)| (re * re + im * im) * scale).collect();
        Self { power, bin_width: f64::from(rate) / real(size) }
    }

    fn lowest(&self) -> usize {
        whole(50.0 / self.bin_width)
    }

    fn peak(&self) -> Option<usize> {
        self.power.iter().enumerate().skip(self.lowest()).max_by(|a, b| a.1.total_cmp(b.1)).map(|(bin, _)| bin)
    }

    fn around(&self, bin: usize) -> f64 {
        self.power.iter().take(bin + SKIRT + 1).skip(bin.saturating_sub(SKIRT)).sum()
    }

    fn total(&self) -> f64 {
        self.power.iter().skip(self.lowest()).sum()
    }

    /// A parabola through the logarithms of the highest bin and its neighbours.
    fn interpolate(&self, bin: usize) -> f64 {
        let at = |bin: usize| self.power.get(bin).copied().unwrap_or(0.0).max(1e-30).ln();
        let (left, middle, right) = (at(bin.saturating_sub(1)), at(bin), at(bin + 1));
        let curve = left - 2.0 * middle + right;
        let offset = if curve.abs() > 1e-12 { 0.5 * (left - right) / curve } else { 0.0 };
        (real(bin) + offset) * self.bin_width
    }
}

/// Blackman–Harris, four terms.
fn window(n: usize, length: usize) -> f64 {
    let turn = 2.0 * PI * (real(n) + 0.5) / real(length);
    0.358_75 - 0.488_29 * turn.cos() + 0.141_28 * (2.0 * turn).cos() - 0.011_68 * (3.0 * turn).cos()
}

/// In place, radix 2, decimation in time.
fn fft(re: &mut [f64], im: &mut [f64]) {
    let size = re.len();
    let bits = size.trailing_zeros();
    for n in 0..size {
        let mirrored = n.reverse_bits() >> (usize::BITS - bits.max(1));
        if mirrored > n {
            re.swap(n, mirrored);
            im.swap(n, mirrored);
        }
    }
    let mut span = 2;
    while span <= size {
        let turn = -2.0 * PI / real(span);
        for (re, im) in re.chunks_exact_mut(span).zip(im.chunks_exact_mut(span)) {
            let (re_low, re_high) = re.split_at_mut(span / 2);
            let (im_low, im_high) = im.split_at_mut(span / 2);
            let low = re_low.iter_mut().zip(im_low);
            let high = re_high.iter_mut().zip(im_high);
            for (k, ((re_low, im_low), (re_high, im_high))) in low.zip(high).enumerate() {
                let (sin, cos) = (turn * real(k)).sin_cos();
                let (re, im) = (*re_high * cos - *im_high * sin, *re_high * sin + *im_high * cos);
                (*re_high, *im_high) = (*re_low - re, *im_low - im);
                *re_low += re;
                *im_low += im;
            }
        }
        span *= 2;
    }
}

fn decibel(power: f64) -> f64 {
    (10.0 * power.max(1e-30).log10()).max(NOTHING)
}

#[expect(clippy::cast_precision_loss, reason = "a recording has far fewer than 2^52 samples")]
fn real(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "frequencies are not negative")]
fn whole(x: f64) -> usize {
    x as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::sine;

    #[test]
    fn a_tone_is_heard_where_and_as_loud_as_it_is() {
        for (frequency, level) in [(440.0, -12.0), (1_000.0, -3.0), (697.3, -30.0), (3_200.0, -20.0)] {
            for length in [1_600, 4_000, 8_000, 12_345] {
                let heard = hear(&sine(frequency, level, 8_000, 0, length), 8_000);
                assert!((heard.frequency - frequency).abs() < 0.5, "{frequency} heard as {heard:?} over {length}");
                assert!((heard.level - level).abs() < 0.3, "{level} heard as {heard:?} over {length}");
                assert!(heard.snr > 40.0, "{heard:?} over {length}");
            }
        }
    }

    #[test]
    fn a_leak_is_measured_far_below_the_tone() {
        let loud = sine(1_000.0, -10.0, 8_000, 0, 16_000);
        let soft = sine(440.0, -75.0, 8_000, 0, 16_000);
        let both: Vec<i16> = loud.iter().zip(&soft).map(|(a, b)| a + b).collect();
        let leak_with = leak(&both, 8_000, 1_000.0, 440.0);
        assert!((leak_with + 65.0).abs() < 2.0, "{leak_with}");
        assert!(leak(&loud, 8_000, 1_000.0, 440.0) < -85.0);
        assert!((level_at(&both, 8_000, 1_000.0) + 10.0).abs() < 0.3);
    }

    #[test]
    fn noise_beside_the_tone_lowers_its_snr() {
        let mut state = 1_u32;
        let noisy: Vec<i16> = sine(1_000.0, -10.0, 8_000, 0, 8_000)
            .into_iter()
            .map(|sample| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                sample.saturating_add(i16::try_from(state >> 20).unwrap() - 2_048)
            })
            .collect();
        let snr = hear(&noisy, 8_000).snr;
        // Uniform noise of ±2048 lies at −25.8 dBFS, 15.8 dB below the tone.
        assert!((15.3..16.3).contains(&snr), "{snr}");
    }

    #[test]
    fn silence_is_silent_and_gaps_are_found() {
        assert!(is_silent(&[0; 800]) && is_silent(&[8, -8, 8, -8]));
        assert!(!is_silent(&sine(440.0, -40.0, 8_000, 0, 800)));
        assert!(hear(&[0; 4_000], 8_000).level <= NOTHING + 1.0);
        let mut samples = sine(440.0, -10.0, 8_000, 0, 4_000);
        samples.extend([0; 400]);
        samples.extend(sine(440.0, -10.0, 8_000, 0, 4_000));
        samples.extend([0; 80]);
        samples.extend(sine(440.0, -10.0, 8_000, 0, 400));
        assert_eq!(gaps(&samples, 8_000, -50.0, 20), vec![4_000..4_400]);
    }
}
