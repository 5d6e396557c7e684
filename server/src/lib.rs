//! The server of Madoguchi: the only crate with SQL, a clock and sockets of its own.
//!
//! Each slice is one folder (`session`, `agents`, `routing`, `telephony`, `interactions`, `settings`, …);
//! [`startup`] alone names concrete adapters and joins the slices to a running product.

pub mod agents;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod customers;
pub mod db;
pub mod demo;
pub mod drafts;
pub mod files;
pub mod http;
pub mod inquiries;
pub mod interactions;
pub mod private;
pub mod realtime;
pub mod record_files;
pub mod records;
pub mod routing;
pub mod search;
pub mod secrets;
pub mod session;
pub mod settings;
pub mod startup;
pub mod telephony;
