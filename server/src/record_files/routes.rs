//! Files in and out over HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::Query;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::{Bytes, BytesMut};
use domain::records::Owner;
use domain::roles::Permission;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wire::customers::ListQuery;
use wire::record_files::{Column, Import};
use wire::session::Actor;
use wire::{ApiError, ApiResult, Problem};

use super::export::{cells, headings, usual};
use super::port::RecordFiles;
use super::table::{MOST_COLUMNS, write};
use crate::audit::{self, Changes, Entry};
use crate::http::{Edge, SignedIn, failure, with_body_limit};

/// The largest file, in bytes.
const LARGEST: usize = 200_000_000;
/// What the form around the file may take.
const FORM: usize = 64 * 1024;
/// How many records are read at once for an export.
const TOGETHER: usize = 500;

/// `POST /api/records/import` and `GET /api/records/export`.
pub fn routes(files: RecordFiles) -> Router<Edge> {
    let exporting = files.clone();
    let import = move |SignedIn(actor): SignedIn, form: Multipart| {
        let files = files.clone();
        async move {
            match import(&files, actor, form).await {
                Ok(import) => axum::Json(import).into_response(),
                Err(error) => failure(&error),
            }
        }
    };
    let export = move |SignedIn(actor): SignedIn, Query(asked): Query<Asked>| {
        let files = exporting.clone();
        async move { export(files, actor, asked).await.unwrap_or_else(|error| failure(&error)) }
    };
    Router::new()
        .route("/api/records/import", with_body_limit(post(import), LARGEST + FORM))
        .route("/api/records/export", get(export))
}

async fn import(files: &RecordFiles, actor: Actor, mut form: Multipart) -> ApiResult<Import> {
    actor.require(Permission::MoveRecords)?;
    let Ok(_turn) = files.0.reading.try_acquire() else {
        return Err(ApiError::TooMany { retry_after_s: 10 });
    };
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            let file = read(&mut field).await?;
            return files.receive(actor, &name, file).await;
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

/// What is to be exported.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) owner: Owner,
    /// JSON; without it, every record.
    pub(super) query: Option<String>,
    /// JSON; without it, the usual columns.
    pub(super) columns: Option<String>,
    /// JSON: what stands above the columns, in the language of the desk.
    pub(super) headings: Option<String>,
}

pub(super) async fn export(files: RecordFiles, actor: Actor, asked: Asked) -> ApiResult<Response> {
    actor.require(Permission::MoveRecords)?;
    let owner = asked.owner;
    let fields = files.0.records.fields().await?;
    let query: ListQuery = json("query", asked.query)?.unwrap_or_default();
    let columns: Vec<Column> = json("columns", asked.columns)?.unwrap_or_else(|| usual(owner, &fields));
    if columns.is_empty() || columns.len() > MOST_COLUMNS {
        return Err(ApiError::field("columns", Problem::Malformed));
    }
    let above: Vec<String> = json("headings", asked.headings)?.unwrap_or_else(|| headings(&columns, &fields));
    if above.len() != columns.len() {
        return Err(ApiError::field("headings", Problem::Malformed));
    }
    let whole = query.search.trim().is_empty() && query.filters.is_empty();
    let ids = files.0.records.ids(&actor, owner, query).await?;
    let entry = Entry {
        who: Some(actor.user),
        what: "records.exported",
        subject: if owner == Owner::Customer { "customers" } else { "inquiries" }.to_owned(),
        changes: Changes::none()
            .field("rows", None, ids.len().to_string())
            .field("all", None, whole.to_string())
            .field("columns", None, headings(&columns, &fields).join(", ")),
    };
    let now = files.0.clock.now();
    files.0.db.write(move |tx| Box::pin(async move { audit::record(tx, now, entry).await })).await?;

    // A byte order mark: without it, spreadsheets take the file for their own encoding.
    let beginning = Bytes::from(format!("\u{FEFF}{}", write(&[above])));
    let rest = futures::stream::try_unfold(ids, move |mut ids: Vec<String>| {
        let (files, actor, fields, columns) = (files.clone(), actor.clone(), fields.clone(), columns.clone());
        async move {
            if ids.is_empty() {
                return Ok::<_, ApiError>(None);
            }
            let later = ids.split_off(ids.len().min(TOGETHER));
            // An error breaks the download off: what is there of it does not look whole.
            let lines = files.0.records.lines(&actor, owner, ids).await?;
            let rows: Vec<Vec<String>> = lines.iter().map(|line| cells(line, &columns, &fields)).collect();
            Ok(Some((Bytes::from(write(&rows)), later)))
        }
    });
    let beginning = futures::stream::iter([Ok(beginning)]);
    let mut response = Response::new(Body::from_stream(futures::StreamExt::chain(beginning, rest)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let named = match owner {
        Owner::Customer => "attachment; filename=\"customers.csv\"",
        Owner::Inquiry => "attachment; filename=\"inquiries.csv\"",
    };
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(named));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

fn json<T: DeserializeOwned>(field: &str, text: Option<String>) -> ApiResult<Option<T>> {
    text.map(|text| serde_json::from_str(&text).map_err(|_| ApiError::field(field, Problem::Malformed))).transpose()
}
