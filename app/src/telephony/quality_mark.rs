//! The mark of a side whose sound is not as it should be: an icon and words, never colour alone.

use domain::telephony::quality::Verdict;
use leptos::prelude::*;

use super::model::quality::Mark;
use crate::ui::Icon;

/// The mark.
#[component]
pub(super) fn QualityMark(
    /// Whose side, and how it is.
    mark: Mark,
    /// The words beside the icon.
    said: String,
) -> impl IntoView {
    let (icon, state) = match mark.verdict {
        Verdict::Good => (Icon::CheckCircle, "good"),
        Verdict::Fair => (Icon::WarningCircle, "fair"),
        Verdict::Poor => (Icon::Warning, "poor"),
    };
    view! {
        <span class="quality-mark" data-quality=state>
            <Icon name=icon />
            <span class="cut">{said}</span>
        </span>
    }
}
