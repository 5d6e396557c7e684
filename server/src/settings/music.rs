//! Hold music: uploaded, converted to what telephones play, kept, and handed to whoever plays it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::{Bytes, BytesMut};
use domain::ids::{FileId, QueueId};
use domain::roles::Permission;
use media::RATE;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::session::Actor;
use wire::settings::Music;
use wire::{ApiError, ApiResult, Problem};

use super::check::Check;
use super::service::SettingsService;
use crate::files::{FileError, Files, Kind};
use crate::http::{Edge, SignedIn, failure, with_body_limit};

/// The largest file, in bytes.
const LARGEST: usize = 20_000_000;
/// What the form around the file may take.
const FORM: usize = 64 * 1024;
/// Most characters of a name.
const NAME: u32 = 60;

/// `POST /files/music`: a form with `name` and `file`.
pub fn routes(settings: SettingsService, files: Files) -> Router<Edge> {
    settings.keep_uploads_in(files.clone());
    let upload = move |SignedIn(actor): SignedIn, form: Multipart| {
        let (settings, files) = (settings.clone(), files.clone());
        async move {
            match upload(&settings, &files, actor, form).await {
                Ok(music) => axum::Json(music).into_response(),
                Err(error) => failure(&error),
            }
        }
    };
    Router::new().route("/files/music", with_body_limit(post(upload), LARGEST + FORM))
}

async fn upload(settings: &SettingsService, files: &Files, actor: Actor, mut form: Multipart) -> ApiResult<Music> {
    actor.require(Permission::Administer)?;
    let (mut name, mut file) = (String::new(), Bytes::new());
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        match field.name() {
            Some("name") => {
                let text = read(&mut field, FORM, "name").await?;
                name = String::from_utf8(text.to_vec()).map_err(|_| ApiError::field("name", Problem::Malformed))?;
            }
            Some("file") => file = read(&mut field, LARGEST, "file").await?,
            Some(_) | None => {}
        }
    }
    keep(settings, files, &actor, &name, file).await
}

/// Counts while it reads: what is too large is given up at once.
async fn read(field: &mut Field<'_>, most: usize, named: &str) -> ApiResult<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(too_large(named, most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The form broke off, is none, or is larger than any that is read.
fn broken(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large("file", LARGEST);
    }
    ApiError::field("file", Problem::Malformed)
}

fn too_large(field: &str, most: usize) -> ApiError {
    ApiError::field(field, Problem::TooLarge { max: u64::try_from(most).unwrap_or(u64::MAX) })
}

/// Checks, converts and keeps the music: first the file, then the row that names it.
pub(super) async fn keep(
    settings: &SettingsService,
    files: &Files,
    actor: &Actor,
    name: &str,
    file: Bytes,
) -> ApiResult<Music> {
    let mut check = Check::default();
    let name = check.text("name", name, NAME);
    if file.is_empty() {
        check.wrong("file", Problem::Required);
    } else if Kind::of(&file) != Kind::Wav {
        check.wrong("file", Problem::WrongKind);
    }
    check.done(())?;
    let converted = tokio::task::spawn_blocking(move || media::wav::read(&file[..])).await;
    let samples = converted.map_err(|_| ApiError::Server)?.map_err(|error| {
        tracing::info!(%error, "uploaded music was refused");
        ApiError::field("file", Problem::WrongKind)
    })?;
    let length_ms = i64::try_from(samples.len()).unwrap_or(i64::MAX) * 1_000 / i64::from(RATE);
    let seconds = u32::try_from(length_ms / 1_000).unwrap_or(u32::MAX);
    let id = FileId(Uuid::now_v7());
    files.put(id, as_wav(&samples).into()).await.map_err(|error| failed(&error))?;
    let added = settings.add_music(actor, Music { id, name, seconds }, length_ms).await;
    if added.is_err() {
        // Nothing names the file; should this fail too, it only takes room.
        let _ = files.delete(id).await;
    }
    added
}

fn failed(error: &FileError) -> ApiError {
    tracing::error!(%error, "uploaded music could not be kept");
    ApiError::Unavailable
}

/// A WAV file of 16-bit samples at 8 kHz, mono.
fn as_wav(samples: &[i16]) -> Vec<u8> {
    let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(samples.len() * 2 + 44);
    bytes.extend(b"RIFF");
    bytes.extend((length.saturating_add(36)).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    // The format chunk: 16 octets, PCM, one channel, the rate, octets a second, octets a sample, bits a sample.
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(RATE.to_le_bytes());
    bytes.extend((RATE * 2).to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

/// Whoever plays a queue's music: its samples at 8 kHz, or none for the house's.
pub type Player = Box<dyn Fn(QueueId, Option<Arc<[i16]>>) + Send + Sync>;

/// Hands each queue's music to the player, now and after each change, until `stop`.
pub async fn follow(settings: SettingsService, files: Files, player: Player, stop: CancellationToken) {
    let mut changes = settings.changes();
    let mut playing = HashMap::new();
    loop {
        match settings.queue_music().await {
            Ok(wanted) => play(&files, &player, &mut playing, wanted.into_iter().collect()).await,
            Err(error) => tracing::warn!(%error, "the queues' music could not be looked up"),
        }
        tokio::select! {
            moved = changes.changed() => if moved.is_err() { return },
            () = stop.cancelled() => return,
        }
    }
}

async fn play(
    files: &Files,
    player: &Player,
    playing: &mut HashMap<QueueId, FileId>,
    wanted: HashMap<QueueId, FileId>,
) {
    for queue in playing.keys().filter(|queue| !wanted.contains_key(queue)).copied().collect::<Vec<_>>() {
        playing.remove(&queue);
        player(queue, None);
    }
    for (queue, file) in wanted {
        if playing.get(&queue) == Some(&file) {
            continue;
        }
        match load(files, file).await {
            Ok(samples) => {
                playing.insert(queue, file);
                player(queue, Some(samples));
            }
            Err(error) => tracing::error!(%queue, %error, "the queue's music cannot be read: upload it again"),
        }
    }
}

async fn load(files: &Files, file: FileId) -> Result<Arc<[i16]>, String> {
    let bytes = files.get(file).await.map_err(|error| error.to_string())?;
    let read = tokio::task::spawn_blocking(move || media::wav::read(&bytes[..])).await;
    read.map_err(|error| error.to_string())?.map(Arc::from).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let samples: Vec<i16> = (0..8_000).map(|n: i16| n - 4_000).collect();
        assert_eq!(media::wav::read(&as_wav(&samples)[..]).unwrap(), samples);
    }
}
