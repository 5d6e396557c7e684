//! Copying.

use wasm_bindgen_futures::JsFuture;

/// Puts the text on the clipboard; false where the browser refuses.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok()
}
