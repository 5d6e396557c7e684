//! The words of the desk, in three languages.
//!
//! A small table of our own and no i18n crate: `leptos_i18n` and `leptos-fluent` bring run-time parsers, ICU data
//! or code generation of their own, for plurals and number forms that Japanese and Korean do not have and that the
//! browser's `Intl` gives where they are needed. As Rust constants all three languages together cost about 15 KB
//! compressed, switch at once, and a message that is missing in one of them does not compile.
//!
//! Never here: words for developers or operators (logs, errors of ports), and anything an administrator can rename.

mod domain_words;
mod en;
mod error_words;
mod fill;
mod ja;
mod keys;
mod ko;
#[cfg(target_arch = "wasm32")]
mod on_display;

pub use keys::Messages;
#[cfg(target_arch = "wasm32")]
pub use on_display::{Text, provide_text, use_text};

/// A language of the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// 日本語
    #[default]
    Ja,
    /// English
    En,
    /// 한국어
    Ko,
}

impl Language {
    /// In the order of the switch.
    pub const ALL: [Self; 3] = [Self::Ja, Self::En, Self::Ko];

    /// The tag for `lang` attributes and for the browser's `Intl` (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// The language of a tag such as `ko` or `en-GB`, if it is one of ours.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// All words of this language.
    pub fn messages(self) -> &'static Messages {
        match self {
            Self::Ja => &ja::JA,
            Self::En => &en::EN,
            Self::Ko => &ko::KO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn languages_take_the_same_arguments() {
        for language in Language::ALL {
            for (name, text, arguments) in language.messages().all() {
                assert!(!text.trim().is_empty(), "{language:?} {name} is empty");
                let mut found: Vec<&str> =
                    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(arg, _)| arg).collect();
                found.sort_unstable();
                let mut wanted = arguments.to_vec();
                wanted.sort_unstable();
                assert_eq!(found, wanted, "{language:?} {name}: {text}");
            }
        }
    }

    /// The voice of the desk: quiet, and no exclamation.
    #[test]
    fn no_message_shouts() {
        for language in Language::ALL {
            for (name, text, _) in language.messages().all() {
                assert!(!text.contains(['!', '！']), "{language:?} {name}: {text}");
            }
        }
    }

    /// Copying a line and forgetting to translate it is the usual slip.
    #[test]
    fn every_message_is_translated() {
        for (ja, ko) in Language::Ja.messages().all().into_iter().zip(Language::Ko.messages().all()) {
            let kana = |text: &str| text.chars().any(|c| ('\u{3041}'..='\u{30fa}').contains(&c));
            assert!(!kana(ko.1), "{}: Japanese letters in Korean: {}", ko.0, ko.1);
            assert!(!ja.1.chars().any(|c| ('\u{ac00}'..='\u{d7a3}').contains(&c)), "{}: {}", ja.0, ja.1);
        }
        for (name, text, _) in Language::En.messages().all() {
            assert!(text.chars().all(|c| c < '\u{2e80}'), "{name}: {text}");
        }
    }

    #[test]
    fn tags_are_read_with_their_regions() {
        assert_eq!(Language::of_tag("ko-KR"), Some(Language::Ko));
        assert_eq!(Language::of_tag("EN"), Some(Language::En));
        assert_eq!(Language::of_tag("fr"), None);
    }
}
