//! A form over one record: its state in plain Rust, and one component that draws any field by its kind.
//!
//! Never asks the server for anything: what the agent does in it comes out as an [`model::Act`].

pub(crate) mod model;

#[cfg(target_arch = "wasm32")]
mod choices;
#[cfg(target_arch = "wasm32")]
mod conflict;
#[cfg(target_arch = "wasm32")]
mod fields;
#[cfg(target_arch = "wasm32")]
mod lines;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::fields::{FormFields, field_id as fields_id};
#[cfg(target_arch = "wasm32")]
pub(crate) use self::model::Act;
pub(crate) use self::model::Form;
