//! Sends a file: the one request of the settings that is no server function.

use wire::ApiError;

use crate::platform::upload::{Chosen, Failed, send};

/// What the server takes at most, in bytes.
const MOST: u64 = 20_000_000;

/// Uploads hold music to `POST /files/music`.
pub(super) async fn music(name: &str, file: &Chosen) -> Result<(), ApiError> {
    send("/files/music", name, file).await.map_err(|failed| match failed {
        Failed::Unreachable => ApiError::Offline,
        Failed::TooLarge => ApiError::field("file", wire::Problem::TooLarge { max: MOST }),
        Failed::Refused(why) => why.unwrap_or(ApiError::Server),
    })
}
