#!/usr/bin/env bash
# Tests whose name contains the argument, whatever runs them.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/with-postgres.sh cargo nextest run --workspace --no-tests pass -- "$1"
cargo build --quiet --workspace --bins --tests
[ -d dist ] || scripts/desk.sh
# Titles say "S24 …" where Rust's names say "s24_…".
scripts/end2end.sh --project=chromium --pass-with-no-tests --grep "${1//_/ }"
