//! What only a browser's engine can show: its `Intl`, its storage, its attributes and its elements.
//!
//! The page is shared by all tests, so each leaves the storage and `<html>` as it found them. There is no style sheet.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use core::cell::Cell;
use core::time::Duration;
use std::rc::Rc;

use app::format;
use app::platform::clock::{Clock, provide_clock};
use app::platform::{element, language, storage, theme::Theme};
use app::text::{Language, provide_text};
use app::ui::{Button, Popup};
use domain::time::Timestamp;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos::task::tick;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

/// Draws into a fresh element of the page, until the second of what it gives is dropped.
fn shown(draw: impl FnOnce() -> AnyView + 'static) -> (HtmlElement, impl Sized) {
    let place: HtmlElement = document().create_element("div").unwrap().unchecked_into();
    document().body().unwrap().append_child(&place).unwrap();
    (place.clone(), mount_to(place, draw))
}

fn found(place: &HtmlElement, selector: &str) -> HtmlElement {
    place.query_selector(selector).unwrap().unwrap().unchecked_into()
}

/// Until the page is drawn the next time.
async fn drawn() {
    let (tell, told) = futures::channel::oneshot::channel();
    request_animation_frame(move || tell.send(()).unwrap());
    told.await.unwrap();
}

fn of_root(attribute: &str) -> Option<String> {
    document().document_element().unwrap().get_attribute(attribute)
}

/// A time of day of 22 November 2026, a Sunday, in whatever time zone the browser is.
fn at(hour: u32, minute: u32, second: u32) -> Timestamp {
    let date = js_sys::Date::new_with_year_month_day_hr_min_sec(
        2026,
        10,
        22,
        hour.cast_signed(),
        minute.cast_signed(),
        second.cast_signed(),
    );
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, below 2^53")]
    Timestamp(date.get_time() as i64)
}

#[wasm_bindgen_test]
fn days_and_times_are_written_as_each_language_has_them() {
    let afternoon = at(14, 2, 7);
    for (language, day, country) in [
        (Language::Ja, "11月22日(日)", "韓国"),
        (Language::En, "Sun, Nov 22", "South Korea"),
        (Language::Ko, "11월 22일 (일)", "대한민국"),
    ] {
        assert_eq!(format::day(afternoon, language), day);
        assert_eq!(format::clock_time(afternoon, language), "14:02", "{language:?}");
        assert_eq!(format::clock_seconds(afternoon, language), "14:02:07", "{language:?}");
        assert_eq!(format::region("KR", language), country);
        // Some languages' own habit would be 24:05 or 12:05 AM.
        let after_midnight = format::clock_time(at(0, 5, 0), language);
        assert!(["0:05", "00:05"].contains(&after_midnight.as_str()), "{language:?}: {after_midnight}");
    }
}

#[wasm_bindgen_test]
fn what_was_stored_is_there_until_it_is_forgotten() {
    storage::set("madoguchi.test", "受付 1");
    assert_eq!(storage::get("madoguchi.test").as_deref(), Some("受付 1"));
    storage::remove("madoguchi.test");
    assert_eq!(storage::get("madoguchi.test"), None);
}

#[wasm_bindgen_test]
fn a_chosen_appearance_shows_at_once_and_is_remembered() {
    Theme::Dark.choose();
    assert_eq!(of_root("data-theme").as_deref(), Some("dark"));
    assert_eq!(Theme::chosen(), Theme::Dark);
    Theme::Light.choose();
    assert_eq!(of_root("data-theme").as_deref(), Some("light"));
    Theme::System.choose();
    assert_eq!(of_root("data-theme"), None);
    assert_eq!(Theme::chosen(), Theme::System);
}

#[wasm_bindgen_test]
async fn a_change_of_language_reaches_the_page_and_the_words_on_it() {
    let before = of_root("lang");
    language::choose(Language::Ko);
    assert_eq!(of_root("lang").as_deref(), Some("ko"));
    assert_eq!(language::chosen(), Language::Ko);

    let text = Rc::new(Cell::new(None));
    let given = Rc::clone(&text);
    let (place, _mounted) = shown(move || {
        let text = provide_text(language::chosen());
        given.set(Some(text));
        view! { <Button label=Signal::derive(move || text.get().undo.to_owned()) /> }.into_any()
    });
    let button = found(&place, "button");
    assert_eq!(button.text_content().unwrap(), Language::Ko.messages().undo);
    text.get().unwrap().set_language(Language::En);
    tick().await;
    assert_eq!(button.text_content().unwrap(), Language::En.messages().undo);

    storage::remove(storage::LANGUAGE);
    let root = document().document_element().unwrap();
    match before {
        Some(tag) => root.set_attribute("lang", &tag).unwrap(),
        None => root.remove_attribute("lang").unwrap(),
    }
}

#[wasm_bindgen_test]
fn the_clock_goes_by_the_server_and_not_by_this_computer() {
    let owner = Owner::new();
    let clock: Clock = owner.with(provide_clock);
    let ahead = Duration::from_hours(1);
    let before = clock.now();
    clock.set(before.plus(ahead), Duration::from_millis(400));
    let taken = clock.now();
    // Half of the round trip has passed since the server said so.
    let least = before.plus(ahead + Duration::from_millis(200));
    assert!(taken.0 >= least.0 && taken.0 < least.0 + 5000, "{taken:?}, wanted {least:?}");
    let second = owner.with(|| untrack(|| clock.second()));
    assert!(second.0 >= least.0 && second.0 <= taken.0, "{second:?}");
    // The clock runs for as long as its page lives.
    std::mem::forget(owner);
}

#[wasm_bindgen_test]
async fn a_button_that_cannot_be_pressed_says_why_and_does_nothing() {
    let presses = RwSignal::new(0);
    let why_not = RwSignal::new(Some("マイクがありません".to_owned()));
    let (place, _mounted) = shown(move || {
        view! { <Button label="発信" why_not=why_not on_press=move || presses.update(|presses| *presses += 1) /> }
            .into_any()
    });
    let button = found(&place, "button");
    assert_eq!(button.get_attribute("aria-disabled").as_deref(), Some("true"));
    assert!(!button.has_attribute("disabled"), "it stays in the tab order");
    assert_eq!(button.get_attribute("data-tip").as_deref(), Some("マイクがありません"));
    let reason = document().get_element_by_id(&button.get_attribute("aria-describedby").unwrap()).unwrap();
    assert_eq!(reason.text_content().as_deref(), Some("マイクがありません"));
    button.click();
    assert_eq!(presses.get_untracked(), 0);

    why_not.set(None);
    tick().await;
    assert_eq!(button.get_attribute("aria-disabled"), None);
    assert_eq!(button.get_attribute("data-tip"), None);
    button.click();
    assert_eq!(presses.get_untracked(), 1);
}

#[wasm_bindgen_test]
async fn a_popup_that_was_left_outside_of_the_window_comes_back_into_it() {
    storage::set("madoguchi.place.test", "9000,9000");
    let (place, _mounted) =
        shown(|| view! { <Popup label="通話" state="talking" place="test" head=|| "通話">"お客様"</Popup> }.into_any());
    let popup = found(&place, "[role=dialog][aria-label=通話]");
    element::set_style(&popup, "width", "200px");
    element::set_style(&popup, "height", "100px");
    // It looks at its size when it is first drawn.
    tick().await;
    drawn().await;
    tick().await;
    let (width, height) = element::viewport();
    let of_style = |property: &str| popup.style().get_property_value(property).unwrap();
    assert_eq!(of_style("--popup-end"), format!("{:.0}px", width - 200.0));
    assert_eq!(of_style("--popup-top"), format!("{:.0}px", height - 100.0));
    storage::remove("madoguchi.place.test");
}
