//! An icon of the sprite.

use leptos::prelude::*;

use crate::ui::icon_names::Icon;

/// Draws an icon in the colour of the text around it. It says nothing by itself: the name is its button's.
#[component]
pub fn Icon(
    /// Which.
    #[prop(into)]
    name: Signal<Icon>,
    /// 20 px instead of 16 px: in controls of 40 px and in the rail.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let href = move || format!("/icons.svg?v={SPRITE_VERSION:08x}#{}", name.get().id());
    view! {
        <svg class="icon" data-large=large.then_some("") aria-hidden="true" focusable="false">
            <use href=href></use>
        </svg>
    }
}

/// Changes with the sprite's content, so that browsers may keep it for ever.
const SPRITE_VERSION: u32 = fnv1a(include_bytes!("../../../../public/icons.svg"));

/// FNV-1a, 32 bit (draft-eastlake-fnv): only to tell two versions apart.
const fn fnv1a(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        // Widening a u8, which `From` cannot do in a constant.
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        rest = tail;
    }
    hash
}
