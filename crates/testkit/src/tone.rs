//! Tones to be sent, so that each side of a call has its own.

use std::f64::consts::TAU;

/// A sine that begins at sample `from`, so that successive pieces join without a click.
///
/// `level_dbfs` is that of the sine's RMS against a full-scale sine's: 0 is as loud as it gets.
pub fn sine(frequency: f64, level_dbfs: f64, rate: u32, from: u64, samples: usize) -> Vec<i16> {
    let amplitude = 10.0_f64.powf(level_dbfs / 20.0) * 32_767.0;
    (from..).take(samples).map(|n| round(amplitude * (TAU * frequency * real(n) / f64::from(rate)).sin())).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a test lasts far less than 2^52 samples")]
fn real(n: u64) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is clipping")]
fn round(value: f64) -> i16 {
    value.round() as i16
}
