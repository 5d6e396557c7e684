#!/usr/bin/env bash
# What `make test` leaves out for its time: by ear over minutes, and the properties with 100 times the cases.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/step.sh
trap 'rm -f "$closing_lines"' EXIT

step "the desk, as it is shipped" scripts/desk.sh
step "the server for Playwright" cargo build --workspace --bins --tests
runner "Playwright over minutes" '^ +[0-9]+ (passed|failed|skipped|flaky|did not run)' scripts/end2end.sh --project=long
runner "unit, property, store and peer tests, properties with 100 times the cases" '^ +Summary ' \
  env PROPTEST_CASES=25600 scripts/with-postgres.sh cargo nextest run --workspace --run-ignored all --profile long

printf '\n'
cat "$closing_lines"
