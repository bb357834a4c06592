#!/usr/bin/env bash
# Renew src/twain_web/static/vendor from package-lock.json. Only somebody who changes a version needs this, and node.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
out="$(cd "$here/../.." && pwd)/src/twain_web/static/vendor"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cp -R "$here/." "$work"
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund
node build.mjs "$out"
