//! One call as a pure machine: what may happen to it, and what then has to be done.
//!
//! [`Call`] decides, the server's call task does. Neither SIP nor audio is known here.

mod call;
mod event;
mod key;
mod outcome;
pub mod quality;
pub mod tolls;

pub use call::{Call, CallInput, CallOutput, Command, Refuse};
pub use event::{Because, CallEvent, Numbered};
pub use key::{Key, NoKey};
pub use outcome::{Direction, Failure, Outcome};
