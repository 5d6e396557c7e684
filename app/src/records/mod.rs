//! What the records of customers and inquiries have in common: the form that is drawn from the administrator's fields,
//! and what was typed and not saved.
//!
//! Never here: whose form it is. A customer's or an inquiry's own pane opens, saves and closes it.

pub(crate) mod drafts;
pub(crate) mod form;
pub(crate) mod list;
