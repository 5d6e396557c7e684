//! The frame of every page: what is mounted once, the routes, the top row, the strip.
//!
//! Joins the slices and decides nothing for them.

mod desk;
mod keys;
mod menu;
mod missing;
mod palette;
mod root;
mod stores;
mod strip;
mod top_row;

pub(crate) use root::Root;
pub(crate) use stores::{Stores, use_stores};
