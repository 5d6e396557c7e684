//! Which tab this is: an id that survives a reload and is not shared by a duplicated tab.

use leptos::prelude::*;
use uuid::Uuid;

/// Where the id waits while the page is being reloaded.
const KEY: &str = "madoguchi.tab";

/// The tab's id; called once, where the desk is mounted.
///
/// A duplicated tab gets a copy of the session storage, so the id lies there only between two pages of the same
/// tab: taken at the start, put back when the page goes.
pub fn id() -> Uuid {
    let stored = storage().and_then(|storage| {
        let stored = storage.get_item(KEY).ok().flatten();
        drop(storage.remove_item(KEY));
        stored
    });
    let id = stored.and_then(|id| id.parse().ok()).unwrap_or_else(Uuid::new_v4);
    let put_back = window_event_listener(leptos::ev::pagehide, move |_| {
        if let Some(storage) = storage() {
            // A full or switched-off storage: the reloaded page is then another tab to the server.
            drop(storage.set_item(KEY, &id.to_string()));
        }
    });
    let take = window_event_listener(leptos::ev::pageshow, move |_| {
        // Back from the browser's page cache: the id is in use again.
        if let Some(storage) = storage() {
            drop(storage.remove_item(KEY));
        }
    });
    on_cleanup(move || {
        put_back.remove();
        take.remove();
    });
    id
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}
