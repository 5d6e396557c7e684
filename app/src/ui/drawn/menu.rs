//! A button that opens a list of acts or choices.

use leptos::html;
use leptos::prelude::*;

use super::{Icon, new_id};
use crate::platform::element;
use crate::ui::icon_names;

/// One entry of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuEntry<K> {
    /// What it stands for.
    pub key: K,
    /// Its word.
    pub label: String,
    /// Its icon.
    pub icon: Option<icon_names::Icon>,
    /// For a choice: whether it is the chosen one.
    pub chosen: Option<bool>,
    /// Why it cannot be chosen now; it can still be reached and read.
    pub why_not: Option<String>,
    /// A heading over it, which begins a group.
    pub heading: Option<String>,
}

impl<K> MenuEntry<K> {
    /// A plain act.
    pub fn new(key: K, label: impl Into<String>) -> Self {
        Self { key, label: label.into(), icon: None, chosen: None, why_not: None, heading: None }
    }

    /// With an icon.
    #[must_use]
    pub fn icon(self, icon: icon_names::Icon) -> Self {
        Self { icon: Some(icon), ..self }
    }

    /// One of several, of which one is chosen.
    #[must_use]
    pub fn chosen(self, chosen: bool) -> Self {
        Self { chosen: Some(chosen), ..self }
    }

    /// Not now, and why.
    #[must_use]
    pub fn why_not(self, why_not: Option<String>) -> Self {
        Self { why_not, ..self }
    }

    /// The first of a group.
    #[must_use]
    pub fn heading(self, heading: impl Into<String>) -> Self {
        Self { heading: Some(heading.into()), ..self }
    }
}

/// A menu button (WAI-ARIA Authoring Practices, "Menu Button"): Enter, Space and the arrows open it, arrows, Home,
/// End and first letters move, Esc and Tab close it and the focus returns to the button.
#[component]
pub fn Menu<K>(
    /// What the menu is for: the name of the menu, and how the name of its button begins; the rest of that is what
    /// the button shows.
    #[prop(into)]
    label: Signal<String>,
    /// The entries.
    #[prop(into)]
    entries: Signal<Vec<MenuEntry<K>>>,
    /// An entry was chosen.
    #[prop(into)]
    on_choose: Callback<(K,)>,
    /// Opens towards the start instead of the end: for buttons at the end of the page.
    #[prop(optional)]
    at_end: bool,
    /// Why it cannot be opened now.
    #[prop(optional, into)]
    why_not: Signal<Option<String>>,
    /// `plain` (default) or `bare` for a button that is drawn by its content, such as a state pill.
    #[prop(default = "plain")]
    look: &'static str,
    /// What the button shows.
    children: Children,
) -> impl IntoView
where
    K: Clone + PartialEq + Send + Sync + 'static,
{
    let open = RwSignal::new(false);
    let frame = NodeRef::<html::Div>::new();
    let trigger = NodeRef::<html::Button>::new();
    let list = NodeRef::<html::Div>::new();
    let menu_id = new_id("menu");

    let items = move || list.get_untracked().map(|list| element::all_within(&list, ".menu-entry")).unwrap_or_default();
    let focus_at = move |at: usize| {
        if let Some(item) = items().get(at) {
            element::focus(item);
        }
    };
    let show = move |at_last: bool| {
        if why_not.with_untracked(Option::is_some) {
            return;
        }
        open.set(true);
        // The entries are drawn in this turn's effects; the next frame finds them.
        request_animation_frame(move || focus_at(if at_last { items().len().saturating_sub(1) } else { 0 }));
    };
    let hide = move |to_trigger: bool| {
        open.set(false);
        if to_trigger && let Some(trigger) = trigger.get_untracked() {
            element::focus(&trigger);
        }
    };
    let choose = move |entry: &MenuEntry<K>| {
        if entry.why_not.is_none() {
            hide(true);
            on_choose.run((entry.key.clone(),));
        }
    };

    let on_trigger_key = move |event: leptos::ev::KeyboardEvent| match event.key().as_str() {
        "ArrowDown" => {
            event.prevent_default();
            show(false);
        }
        "ArrowUp" => {
            event.prevent_default();
            show(true);
        }
        _ => {}
    };
    let on_menu_key = move |event: leptos::ev::KeyboardEvent| {
        let all = items();
        let focused = element::focused();
        let now = all.iter().position(|item| Some(item) == focused.as_ref());
        let end = all.len().saturating_sub(1);
        let to = match event.key().as_str() {
            "ArrowDown" => Some(now.map_or(0, |now| if now == end { 0 } else { now + 1 })),
            "ArrowUp" => Some(now.map_or(end, |now| if now == 0 { end } else { now - 1 })),
            "Home" => Some(0),
            "End" => Some(end),
            "Escape" => {
                event.prevent_default();
                event.stop_propagation();
                hide(true);
                None
            }
            "Tab" => {
                hide(true);
                None
            }
            letter if letter.chars().count() == 1 && letter != " " => {
                let letter = letter.to_lowercase();
                let labels = entries.with_untracked(|entries| {
                    entries.iter().map(|entry| entry.label.to_lowercase()).collect::<Vec<_>>()
                });
                let from = now.map_or(0, |now| now + 1);
                labels
                    .iter()
                    .enumerate()
                    .cycle()
                    .skip(from)
                    .take(labels.len())
                    .find(|(_, label)| label.starts_with(&letter))
                    .map(|(at, _)| at)
            }
            _ => None,
        };
        if let Some(to) = to {
            event.prevent_default();
            focus_at(to);
        }
    };

    // A press elsewhere closes it.
    let outside = window_event_listener(leptos::ev::pointerdown, move |event| {
        let inside = frame.get_untracked().is_some_and(|frame| {
            frame.contains(event.target().and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok()).as_ref())
        });
        if open.get_untracked() && !inside {
            hide(false);
        }
    });
    on_cleanup(move || outside.remove());

    let drawn = move || {
        entries
            .get()
            .into_iter()
            .map(|entry| {
                let MenuEntry { key: _, label, icon, chosen, why_not, heading } = entry.clone();
                let refused = why_not.is_some();
                view! {
                    {heading.map(|heading| view! { <div class="menu-heading" role="presentation">{heading}</div> })}
                    <div
                        class="menu-entry"
                        tabindex="-1"
                        role=if chosen.is_some() { "menuitemradio" } else { "menuitem" }
                        aria-checked=chosen.map(|chosen| if chosen { "true" } else { "false" })
                        aria-disabled=refused.then_some("true")
                        on:click={
                            let entry = entry.clone();
                            move |_| choose(&entry)
                        }
                        on:keydown=move |event| {
                            if matches!(event.key().as_str(), "Enter" | " ") {
                                event.prevent_default();
                                choose(&entry);
                            }
                        }
                    >
                        {icon.map(|icon| view! { <Icon name=icon /> })}
                        <span class="menu-entry-words">
                            <span>{label}</span>
                            {why_not.map(|why_not| view! { <span class="menu-entry-why">{why_not}</span> })}
                        </span>
                        {chosen
                            .map(|chosen| {
                                view! { <span class="menu-entry-tick">{chosen.then(|| view! { <Icon name=icon_names::Icon::Check /> })}</span> }
                            })}
                    </div>
                }
            })
            .collect_view()
    };
    let controls = menu_id.clone();
    view! {
        <div class="menu" node_ref=frame data-at-end=at_end.then_some("")>
            <button
                type="button"
                class="menu-button"
                data-look=look
                node_ref=trigger
                aria-haspopup="menu"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-controls=move || open.get().then(|| controls.clone())
                aria-disabled=move || why_not.with(Option::is_some).then_some("true")
                data-tip=move || why_not.get()
                on:click=move |_| if open.get_untracked() { hide(true) } else { show(false) }
                on:keydown=on_trigger_key
            >
                // Before what is drawn, so that the name holds all that is seen (WCAG 2.2, 2.5.3).
                <span class="said-only">{move || label.get()} " "</span>
                {children()}
            </button>
            <Show when=move || open.get()>
                <div
                    class="menu-list"
                    role="menu"
                    id=menu_id.clone()
                    node_ref=list
                    aria-label=move || label.get()
                    on:keydown=on_menu_key
                >
                    {drawn}
                </div>
            </Show>
        </div>
    }
}
