#!/usr/bin/env bash
# Every check and test that a change must pass, the quick ones first; the first red one ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/step.sh
trap 'rm -f "$closing_lines"' EXIT

step "set-up" scripts/setup.sh test
# The server embeds the desk, so the desk is built before anything looks at the server.
step "the desk, as it is shipped" scripts/desk.sh
source scripts/lint.sh
runner "unit, property, store and peer tests" '^ +Summary ' \
  scripts/with-postgres.sh cargo nextest run --workspace
runner "documentation tests" '^test result' cargo test --quiet --workspace --exclude app --doc
if grep -rqs 'wasm_bindgen_test' app crates --include='*.rs'; then
  runner "tests in the browser's own engine" '^test result' scripts/wasm-tests.sh
fi
# With --tests the dependencies have the features that the tests above were built with: nothing is compiled twice.
step "the server for Playwright" cargo build --workspace --bins --tests
runner "Playwright in Chromium" '^ +[0-9]+ (passed|failed|skipped|flaky|did not run)' scripts/end2end.sh --project=chromium

printf '\n'
cat "$closing_lines"
