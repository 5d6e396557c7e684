#!/usr/bin/env bash
# Playwright against the server built last: `scripts/end2end.sh --project=chromium -g S24`.
set -euo pipefail
cd "$(dirname "$0")/.."
export MADOGUCHI_BIN=${MADOGUCHI_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/madoguchi}
[ -x "$MADOGUCHI_BIN" ] || {
  echo "end2end: $MADOGUCHI_BIN is missing; build it: cargo build --workspace --bins --tests" >&2
  exit 1
}
cd end2end
exec node_modules/.bin/playwright test "$@"
