//! The parts that every screen is made of: they know how things look and are pressed, and nothing of what they mean.
//!
//! Never here: a slice or a server call. What a control is called comes in as a signal; the few words that belong to
//! the control itself (必須, パスワードを表示) it takes from `text`. Each component's style is
//! `style/ui/<its name>.css`, hooked on `data-*` and `aria-*`.

#[cfg(target_arch = "wasm32")]
pub mod drawn;
mod icon_names;
mod place;

#[cfg(target_arch = "wasm32")]
pub use drawn::*;
pub use icon_names::Icon;
