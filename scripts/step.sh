# Sourced: names each step, tells how long it took, and keeps the closing lines of test runners for the end.
closing_lines=${closing_lines:-$(mktemp)}
step() {
  local name=$1 started=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  if ! "$@"; then
    printf '==> %s: FAILED after %ss: %s\n' "$name" $((SECONDS - started)) "$*" >&2
    exit 1
  fi
  printf '==> %s: fine, %ss\n' "$name" $((SECONDS - started))
}

# As `step`, for a test runner: its lines that match the pattern are shown once more at the very end.
runner() {
  local name=$1 pattern=$2 log
  shift 2
  log=$(mktemp)
  step "$name" bash -o pipefail -c '"${@:2}" 2>&1 | tee "$1"' _ "$log" "$@"
  # Colour codes are for the eye, not for the pattern.
  sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E "$pattern" >>"$closing_lines" || {
    printf '==> %s: no line of its output says how many tests ran\n' "$name" >&2
    exit 1
  }
  rm -f "$log"
}
