//! Numbers, times and dates as they are shown. Pure, except the dates, which are the browser's own.

#[cfg(target_arch = "wasm32")]
mod dates;
mod phone;
mod timer;

#[cfg(target_arch = "wasm32")]
pub use dates::{clock_seconds, clock_time, date_time, dated, day, day_began, iso_day, region, utc_offset};
pub use phone::{Erased, Typed, digits_only, typed};
pub use timer::timer;
