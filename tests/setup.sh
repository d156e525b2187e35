#!/bin/bash
# Installs what a bare Debian 12 machine lacks, and nothing when all is there.
# usage: tests/setup.sh build|demo|test|bench each includes the one before it
#        tests/setup.sh bare                 what makes a bare Debian and boots it
set -euo pipefail

build=(gcc libc6-dev binutils make libcurl4-openssl-dev libpq-dev libyajl-dev libuv1-dev libzstd-dev
       libxxhash-dev libinih-dev libmicrohttpd-dev tzdata ca-certificates)
demo=(zlib1g-dev postgresql postgresql-client curl jq zstd
      bsdextrautils)
test=(libcmocka-dev clang clang-format clang-tidy libclang-rt-dev python3 python3-pytest
      python3-pytest-timeout python3-pytest-xdist python3-psycopg2 python3-xxhash pgbouncer strace openssl
       git rsync valgrind libfaketime mandoc zsh systemd debhelper lintian prometheus chromium rclone)
# Debian 13 has older names of time zones in a package of their own.
if grep -qE '^VERSION_ID="?1[3-9]' /etc/os-release; then test+=(tzdata-legacy); fi
# What the clients need that `make bench` races against.
bench=(nodejs node-pg python3-aiohttp python3-asyncpg)
bare=(make dpkg-dev debhelper lintian debootstrap systemd-container)

case ${1:-} in
build) want=("${build[@]}") ;;
demo) want=("${build[@]}" "${demo[@]}") ;;
test) want=("${build[@]}" "${demo[@]}" "${test[@]}") ;;
bench) want=("${build[@]}" "${demo[@]}" "${test[@]}" "${bench[@]}") ;;
bare) want=("${build[@]}" "${bare[@]}") ;;
*) echo "usage: $0 build|demo|test|bench|bare" >&2; exit 64 ;;
esac

missing=()
for package in "${want[@]}"; do
    # dpkg-query prints nothing for a package it never heard of.
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "$0: these packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
        exit 69
    }
    as_root=(sudo)
fi
echo "Installing: ${missing[*]}" >&2
log=$(mktemp)
# It may take minutes, of which nobody is to wonder what happens.
(while sleep 20; do echo "... installing: $(tail -n 1 "$log" | cut -c 1-100)" >&2; done) &
trap 'kill $! 2>/dev/null; rm -f "$log"' EXIT
# The Debian package would start a cluster of its own; ours lives under var/.
if ! { "${as_root[@]}" apt-get update &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
           -o Dpkg::Options::=--force-confold "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "$0: installing failed; the lines above say why" >&2
    exit 69
fi
