#!/usr/bin/env bash
# Formatting, lints and dependency rules; the quick ones first. Wants scripts/setup.sh test to have run.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/step.sh
npm_bin=end2end/node_modules/.bin

step "rustfmt" cargo fmt --all --check
step "typos" typos
step "prettier" $npm_bin/prettier --check --log-level warn .
step "eslint" $npm_bin/eslint --config end2end/eslint.config.mjs --max-warnings 0 end2end scripts style
step "TypeScript" $npm_bin/tsc --project end2end
step "stylelint" npm run --silent lint:style
# Advisories come from a database on the network, which a test must not need: `cargo deny check advisories` by hand.
step "cargo-deny (licences, bans, sources; advisories are skipped)" \
  cargo deny --offline --log-level error check --hide-inclusion-graph licenses bans sources
step "clippy" cargo clippy --quiet --workspace --exclude app --all-targets -- -D warnings
# The desk's features and the server's must not unite in one build, so each is looked at for itself.
step "clippy of the desk" cargo clippy --quiet --package app --all-targets --target wasm32-unknown-unknown -- -D warnings
step "domain on wasm32" cargo check --quiet --package domain --target wasm32-unknown-unknown
