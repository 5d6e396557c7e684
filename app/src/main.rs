//! Mounts the desk.

use leptos::prelude::*;

fn main() {
    leptos::mount::mount_to_body(|| view! { <main><h1>"窓口"</h1></main> });
}
