//! Stub.
#[cfg(target_arch = "wasm32")]
use leptos::prelude::*;
/// Stub.
#[cfg(target_arch = "wasm32")]
#[component]
pub(crate) fn SettingsPage(section: Option<String>) -> impl IntoView { view! { <p>{section}</p> } }
