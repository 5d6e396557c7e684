//! The language on display, as a signal.

use leptos::prelude::*;

use super::{Language, Messages};

/// The words in the language on display; reading them in a view or an effect follows a change of language.
#[derive(Clone, Copy, Debug)]
pub struct Text(RwSignal<Language>);

impl Text {
    /// The words now.
    pub fn get(self) -> &'static Messages {
        self.0.get().messages()
    }

    /// The words now, outside of views: a change of language is not followed.
    pub fn get_untracked(self) -> &'static Messages {
        self.0.get_untracked().messages()
    }

    /// The language now.
    pub fn language(self) -> Language {
        self.0.get()
    }

    /// Changes the language of the whole desk.
    pub fn set_language(self, language: Language) {
        self.0.set(language);
    }
}

/// Makes the words known to everything below; called once, where the desk is mounted.
pub fn provide_text(language: Language) -> Text {
    let text = Text(RwSignal::new(language));
    provide_context(text);
    text
}

/// The words in the language on display; Japanese where [`provide_text`] was not called.
pub fn use_text() -> Text {
    use_context::<Text>().unwrap_or_else(|| Text(RwSignal::new(Language::default())))
}
