//! What an administrator sets up: users, extensions, trunks, numbers, queues, music, what holds
//! for every call; and who changed what.
//!
//! Never decides whether input is right: the server does, and says which field and why.

mod audit_words;
mod fields_model;
mod model;
mod tolls_model;

#[cfg(target_arch = "wasm32")]
mod audit_page;
#[cfg(target_arch = "wasm32")]
mod calls_form;
#[cfg(target_arch = "wasm32")]
mod extension_form;
#[cfg(target_arch = "wasm32")]
mod field_choices;
#[cfg(target_arch = "wasm32")]
mod field_form;
#[cfg(target_arch = "wasm32")]
mod fields_page;
#[cfg(target_arch = "wasm32")]
mod form;
#[cfg(target_arch = "wasm32")]
mod list;
#[cfg(target_arch = "wasm32")]
mod music_page;
#[cfg(target_arch = "wasm32")]
mod number_form;
#[cfg(target_arch = "wasm32")]
mod office_hours;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod queue_form;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
mod tolls;
#[cfg(target_arch = "wasm32")]
mod trunk_form;
#[cfg(target_arch = "wasm32")]
mod upload;
#[cfg(target_arch = "wasm32")]
mod user_form;

#[cfg(target_arch = "wasm32")]
pub(crate) use {model::Section, page::SettingsPage, tolls::AlarmsPage, tolls::TollAlarms};
