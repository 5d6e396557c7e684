//! The tab: its title and its icon.

use wasm_bindgen::JsCast as _;

/// What the tab's icon shows, by shape and not by colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TabIcon {
    /// Nothing special.
    #[default]
    Idle,
    /// 呼出中, 発信中: a ring.
    Ringing,
    /// 通話中: a dot.
    Talking,
    /// 保留中: two bars.
    Held,
    /// 後処理: a square.
    AfterCall,
}

/// Sets the tab's title.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Sets the tab's icon.
pub fn set_icon(icon: TabIcon) {
    let path = match icon {
        TabIcon::Idle => "/tab-idle.svg",
        TabIcon::Ringing => "/tab-ringing.svg",
        TabIcon::Talking => "/tab-talking.svg",
        TabIcon::Held => "/tab-held.svg",
        TabIcon::AfterCall => "/tab-after-call.svg",
    };
    let link = document().and_then(|document| document.query_selector("link[rel=icon]").ok().flatten());
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlLinkElement>().ok()) {
        link.set_href(path);
    }
}

/// Loads the page anew.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        drop(window.location().reload());
    }
}

/// `<html>`.
pub(super) fn root() -> Option<web_sys::Element> {
    document()?.document_element()
}

fn document() -> Option<web_sys::Document> {
    web_sys::window()?.document()
}
