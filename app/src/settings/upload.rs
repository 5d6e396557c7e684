//! Sends a file: the one request of the settings that is no server function.

use gloo_net::http::Request;
use wire::ApiError;

/// Uploads hold music to `POST /files/music`.
pub(super) async fn music(name: &str, file: &web_sys::File) -> Result<(), ApiError> {
    let form = web_sys::FormData::new().map_err(|_| ApiError::Server)?;
    form.append_with_str("name", name).map_err(|_| ApiError::Server)?;
    form.append_with_blob_and_filename("file", file, &file.name()).map_err(|_| ApiError::Server)?;
    let answer = Request::post("/files/music")
        .body(form)
        .map_err(|_| ApiError::Server)?
        .send()
        .await
        .map_err(|_| ApiError::Offline)?;
    if answer.ok() {
        return Ok(());
    }
    if answer.status() == 413 {
        return Err(ApiError::field("file", wire::Problem::TooLarge { max: MOST }));
    }
    Err(answer.json::<ApiError>().await.unwrap_or(ApiError::Server))
}

/// What the server takes at most, in bytes.
const MOST: u64 = 20_000_000;
