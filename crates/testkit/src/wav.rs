//! WAV files: what a browser's fake microphone speaks, and what a test wants to keep of what it heard.

use std::io;
use std::path::Path;

/// Writes 16-bit mono samples.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(path: &Path, samples: &[i16], rate: u32) -> io::Result<()> {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).map_err(io::Error::other)?;
    for sample in samples {
        writer.write_sample(*sample).map_err(io::Error::other)?;
    }
    writer.finalize().map_err(io::Error::other)
}
