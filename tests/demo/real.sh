#!/bin/bash
# The scheduled pair, once: what has been fetched and not loaded yet goes in first (and leaves the catalog of the
# database's tables in the spool), then what changed is fetched and loaded. Tables that are missing are made.
# usage: tests/demo/real.sh      (settings come from the environment and netty.conf)
set -uo pipefail
cd "$(dirname "$0")/../.."
worst=0

step() {
    echo "== $*"
    "$@"
    local code=$?
    # 65: some records were set aside; 75: the API asked for a rest. Either way the rest of the job goes on.
    case $code in
    0) ;;
    65 | 75) [ "$worst" -ne 0 ] || worst=$code ;;
    *) exit "$code" ;;
    esac
}

step build/netty-load catalog
# An empty database, and nobody has named tables: it begins with those of the README's first sync, and makes them.
export NETTY_CREATE_TABLES=${NETTY_CREATE_TABLES:-yes}
build/netty-extract --dry-run >/dev/null 2>&1
if [ $? -eq 64 ] && [ -z "${NETTY_TABLES:-}" ]; then
    export NETTY_TABLES=contacts,users,companies
    echo "The database has no netty-* table yet: beginning with $NETTY_TABLES (NETTY_TABLES names others)."
fi
step build/netty-extract
step build/netty-load
exit "$worst"
