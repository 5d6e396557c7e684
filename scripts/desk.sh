#!/usr/bin/env bash
# Builds the desk into dist/ as it is shipped, and holds it to its size.
set -euo pipefail
cd "$(dirname "$0")/.."
# Trunk works offline, so that it takes the pinned tools from PATH instead of fetching its own; the crates come first.
cargo fetch --quiet --locked
NO_COLOR=true trunk build --release
node scripts/desk-size.mjs dist
