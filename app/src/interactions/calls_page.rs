//! The call list.
use leptos::prelude::*;
/// The call list.
#[component]
pub(crate) fn CallsPage() -> impl IntoView { view! { <p></p> } }
