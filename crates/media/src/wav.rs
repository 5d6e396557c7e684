//! WAV files as 8 kHz mono: what an administrator uploads as hold music.

use core::f64::consts::PI;
use std::io::Read;

use hound::{SampleFormat, WavReader};

use crate::codec::RATE;
use crate::tone::sample;

/// The longest clip that is read.
pub const LONGEST_SECONDS: u32 = 15 * 60;

/// Why a file is no hold music.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// Not a WAV file, or a broken one.
    #[error("this is not a readable WAV file ({0})")]
    Unreadable(String),
    /// Compressed, or of a rate or sample width that nobody records in.
    #[error("only PCM with 8 to 32 bits or float, 1 to 8 channels and 4 to 192 kHz can be read")]
    Unsupported,
    /// Longer than [`LONGEST_SECONDS`].
    #[error("the clip is longer than {LONGEST_SECONDS} seconds")]
    TooLong,
    /// No sound in it.
    #[error("the clip is empty")]
    Empty,
}

/// Reads a WAV file as 16-bit samples at 8 kHz, all channels mixed to one.
///
/// # Errors
/// See [`WavError`].
pub fn read(file: impl Read) -> Result<Vec<i16>, WavError> {
    let unreadable = |error| {
        if matches!(error, hound::Error::Unsupported) {
            WavError::Unsupported
        } else {
            WavError::Unreadable(error.to_string())
        }
    };
    let reader = WavReader::new(file).map_err(unreadable)?;
    let spec = reader.spec();
    if !(1..=8).contains(&spec.channels) || !(4_000..=192_000).contains(&spec.sample_rate) {
        return Err(WavError::Unsupported);
    }
    if reader.duration() / spec.sample_rate >= LONGEST_SECONDS {
        return Err(WavError::TooLong);
    }
    let values: Result<Vec<f64>, hound::Error> = match spec.sample_format {
        SampleFormat::Float => reader.into_samples::<f32>().map(|value| value.map(f64::from)).collect(),
        SampleFormat::Int => {
            let full = f64::from(1_u32 << (u32::from(spec.bits_per_sample).clamp(1, 32) - 1));
            reader.into_samples::<i32>().map(|value| value.map(|value| f64::from(value) / full)).collect()
        }
    };
    let values = values.map_err(unreadable)?;
    if values.is_empty() {
        return Err(WavError::Empty);
    }
    let channels = usize::from(spec.channels);
    let mono: Vec<f64> =
        values.chunks(channels).map(|frame| frame.iter().sum::<f64>() / f64::from(spec.channels)).collect();
    Ok(resample(&mono, spec.sample_rate).into_iter().map(sample).collect())
}

/// To 8 kHz by a windowed sinc: what lies above 3.7 kHz of the lower rate goes, for it would fold into the speech band.
fn resample(input: &[f64], rate: u32) -> Vec<f64> {
    if rate == RATE {
        return input.to_vec();
    }
    let step = f64::from(rate) / f64::from(RATE);
    // In cycles an input sample.
    let cutoff = 0.4625 / step.max(1.0);
    // Half of the window, in input samples: 24 zero crossings of the sinc.
    let half = 24.0 * step.max(1.0);
    let count = u64::try_from(input.len()).unwrap_or(0) * u64::from(RATE) / u64::from(rate);
    (0..count)
        .map(|n| {
            let centre = real(n) * step;
            let first = whole(centre - half + 1.0);
            let mut sum = 0.0;
            let mut weight = 0.0;
            for (index, value) in input.iter().enumerate().skip(first).take(whole(2.0 * half)) {
                let distance = real(u64::try_from(index).unwrap_or(0)) - centre;
                let window = 0.42 + 0.5 * (PI * distance / half).cos() + 0.08 * (2.0 * PI * distance / half).cos();
                if distance.abs() < half {
                    let tap = window * sinc(2.0 * cutoff * distance);
                    sum += tap * value;
                    weight += tap;
                }
            }
            if weight.abs() > f64::EPSILON { sum / weight } else { 0.0 }
        })
        .collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[expect(clippy::cast_precision_loss, reason = "15 minutes at 192 kHz are far below 2^52")]
fn real(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates: before the beginning is 0"
)]
fn whole(x: f64) -> usize {
    x as usize
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn file(rate: u32, channels: u16, frequency: f64) -> Vec<u8> {
        let spec =
            hound::WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for n in 0..rate {
            let value = sample(0.5 * (2.0 * PI * frequency * f64::from(n) / f64::from(rate)).sin());
            for _ in 0..channels {
                writer.write_sample(value).unwrap();
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    fn rms(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        (sum / f64::from(u32::try_from(samples.len()).unwrap())).sqrt()
    }

    #[test]
    fn every_rate_and_both_mono_and_stereo_come_out_at_8_khz() {
        for (rate, channels) in [(8_000, 1), (16_000, 2), (44_100, 2), (48_000, 1), (6_000, 1)] {
            let samples = read(&file(rate, channels, 1_000.0)[..]).unwrap();
            assert!((7_998..=8_000).contains(&samples.len()), "{rate}: {}", samples.len());
            let crossings = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
            assert!((998..=1_001).contains(&crossings), "{rate}: {crossings}");
            let level = rms(&samples[200..7_800]);
            assert!((11_400.0..11_750.0).contains(&level), "{rate}: {level}");
        }
    }

    #[test]
    fn what_the_line_cannot_carry_does_not_fold_into_it() {
        let samples = read(&file(48_000, 1, 5_000.0)[..]).unwrap();
        assert!(rms(&samples[200..7_800]) < 12.0);
    }

    #[test]
    fn what_is_no_wav_file_says_so() {
        assert!(matches!(read(&b"ID3 not a wav"[..]), Err(WavError::Unreadable(_))));
        let bytes = file(8_000, 1, 100.0);
        assert!(matches!(read(&bytes[..3_000]), Err(WavError::Unreadable(_))));
        assert_eq!(read(&bytes[..44]).map(|s| s.len()).unwrap_err(), read(&bytes[..44]).unwrap_err());
    }
}
