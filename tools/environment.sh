# Sourced by ./start and ./test: make .venv from a hashed lock, once per change of the lock. Nothing outside .venv is touched.

# Say where we are, on stderr: stdout belongs to the command that follows (--json).
say() { printf '%s\n' "$*" >&2; }

find_python() {
  local name
  for name in "${TWAIN_PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    if [ -n "$name" ] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  say "Twain needs Python 3.11 or newer, and there is none here."
  say "On Debian 12 or Ubuntu: apt-get install python3.11 python3.11-venv python3-pip"
  say "Is it somewhere else? Set TWAIN_PYTHON=/path/to/python3.11"
  exit 1
}

make_venv() {
  local python="$1"
  if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    say "This Python ($python) cannot make virtual environments: its venv module is missing."
    say "On Debian or Ubuntu: apt-get install python3.11-venv"
    exit 1
  fi
  say "Making .venv with $python"
  "$python" -m venv --clear .venv
}

# What .venv was built from: the lock, the project's own metadata, this recipe, and the place (a venv cannot be moved).
fingerprint() {
  { printf '%s\n' "$1" "$PWD"; cat -- "$1" pyproject.toml tools/environment.sh; } | sha256sum | cut -d ' ' -f 1
}

# ensure_environment <lock>: afterwards .venv holds what the lock names, and Twain itself.
ensure_environment() {
  local lock="$1" wanted stamp=".venv/.twain-environment-${1%.lock}"
  wanted="$(fingerprint "$lock")"
  if [ -x .venv/bin/twain ] && [ "$(cat -- "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
    return
  fi
  if ! [ -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    make_venv "$(find_python)"
  fi
  say "Installing what $lock names (once; every file is checked against its hash)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" >&2
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-build-isolation --no-deps --editable . >&2
  printf '%s\n' "$wanted" >"$stamp"
}

# The browser tests drive the system's Chromium, best of all its headless build: without a window's frame, a page costs half.
# Root may install it; anybody else is told how, and those tests fail with the same words.
ensure_browser() {
  local name
  for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then
      return
    fi
  done
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing Chromium for the browser tests"
    apt-get update -qq >&2 || true
    for name in chromium-headless-shell chromium; do
      if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$name" >&2; then
        return
      fi
    done
  fi
  say "The browser tests need Chromium, and there is none here. On Debian or Ubuntu: apt-get install chromium-headless-shell"
}
