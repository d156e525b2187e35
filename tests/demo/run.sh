#!/bin/bash
# `make run`: the main job. With NETTY_API_KEY (or _FILE) and a database (DATABASE_URL, DATABASE_URL_FILE or libpq's PG*) set, the real
# one: fetch what changed, load it. Without, a demonstration on the API stand-in and a private PostgreSQL under var/.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -n "${NETTY_API_KEY:-}${NETTY_API_KEY_FILE:-}" ] &&
   [ -n "${DATABASE_URL:-}${DATABASE_URL_FILE:-}${PGHOST:-}${PGSERVICE:-}${PGDATABASE:-}" ]; then
    tests/setup.sh build
    make --no-print-directory -s -j"$(nproc)" all
    exec tests/demo/real.sh
fi
tests/setup.sh demo
make --no-print-directory -s -j"$(nproc)" all sim
exec tests/demo/demo.sh
