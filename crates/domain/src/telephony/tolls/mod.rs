//! Toll fraud: which outbound calls may be placed, and which running ones must end.
//!
//! ```text
//!  a number dialled ─► Rules::admits (prefixes, countries), Rules::admits_now (office hours) ─┐
//!                                                                                             ├─► placed, or refused with the rule that refused it
//!  Ledger (who calls on what, since when) ─► Ledger::room ────────────────────────────────────┘
//!  Ledger::overdrawn ─► the calls that a ceiling of minutes ends now;   Ledger::look_again ─► when to ask next
//! ```
//!
//! The numbers of our own country are open and all others closed, unless a prefix says otherwise. Emergency numbers
//! pass every rule and no ceiling ends them.

mod hours;
mod ledger;
mod rules;

pub use hours::OfficeHours;
pub use ledger::{Attempt, Ledger, Overdrawn, Talk};
pub use rules::{Country, IRSF_PREFIXES, Prefix, Rule, Rules};
