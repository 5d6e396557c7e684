//! What this browser remembers between visits: small settings; and what was typed until the server has it, which is the
//! only personal data ever kept here.
//!
//! `start.js` reads [`THEME`] and [`LANGUAGE`] before the first paint.

/// The chosen appearance.
pub const THEME: &str = "madoguchi.theme";
/// The chosen language.
pub const LANGUAGE: &str = "madoguchi.language";

/// What the keys of drafts begin with.
pub const DRAFT: &str = "madoguchi.draft.";

/// The stored text; none if there is none, or if storage is switched off.
pub fn get(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Stores the text. A full or switched-off storage is passed over: the setting then lasts for this visit.
pub fn set(key: &str, value: &str) {
    if let Some(storage) = storage() {
        drop(storage.set_item(key, value));
    }
}

/// Stores the text; false where storage is full or switched off.
pub fn keep(key: &str, value: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, value).is_ok())
}

/// The keys that begin with this.
pub fn drafts(prefix: &str) -> Vec<String> {
    let Some(storage) = storage() else { return Vec::new() };
    let count = storage.length().unwrap_or_default();
    (0..count).filter_map(|at| storage.key(at).ok().flatten()).filter(|key| key.starts_with(prefix)).collect()
}

/// Forgets it.
pub fn remove(key: &str) {
    if let Some(storage) = storage() {
        drop(storage.remove_item(key));
    }
}

/// The text that this tab keeps until it is closed.
pub fn get_for_tab(key: &str) -> Option<String> {
    tab_storage()?.get_item(key).ok()?
}

/// Keeps the text for this tab alone, through reloads.
pub fn set_for_tab(key: &str, value: &str) {
    if let Some(storage) = tab_storage() {
        drop(storage.set_item(key, value));
    }
}

/// Forgets what this tab kept.
pub fn remove_for_tab(key: &str) {
    if let Some(storage) = tab_storage() {
        drop(storage.remove_item(key));
    }
}

fn tab_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}
