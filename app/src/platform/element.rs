//! Places, sizes and focus of elements.

use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

/// A rectangle in the window, in CSS pixels from its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// Where the element is drawn.
pub fn place(element: &Element) -> Place {
    let rect = element.get_bounding_client_rect();
    Place { x: rect.x(), y: rect.y(), width: rect.width(), height: rect.height() }
}

/// Where the first match in the page is drawn; none if there is none, or it is not drawn.
pub fn place_of(selector: &str) -> Option<Place> {
    let found = web_sys::window()?.document()?.query_selector(selector).ok()??;
    Some(place(&found)).filter(|place| place.width > 0.0 && place.height > 0.0)
}

/// The size of the window.
pub fn viewport() -> (f64, f64) {
    let side = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|side| side.as_f64()).unwrap_or_default();
    web_sys::window().map(|window| (side(window.inner_width()), side(window.inner_height()))).unwrap_or_default()
}

/// Gives the focus to the first match below `root`; false if there is none.
pub fn focus_within(root: &Element, selector: &str) -> bool {
    root.query_selector(selector).ok().flatten().is_some_and(|found| focus(&found))
}

/// Gives the focus to the element with this id; false if there is none.
pub fn focus_by_id(id: &str) -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(id))
        .is_some_and(|found| focus(&found))
}

/// Gives the focus to the element.
pub fn focus(element: &Element) -> bool {
    element.dyn_ref::<HtmlElement>().is_some_and(|element| element.focus().is_ok())
}

/// The matches below `root`, in document order.
pub fn all_within(root: &Element, selector: &str) -> Vec<HtmlElement> {
    let Ok(list) = root.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|at| list.get(at)).filter_map(|node| node.dyn_into().ok()).collect()
}

/// The element that has the focus.
pub fn focused() -> Option<HtmlElement> {
    web_sys::window()?.document()?.active_element()?.dyn_into().ok()
}

/// Whether typing now would go into a field.
pub fn typing() -> bool {
    focused().is_some_and(|element| {
        element.is_content_editable() || matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

/// Sets a CSS property by script, which the Content-Security-Policy allows where a `style` attribute is refused.
pub fn set_style(element: &HtmlElement, property: &str, value: &str) {
    // Only a read-only style declaration refuses, and an element's own is not.
    drop(element.style().set_property(property, value));
}

/// Keeps the pointer's events on this element until the button is let go: for dragging.
pub fn capture_pointer(element: &Element, pointer_id: i32) {
    drop(element.set_pointer_capture(pointer_id));
}
