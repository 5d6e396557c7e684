//! Text by the browser's own tables of Unicode.

/// The text in NFKC (Unicode UAX #15): full and half width, and what else only looks different, become one.
pub fn nfkc(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKC").into()
}
