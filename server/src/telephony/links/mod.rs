//! Whose calls are: the customer of each call, for those who keep customers.
//!
//! A call whose number is one customer's alone is linked by the look-up at its start; where somebody said whose it is, or
//! that it is nobody's, it is settled, and no look-up changes it any more.
//!
//! **Invariant:** nothing here knows what a customer is, beyond the id.

mod store;

pub use self::store::{Link, adopt, any_open, forget, give, give_back, note, of, settle};
