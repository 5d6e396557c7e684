//! The one match over the two databases: the same text and arguments go to whichever is there.

/// Every row: `fetch_all!(db, (String, i64), "SELECT … WHERE a = $1", a)?`, on a `&Db` or a `&mut Tx`.
#[macro_export]
macro_rules! fetch_all {
    ($on:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::on_database!($on, query_as, [_, $row], fetch_all, $sql $(, $argument)*)
    };
}

/// One row or none: `fetch_optional!(db, (String,), "SELECT … WHERE id = $1", id)?`.
#[macro_export]
macro_rules! fetch_optional {
    ($on:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::on_database!($on, query_as, [_, $row], fetch_optional, $sql $(, $argument)*)
    };
}

/// Exactly one row: none is an error.
#[macro_export]
macro_rules! fetch_one {
    ($on:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::on_database!($on, query_as, [_, $row], fetch_one, $sql $(, $argument)*)
    };
}

/// A statement without rows, inside a unit of work; gives the number of rows it touched.
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $argument:expr)* $(,)?) => {
        match $crate::db::Tx::on($tx) {
            $crate::db::On::Sqlite(connection) => sqlx::query::<sqlx::Sqlite>($sql)
                $(.bind($argument))*.execute(connection).await.map(|done| done.rows_affected()),
            $crate::db::On::Postgres(connection) => sqlx::query::<sqlx::Postgres>($sql)
                $(.bind($argument))*.execute(connection).await.map(|done| done.rows_affected()),
        }
        .map_err($crate::db::DbError::from)
    };
}

/// The match itself, for the three above.
#[doc(hidden)]
#[macro_export]
macro_rules! on_database {
    ($on:expr, $query:ident, [$($of:tt)*], $fetch:ident, $sql:expr $(, $argument:expr)*) => {
        match $on.on() {
            $crate::db::On::Sqlite(connection) => {
                sqlx::$query::<$($of)*>($sql)$(.bind($argument))*.$fetch(connection).await
            }
            $crate::db::On::Postgres(connection) => {
                sqlx::$query::<$($of)*>($sql)$(.bind($argument))*.$fetch(connection).await
            }
        }
        .map_err($crate::db::DbError::from)
    };
}
