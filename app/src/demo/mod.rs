//! Stub.
#[cfg(target_arch = "wasm32")]
use leptos::prelude::*;
/// Stub.
#[cfg(target_arch = "wasm32")]
#[component]
pub(crate) fn DemoPage() -> impl IntoView { view! { <p></p> } }
