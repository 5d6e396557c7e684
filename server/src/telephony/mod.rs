//! Calls: the audio of both legs, and what joins them.

pub mod gateway;
