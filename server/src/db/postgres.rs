//! PostgreSQL: a pool, and a transaction for each unit of work.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{DbError, Tx};

/// How long a statement waits for a free connection before the database counts as unavailable.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn open(options: PgConnectOptions, connections: u32) -> Result<PgPool, DbError> {
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_LIMIT)
        .connect_with(options.application_name("madoguchi"))
        .await?)
}

pub(super) async fn write<T, E, F>(pool: &PgPool, work: F) -> Result<T, E>
where
    E: From<DbError>,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
{
    let mut tx = Tx::Postgres(pool.begin().await.map_err(DbError::from)?);
    // Left early, the transaction rolls back when it is dropped.
    let done = work(&mut tx).await?;
    match tx {
        Tx::Postgres(transaction) => transaction.commit().await.map_err(DbError::from)?,
        Tx::Sqlite(_) => return Err(DbError::Closed.into()),
    }
    Ok(done)
}
