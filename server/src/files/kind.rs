//! What a file is, told by its first bytes and by nothing else.

/// The kinds that the product knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RIFF WAVE.
    Wav,
    /// PNG (ISO/IEC 15948 §5.2).
    Png,
    /// JPEG (ITU-T T.81 annex B).
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// PDF.
    Pdf,
    /// Anything else; SVG and HTML too, which can carry scripts.
    Other,
}

impl Kind {
    /// The kind of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let riff = |form: &[u8]| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(form);
        match bytes {
            _ if riff(b"WAVE") => Self::Wav,
            _ if riff(b"WEBP") => Self::Webp,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            _ => Self::Other,
        }
    }

    /// The media type that it is served as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Other => "application/octet-stream",
        }
    }

    /// Whether it can be shown in place: sounds and pictures without scripts.
    pub fn is_inert(self) -> bool {
        match self {
            Self::Wav | Self::Png | Self::Jpeg | Self::Gif | Self::Webp => true,
            Self::Pdf | Self::Other => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_holds_not_what_it_is_called() {
        assert_eq!(Kind::of(b"\x89PNG\r\n\x1a\n...."), Kind::Png);
        assert_eq!(Kind::of(b"GIF89a=1;alert(1)"), Kind::Gif);
        assert_eq!(Kind::of(b"<svg xmlns='http://www.w3.org/2000/svg'>"), Kind::Other);
        assert_eq!(Kind::of(b"RIFF"), Kind::Other);
        assert_eq!(Kind::of(b""), Kind::Other);
    }
}
