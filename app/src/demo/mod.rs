//! The demo's customer page: a telephone in the customer's hand, so that one person can play both sides.
//!
//! Needs nobody to be signed in, and never touches the desk: what it does reaches the desk by SIP.

mod level;
mod page;
mod phone;

pub(crate) use page::DemoPage;
