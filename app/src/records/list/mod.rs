//! 顧客 and お問合せ: one list page over both kinds of record, with search, conditions, order and columns, and what can
//! be done with customers from there: take them out as a file, bring them in, make two one, erase one.
//!
//! Never edits a record: a row opens on the desk, where the forms are.

pub(crate) mod import_model;
pub(crate) mod model;

#[cfg(target_arch = "wasm32")]
mod erase;
#[cfg(target_arch = "wasm32")]
mod import_page;
#[cfg(target_arch = "wasm32")]
mod import_rows;
#[cfg(target_arch = "wasm32")]
mod import_store;
#[cfg(target_arch = "wasm32")]
mod merge;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod panels;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::{import_page::ImportPage, import_store::ImportStore, page::RecordsPage, store::ListStore};
