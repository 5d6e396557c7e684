//! Signing in to the app and out of it: the page, the user menu, changing the password.
//!
//! Never the softphone's own log-in, which is `telephony`'s.

mod model;

#[cfg(target_arch = "wasm32")]
mod change_password;
#[cfg(target_arch = "wasm32")]
mod sign_in;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
mod user_menu;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{model::Session, sign_in::SignInPage, store::SessionStore, user_menu::UserMenu};
