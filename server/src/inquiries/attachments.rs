//! Files on their way to an inquiry, and back.

use axum::Router;
use axum::extract::Path;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::{Bytes, BytesMut};
use domain::ids::FileId;
use domain::records::has_control;
use domain::roles::Permission;
use uuid::Uuid;
use wire::records::Attachment;
use wire::session::Actor;
use wire::{ApiError, ApiResult, Problem};

use super::port::Inquiries;
use super::store;
use crate::db::DbError;
use crate::files::{self, FileError, Kind};
use crate::http::{Edge, SignedIn, failure, with_body_limit};

/// The largest file, in bytes.
const LARGEST: usize = 20_000_000;
/// What the form around the file may take.
const FORM: usize = 64 * 1024;
/// Most characters of a name; longer ones lose their middle.
const NAME: usize = 200;

/// `POST /api/attachments`, a form with `file`, and `GET /api/attachments/{file}`.
pub fn routes(inquiries: Inquiries) -> Router<Edge> {
    let sender = inquiries.clone();
    let send = move |SignedIn(actor): SignedIn, form: Multipart| {
        let inquiries = sender.clone();
        async move {
            match take(&inquiries, actor, form).await {
                Ok(attachment) => axum::Json(attachment).into_response(),
                Err(error) => failure(&error),
            }
        }
    };
    let fetch = move |SignedIn(actor): SignedIn, Path(file): Path<Uuid>| {
        let inquiries = inquiries.clone();
        async move { give(&inquiries, &actor, FileId(file)).await.unwrap_or_else(|error| failure(&error)) }
    };
    Router::new()
        .route("/api/attachments", with_body_limit(post(send), LARGEST + FORM))
        .route("/api/attachments/{file}", get(fetch))
}

async fn take(inquiries: &Inquiries, actor: Actor, mut form: Multipart) -> ApiResult<Attachment> {
    actor.require(Permission::WorkAtDesk)?;
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            let bytes = read(&mut field).await?;
            return keep(inquiries, &actor, &name, bytes).await;
        }
    }
    Err(ApiError::field("file", Problem::Required))
}

/// Counts while it reads: what is too large is given up at once.
async fn read(field: &mut Field<'_>) -> ApiResult<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The form broke off, is none, or is larger than any that is read.
fn broken(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    ApiError::field("file", Problem::Malformed)
}

fn too_large() -> ApiError {
    ApiError::field("file", Problem::TooLarge { max: u64::try_from(LARGEST).unwrap_or(u64::MAX) })
}

/// Keeps a file: first the bytes, then the row that names them.
pub(super) async fn keep(inquiries: &Inquiries, actor: &Actor, name: &str, bytes: Bytes) -> ApiResult<Attachment> {
    if bytes.is_empty() {
        return Err(ApiError::field("file", Problem::Required));
    }
    let attachment = Attachment {
        file: FileId(Uuid::now_v7()),
        name: tidy(name),
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        media_type: Kind::of(&bytes).media_type().to_owned(),
    };
    let file = attachment.file;
    inquiries.files().put(file, bytes).await.map_err(|error| failed(&error))?;
    let (row, by, now) = (attachment.clone(), actor.user, inquiries.clock().now());
    let added = inquiries
        .db()
        .write::<_, DbError, _>(move |tx| Box::pin(async move { store::add_file(tx, &row, by, now).await }))
        .await;
    if let Err(error) = added {
        // Nothing names the bytes; should this fail too, they only take room.
        let _ = inquiries.files().delete(file).await;
        return Err(error.into());
    }
    Ok(attachment)
}

/// A name without a path and without what no file is called, and not longer than people read.
fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !has_control(c.encode_utf8(&mut [0; 4]), false)).collect();
    let plain = plain.trim();
    if plain.is_empty() {
        return "file".to_owned();
    }
    let length = plain.chars().count();
    if length <= NAME {
        return plain.to_owned();
    }
    let tail = 20;
    let start: String = plain.chars().take(NAME - tail - 1).collect();
    let end: String = plain.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

/// A file for whoever sent it, or may see its inquiry.
async fn give(inquiries: &Inquiries, actor: &Actor, file: FileId) -> ApiResult<Response> {
    let (name, bytes) = fetch(inquiries, actor, file).await?;
    Ok(files::answer(bytes, &name))
}

pub(super) async fn fetch(inquiries: &Inquiries, actor: &Actor, file: FileId) -> ApiResult<(String, Bytes)> {
    actor.require(Permission::WorkAtDesk)?;
    let stored = store::file(inquiries.db(), file).await?.ok_or(ApiError::NotFound)?;
    if stored.inquiry.is_none() && stored.by != actor.user {
        return Err(ApiError::NotFound);
    }
    let bytes = inquiries.files().get(file).await.map_err(|error| match error {
        FileError::Missing => ApiError::NotFound,
        error @ (FileError::Setup(_) | FileError::Failed(_)) => failed(&error),
    })?;
    Ok((stored.attachment.name, bytes))
}

fn failed(error: &FileError) -> ApiError {
    tracing::error!(%error, "an attached file could not be kept or read");
    ApiError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn a_name_loses_its_path_its_controls_and_its_middle() {
        assert_eq!(tidy("C:\\Users\\x\\見積書.pdf"), "見積書.pdf");
        assert_eq!(tidy("../../etc/passwd"), "passwd");
        assert_eq!(tidy("a\u{202e}gpj.exe\n"), "agpj.exe");
        assert_eq!(tidy(" / "), "file");
        let long = tidy(&format!("{}.pdf", "あ".repeat(500)));
        assert_eq!((long.chars().count(), long.ends_with("あ.pdf")), (200, true));
    }
}
