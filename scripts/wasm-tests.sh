#!/usr/bin/env bash
# The desk's tests that need a browser's engine, in Chromium without a window.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner
export CHROMEDRIVER=${CHROMEDRIVER:-$(command -v chromedriver)}
# Chromium's switches are in app/webdriver.json, which the runner reads in the package's folder.
cargo test --package app --target wasm32-unknown-unknown --test browser "$@"
