#!/usr/bin/env bash
# Runs a command with a PostgreSQL of its own: `scripts/with-postgres.sh cargo nextest run`.
# The command finds it at TEST_POSTGRES_URL (a superuser; each test makes a database of its own) and it is gone afterwards.
# One that TEST_POSTGRES_URL names already is used as it is.
set -euo pipefail
[ -z "${TEST_POSTGRES_URL:-}" ] || exec "$@"

bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || bin=$(dirname "$(command -v pg_ctl)") || {
  echo "with-postgres: PostgreSQL is not installed; run scripts/setup.sh test" >&2
  exit 1
}
dir=$(mktemp -d "${TMPDIR:-/tmp}/madoguchi-postgres.XXXXXX")
# PostgreSQL refuses to run as root.
as_owner() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  chown postgres "$dir"
  as_owner() { runuser -u postgres -- "$@"; }
fi
finish() {
  as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The system names a free port; between its answer and our start somebody else may take it, hence three tries.
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
(cd "$dir" && as_owner "$bin/initdb" -D "$dir/data" -U madoguchi -A trust -E UTF8 --locale=C --no-sync >/dev/null)
for _ in 1 2 3; do
  port=$(free_port)
  # What these tests write need not outlive a power cut.
  if (cd "$dir" && as_owner "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" start -o "-c listen_addresses=127.0.0.1 -c port=$port \
      -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400" >/dev/null); then
    export TEST_POSTGRES_URL="postgres://madoguchi@127.0.0.1:$port/postgres"
    "$@"
    exit
  fi
done
cat "$dir/log" >&2
exit 1
