//! The language of the page.

use super::{page, storage};
use crate::text::Language;

/// What was chosen on an earlier visit, else Japanese. The browser's own language is not asked: the desk is an
/// installation's tool and speaks its language until somebody says otherwise.
pub fn chosen() -> Language {
    storage::get(storage::LANGUAGE).and_then(|tag| Language::of_tag(&tag)).unwrap_or_default()
}

/// Sets `<html lang>`, by which fonts, line breaking and screen readers go, and remembers it.
pub fn choose(language: Language) {
    storage::set(storage::LANGUAGE, language.tag());
    if let Some(root) = page::root() {
        // The attribute's name is valid.
        drop(root.set_attribute("lang", language.tag()));
    }
}
