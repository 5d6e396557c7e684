//! The system's notifications.

use wasm_bindgen_futures::JsFuture;
use web_sys::{Notification, NotificationOptions, NotificationPermission};

/// Whether notifications may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// They may.
    Granted,
    /// The user said no; only the browser's own settings can change that.
    Denied,
    /// Nobody was asked yet.
    NotAsked,
}

/// What the browser says now.
pub fn permission() -> Permission {
    of(Notification::permission())
}

/// Asks the user; browsers want a press before.
pub async fn request() -> Permission {
    if let Ok(asked) = Notification::request_permission() {
        // The answer is read anew below, whatever the promise says.
        drop(JsFuture::from(asked).await);
    }
    permission()
}

/// A notification on display.
#[derive(Debug)]
pub struct Shown(Notification);

impl Shown {
    /// Takes it away.
    pub fn close(&self) {
        self.0.close();
    }
}

/// Shows a notification; one with the same tag is replaced. None where they may not be shown.
pub fn show(title: &str, body: &str, tag: &str) -> Option<Shown> {
    if permission() != Permission::Granted {
        return None;
    }
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    Notification::new_with_options(title, &options).ok().map(Shown)
}

fn of(permission: NotificationPermission) -> Permission {
    match permission {
        NotificationPermission::Granted => Permission::Granted,
        NotificationPermission::Denied => Permission::Denied,
        // The third answer; the binding's enum is open, so that a browser's fourth would be asked about anew.
        NotificationPermission::Default | _ => Permission::NotAsked,
    }
}
