//! The components themselves; they exist in the browser only.

pub mod button;
pub mod check_field;
pub mod chip;
pub mod dialog;
pub mod empty_state;
pub mod error_summary;
mod field;
pub mod icon;
pub mod menu;
pub mod multi_select;
pub mod popup;
pub mod select_field;
pub mod skeleton;
pub mod splitter;
pub mod state_pill;
pub mod strip;
pub mod switch;
pub mod table;
pub mod tabs;
pub mod text_area;
pub mod text_field;
pub mod timer;
pub mod toast;
pub mod tooltip;

use core::sync::atomic::{AtomicU32, Ordering};

pub use button::{Button, Kind, Look, Size};
pub use check_field::CheckField;
pub use chip::{Chip, Tone};
pub use dialog::Dialog;
pub use empty_state::EmptyState;
pub use error_summary::{ErrorSummary, FieldError};
pub use icon::Icon;
pub use menu::{Menu, MenuEntry};
pub use multi_select::MultiSelect;
pub use popup::{Popup, PopupTitle};
pub use select_field::{Choice, SelectField};
pub use skeleton::Skeleton;
pub use splitter::Splitter;
pub use state_pill::{PillState, StatePill};
pub use strip::{Strip, StripState};
pub use switch::Switch;
pub use table::{Column, Sorted, Table};
pub use tabs::{Tab, Tabs};
pub use text_area::TextArea;
pub use text_field::TextField;
pub use timer::Timer;
pub use toast::{ToastLayer, Toasts, provide_toasts, use_toasts};
pub use tooltip::TooltipLayer;

/// An id that is unique in the page.
fn new_id(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
