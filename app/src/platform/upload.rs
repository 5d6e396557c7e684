//! A file that was chosen, on its way up.

use gloo_net::http::Request;
use serde::de::DeserializeOwned;
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
