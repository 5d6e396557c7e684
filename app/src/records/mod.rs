//! What the records of customers and inquiries have in common: the fields that the administrator defined, the form that is
//! drawn from them, and what was typed and not saved.
//!
//! Never here: whose form it is. A customer's or an inquiry's own pane opens, saves and closes it.

pub(crate) mod drafts;
pub(crate) mod form;
pub(crate) mod list;

#[cfg(target_arch = "wasm32")]
mod form_store;
#[cfg(target_arch = "wasm32")]
mod save_row;
#[cfg(target_arch = "wasm32")]
mod store;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{
    form_store::FormStore,
    save_row::{FormHead, FormTroubles, SaveRow},
    store::RecordsStore,
};
