//! What this browser remembers between visits: small settings only, never personal data.
//!
//! `start.js` reads [`THEME`] and [`LANGUAGE`] before the first paint.

/// The chosen appearance.
pub const THEME: &str = "madoguchi.theme";
/// The chosen language.
pub const LANGUAGE: &str = "madoguchi.language";

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
