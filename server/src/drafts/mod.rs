//! Drafts: what was typed and not saved, kept for its writer until it is saved or discarded (A9, C5).
//!
//! Each keystroke that is kept has a number; one that comes late changes nothing, neither of a newer one nor of a draft
//! that was discarded after it. The writer's other tabs hear of each.
//!
//! **Invariant:** nobody else ever sees a draft, and nothing but its writer, or the erasure of whom it is about, ends one.

mod port;
mod store;
#[cfg(test)]
mod tests;

pub use self::port::Drafts;
pub use self::store::{About, erase};
