#!/usr/bin/env bash
# Sets a machine up: `scripts/setup.sh run` for building and starting the product, `scripts/setup.sh test` for testing it too.
# Idempotent; a machine that is ready is recognised in about a second. Never touches what is already there in the right version.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/tools.env
source scripts/tools.env
purpose=${1:-run}
tools=${BUILD_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/madoguchi/tools}
export PATH="$tools/bin:$PATH"
mkdir -p "$tools/bin"

say() { printf 'set-up: %s\n' "$*"; }
fail() {
  printf 'set-up: %s\n' "$*" >&2
  exit 1
}
# Whether the tool named first reports the version named second.
is_version() { command -v "$1" >/dev/null && [[ "$("${@:3}" 2>/dev/null)" == *" $2"* ]]; }

# --- Debian and Ubuntu packages -------------------------------------------------------------------------------------
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    fail "needs root or sudo for: $*"
  fi
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    [[ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" == "install ok installed" ]] || missing+=("$package")
  done
  [ ${#missing[@]} != 0 ] || return 0
  say "installing ${missing[*]}"
  # Debian starts a service on installing it; the tests start their own, so nothing is to listen that did not before.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
    # shellcheck disable=SC2064 # the path is wanted as it is now
    trap "as_root rm -f '$policy'" EXIT
  fi
  as_root apt-get update -qq || say "package lists could not be refreshed; trying with those at hand"
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  if [ -n "$(trap -p EXIT)" ]; then
    as_root rm -f "$policy"
    trap - EXIT
  fi
}

if command -v apt-get >/dev/null; then
  command -v cc >/dev/null && command -v pkg-config >/dev/null || install_packages build-essential pkg-config
  if [ "$purpose" = test ]; then
    # sip-tester and baresip: the far ends of calls. kamailio: a company's exchange. postgresql: the second database. chromium: the agent's browser.
    install_packages sip-tester baresip kamailio coturn postgresql chromium chromium-driver fonts-noto-cjk
    python3 -m pip --version >/dev/null 2>&1 || is_version typos "$TYPOS_VERSION" typos --version ||
      install_packages python3-pip
  fi
else
  say "no apt-get here: a C compiler has to be there$([ "$purpose" = test ] && echo ', and sipp, baresip, kamailio, PostgreSQL, Chromium, chromedriver and CJK fonts')"
fi

# --- Rust and Node --------------------------------------------------------------------------------------------------
command -v rustup >/dev/null || fail "rustup is missing: see https://rustup.rs"
# The toolchain, its parts and the wasm target are named in rust-toolchain.toml; asking rustup itself would cost seconds each time.
rust_is_ready() {
  RUSTUP_AUTO_INSTALL=0 cargo fmt --version && RUSTUP_AUTO_INSTALL=0 cargo clippy --version &&
    [ -d "$(RUSTUP_AUTO_INSTALL=0 rustc --print target-libdir --target wasm32-unknown-unknown)" ]
} >/dev/null 2>&1
rust_is_ready || rustup toolchain install --no-self-update
node -e "process.exit(Number(process.versions.node.split('.')[0]) >= $NODE_MAJOR ? 0 : 1)" 2>/dev/null ||
  fail "Node $NODE_MAJOR or later is missing: see https://nodejs.org"

# Installs a folder's npm packages exactly as its lock file says, once per lock file.
npm_packages() {
  local stamp="$1/node_modules/.lock-$(sha256sum <"$1/package-lock.json" | cut -c1-16)"
  [ ! -e "$stamp" ] || return 0
  say "npm packages of ${1#./}"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
  touch "$stamp"
}
npm_packages .

# --- Tools built with cargo -----------------------------------------------------------------------------------------
# Built once, with little optimisation, into a cache outside the checkout: they run for seconds and would build for many minutes.
cargo_tool() {
  local crate=$1 version=$2
  shift 2
  say "building $crate $version once (a few minutes)"
  CARGO_TARGET_DIR="$tools/build" cargo install "$crate@$version" --root "$tools" --force --quiet \
    --config 'profile.release.opt-level=1' --config 'profile.release.lto="off"' \
    --config 'profile.release.codegen-units=16' --config 'profile.release.debug=false' "$@"
  built=yes
}
built=
grep -q "^wasm-bindgen = \"=$WASM_BINDGEN_VERSION\"" Cargo.toml ||
  fail "scripts/tools.env pins wasm-bindgen $WASM_BINDGEN_VERSION, Cargo.toml another version: they must be equal"
is_version trunk "$TRUNK_VERSION" trunk --version ||
  cargo_tool trunk "$TRUNK_VERSION" --locked --no-default-features
# Its own lock file names a version that the registry lacks.
is_version wasm-bindgen "$WASM_BINDGEN_VERSION" wasm-bindgen --version ||
  cargo_tool wasm-bindgen-cli "$WASM_BINDGEN_VERSION"

if [ "$purpose" = test ]; then
  npm_packages end2end
  # Any recent nextest will do: only its command line is relied upon.
  is_version cargo-nextest "0.9." cargo nextest --version ||
    cargo_tool cargo-nextest "$NEXTEST_VERSION" --locked --no-default-features --features default-no-update
  is_version cargo-deny "$CARGO_DENY_VERSION" cargo deny --version ||
    cargo_tool cargo-deny "$CARGO_DENY_VERSION" --locked --no-default-features
  if ! is_version typos "$TYPOS_VERSION" typos --version; then
    wheel=$(mktemp -d)
    if printf 'typos==%s --hash=sha256:%s\n' "$TYPOS_VERSION" "$TYPOS_WHEEL_SHA256" >"$wheel/requirements.txt" &&
      python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --timeout 20 --retries 1 -d "$wheel" -r "$wheel/requirements.txt" >/dev/null 2>&1; then
      say "typos $TYPOS_VERSION from PyPI"
      python3 -m zipfile -e "$wheel"/typos-*.whl "$wheel/x"
      install -m 755 "$wheel"/x/typos-*.data/scripts/typos "$tools/bin/typos"
    else
      cargo_tool typos-cli "$TYPOS_VERSION" --locked
    fi
    rm -rf "$wheel"
  fi
fi
[ -z "$built" ] || rm -rf "$tools/build"
say "ready to $purpose"
