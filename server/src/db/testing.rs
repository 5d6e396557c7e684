//! A fresh database of each kind for every store test.
//!
//! SQLite tests get a file in a temporary directory. PostgreSQL tests get a schema of their own on the server that
//! `TEST_POSTGRES_URL` names; where that is not set, on a private server that the first test starts (from
//! `/usr/lib/postgresql/*/bin`, in a temporary directory, on a Unix socket) and that ends with the test process.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test without its database must fail")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use super::{Db, Location, postgres};

/// A database that nobody else uses, migrated; gone after the test.
#[derive(Debug)]
pub struct TestDb {
    /// The database.
    pub db: Db,
    _dir: Option<TempDir>,
}

impl std::ops::Deref for TestDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDb {
    /// A fresh SQLite file.
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let db = Db::connect(&Location::Sqlite(dir.path().join("test.db"))).await.expect("a fresh SQLite file");
        db.migrate().await.expect("migrations on SQLite");
        Self { db, _dir: Some(dir) }
    }

    /// A fresh PostgreSQL schema.
    pub async fn postgres() -> Self {
        let options = server_options();
        let schema = format!("t_{}", uuid::Uuid::new_v4().simple());
        let mut connection = options.connect().await.expect("the PostgreSQL server for tests answers");
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
            .execute(&mut connection)
            .await
            .expect("a fresh schema");
        let pool = postgres::open(options.options([("search_path", schema.as_str())]), 4).await.expect("a pool");
        let db = Db::Postgres(pool);
        db.migrate().await.expect("migrations on PostgreSQL");
        Self { db, _dir: None }
    }
}

/// The address of a fresh and empty PostgreSQL database, for a program of its own.
pub async fn postgres_url() -> String {
    let options = server_options();
    let name = format!("t_{}", uuid::Uuid::new_v4().simple());
    let mut connection = options.connect().await.expect("the PostgreSQL server for tests answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .expect("a fresh database");
    options.database(&name).to_url_lossy().to_string()
}

/// Runs each test on both databases: `on_both! { async fn title(db: TestDb) { … } }` gives `title::sqlite` and
/// `title::postgres`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: TestDb) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "not every test names something of its module")]
            use super::*;

            async fn scenario($db: $crate::db::testing::TestDb) $body

            #[tokio::test]
            async fn sqlite() {
                scenario($crate::db::testing::TestDb::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                scenario($crate::db::testing::TestDb::postgres().await).await;
            }
        }
    )*};
}

fn server_options() -> PgConnectOptions {
    static PRIVATE: OnceLock<PrivateServer> = OnceLock::new();
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => url.parse().expect("TEST_POSTGRES_URL is a postgres:// address"),
        Err(_) => PRIVATE.get_or_init(PrivateServer::start).options.clone(),
    }
}

/// A PostgreSQL server of this process. A shell that waits for the end of its standard input stops the server and
/// removes its files, however this process ends.
struct PrivateServer {
    options: PgConnectOptions,
    _keeper: Child,
}

const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=200 >"$2/log" 2>&1 &
server=$!
for try in $(seq 300); do
    "$1/pg_isready" -q -h "$2" && break
    sleep 0.05
done
echo ready
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

impl PrivateServer {
    fn start() -> Self {
        let programs = newest_programs().expect(
            "PostgreSQL's programs in /usr/lib/postgresql/*/bin (Debian: `apt install postgresql`), or TEST_POSTGRES_URL",
        );
        let dir = tempfile::Builder::new().prefix("madoguchi-pg-").tempdir().expect("a temporary directory").keep();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&dir));
        }
        run(as_its_user(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(dir.join("data"))
            .stdout(Stdio::null()));
        let mut keeper = as_its_user(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell to keep PostgreSQL");
        let mut said = String::new();
        let mut output = std::io::BufReader::new(keeper.stdout.take().expect("a pipe"));
        std::io::BufRead::read_line(&mut output, &mut said).expect("PostgreSQL is ready");
        let options = PgConnectOptions::new_without_pgpass().socket(&dir).username("postgres").database("postgres");
        Self { options, _keeper: keeper }
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn as_its_user(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(status.as_ref().is_ok_and(std::process::ExitStatus::success), "{command:?}: {status:?}");
}

fn newest_programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}
