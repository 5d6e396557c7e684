//! お問合せ情報: what a customer wanted, written in a call, after it, for a past one, or with none at all.
//!
//! Never keeps an inquiry whose customer is not stored: it waits as a draft until the record is saved.

mod model;

#[cfg(target_arch = "wasm32")]
mod attachments;
#[cfg(target_arch = "wasm32")]
mod focus;
#[cfg(target_arch = "wasm32")]
mod inquiry_form;
#[cfg(target_arch = "wasm32")]
mod saving;
#[cfg(target_arch = "wasm32")]
mod store;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{
    focus::first_empty,
    inquiry_form::InquiryForm,
    saving::{is_save_key, save_by_key},
    store::InquiriesStore,
};
