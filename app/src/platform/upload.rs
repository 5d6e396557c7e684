//! A file that was chosen, on its way up.

use futures::channel::oneshot;
use gloo_net::http::Request;
use js_sys::{Array, Function, Reflect};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::HtmlInputElement;

/// A file that was chosen. It is read when it is sent.
#[derive(Clone, Debug)]
pub struct Chosen(web_sys::File);

/// The first file that was chosen in the field.
pub fn chosen(input: &HtmlInputElement) -> Option<Chosen> {
    input.files().and_then(|files| files.get(0)).map(Chosen)
}

impl Chosen {
    /// What it is called on the user's disk.
    pub fn name(&self) -> String {
        self.0.name()
    }
}

/// Why a file did not arrive.
#[derive(Clone, Debug)]
pub enum Failed<E> {
    /// The server was not reached.
    Unreachable,
    /// It is larger than the server takes.
    TooLarge,
    /// The server said why not; none for what it cannot have meant.
    Refused(Option<E>),
}

/// Sends a name and a file as a form (`multipart/form-data`: `name`, `file`).
///
/// # Errors
/// What came of it instead; a refusal is read from the answer's JSON.
pub async fn send<E: DeserializeOwned>(to: &str, name: &str, file: &Chosen) -> Result<(), Failed<E>> {
    let form = web_sys::FormData::new().map_err(|_| Failed::Refused(None))?;
    form.append_with_str("name", name).map_err(|_| Failed::Refused(None))?;
    form.append_with_blob_and_filename("file", &file.0, &file.name()).map_err(|_| Failed::Refused(None))?;
    let request = Request::post(to).body(form).map_err(|_| Failed::Refused(None))?;
    let answer = request.send().await.map_err(|_| Failed::Unreachable)?;
    match answer.status() {
        _ if answer.ok() => Ok(()),
        413 => Err(Failed::TooLarge),
        _ => Err(Failed::Refused(answer.json().await.ok())),
    }
}

/// Sends a file alone (`multipart/form-data`: `file`), tells how many hundredths of it are sent, and reads the answer's
/// JSON. By `XMLHttpRequest`: `fetch` does not tell how far an upload is.
///
/// # Errors
/// What came of it instead; a refusal is read from the answer's JSON.
pub async fn send_telling<T: DeserializeOwned, E: DeserializeOwned>(
    to: &str,
    file: &Chosen,
    told: impl Fn(u32) + 'static,
) -> Result<T, Failed<E>> {
    let (status, answer) = requested(to, file, told).await.map_err(|_| Failed::Unreachable)?;
    match status {
        200..=299 => serde_json::from_str(&answer).map_err(|_| Failed::Refused(None)),
        0 => Err(Failed::Unreachable),
        413 => Err(Failed::TooLarge),
        _ => Err(Failed::Refused(serde_json::from_str(&answer).ok())),
    }
}

/// The status and the body of the answer; 0 where none came.
async fn requested(to: &str, file: &Chosen, told: impl Fn(u32) + 'static) -> Result<(u16, String), JsValue> {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into());
    let form = web_sys::FormData::new()?;
    form.append_with_blob_and_filename("file", &file.0, &file.name())?;
    let made: Function = get(&js_sys::global(), "XMLHttpRequest")?.unchecked_into();
    let request = Reflect::construct(&made, &Array::new())?;
    let call = |name: &str, arguments: &Array| {
        let method: Function = get(&request, name)?.unchecked_into();
        method.apply(&request, arguments)
    };
    let (done, over) = oneshot::channel();
    let loaded = Closure::once_into_js(move || {
        // Whoever waits may have gone.
        let _heard = done.send(());
    });
    // Dropped when the answer is there: nothing is told after it.
    let progress = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
        let number = |name: &str| Reflect::get(&event, &name.into()).ok().and_then(|value| value.as_f64());
        if let (Some(sent), Some(all)) = (number("loaded"), number("total")) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
            told((sent / all.max(1.0) * 100.0).clamp(0.0, 100.0) as u32);
        }
    });
    Reflect::set(&get(&request, "upload")?, &"onprogress".into(), progress.as_ref())?;
    Reflect::set(&request, &"onloadend".into(), &loaded)?;
    call("open", &Array::of2(&"POST".into(), &to.into()))?;
    call("send", &Array::of1(&form))?;
    over.await.map_err(|_| JsValue::NULL)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status has three digits")]
    let status = get(&request, "status")?.as_f64().unwrap_or(0.0) as u16;
    Ok((status, get(&request, "responseText")?.as_string().unwrap_or_default()))
}
