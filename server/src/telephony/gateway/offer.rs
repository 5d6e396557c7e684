//! What a browser's offer asks for, and what of it the gateway takes.

use media::Codec;
use str0m::Rtc;
use str0m::format::{self, FormatParams};
use str0m::media::{Frequency, Mid};
use str0m::rtp::Extension;

use super::peer::REPORTS_EVERY;

/// The longest offer that is read, in octets; a browser's has about 2,000 for audio.
pub(super) const LONGEST: usize = 64 * 1024;

/// What stays the same in all offers of one connection: its certificate (RFC 8829 §5.2.2, RFC 8842 §5.5). A browser has
/// another one for each connection.
pub(super) fn certificate(offer: &str) -> Option<&str> {
    offer.lines().find_map(|line| line.strip_prefix("a=fingerprint:")).map(str::trim)
}

/// G.711 and telephone events, and no header extension but the one that names the media: none is used by audio of a
/// fixed rate, and each costs on every packet. Where PCMU is offered, PCMA is left out of the answer, so that all
/// browsers speak one law.
pub(super) fn configure(offer: &str) -> str0m::RtcConfig {
    let has_mu_law = offer.lines().any(|line| {
        line.strip_prefix("m=audio ").is_some_and(|media| media.split_whitespace().skip(2).any(|format| format == "0"))
    });
    let mut config = Rtc::builder()
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_pcmu(has_mu_law, false)
        .enable_pcma(!has_mu_law, false)
        .clear_extension_map()
        .set_extension(1, Extension::RtpMid)
        // Counters that are kept anyway are handed over with the browser's last report.
        .set_stats_interval(Some(REPORTS_EVERY))
        .set_send_buffer_audio(50);
    config.codec_config().add_config(
        101.into(),
        None,
        format::Codec::Tele,
        Frequency::EIGHT_KHZ,
        None,
        FormatParams::parse_line("0-15"),
    );
    config
}

/// The law and the payload type of telephone events that both sides have.
pub(super) fn negotiated(rtc: &Rtc, mid: Mid) -> Option<(Codec, Option<u8>)> {
    let agreed = rtc.media(mid)?.remote_pts();
    let of = |wanted: format::Codec| {
        let params =
            rtc.codec_config().find(|params| params.spec().codec == wanted && agreed.contains(&params.pt()))?;
        Some(*params.pt())
    };
    let codec = match (of(format::Codec::PCMU), of(format::Codec::PCMA)) {
        (Some(_), _) => Codec::Pcmu,
        (None, Some(_)) => Codec::Pcma,
        (None, None) => return None,
    };
    Some((codec, of(format::Codec::Tele)))
}
