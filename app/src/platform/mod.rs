//! Thin wrappers over browser calls: the one place, besides `realtime::socket` and `telephony::microphone`, that
//! makes them. Nothing here decides anything.

pub mod clipboard;
pub mod clock;
pub mod element;
pub mod language;
pub mod leave;
pub mod notification;
pub mod page;
pub mod storage;
pub mod tab;
pub mod text;
pub mod theme;
pub mod upload;
