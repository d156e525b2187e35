#!/bin/bash
# A bare Debian as an archive (debootstrap from this machine's mirror), unless it is there.
# usage: bare-debian.sh FILE.tar [SUITE [PACKAGE,PACKAGE]]      SUITE: bookworm
set -euo pipefail
[ ! -s "$1" ] || exit 0
suite=${2:-bookworm}
[ "$(id -u)" -eq 0 ] || { echo "debootstrap needs root" >&2; exit 77; }
command -v debootstrap >/dev/null || { echo "this needs the package debootstrap" >&2; exit 69; }
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null |
    sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*\/debian\/\{0,1\}\) .*/\2/p' | sed -n 1p || true)
folder=$(mktemp -d "$(dirname "$1")/bare.XXXXXX")
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # it becomes /, which others than root have to pass
echo "== A bare Debian ($suite) from ${mirror:-debootstrap\'s own mirror}"
# shellcheck disable=SC2086  # none at all where there is none
debootstrap --variant=minbase ${3:+--include="$3"} "$suite" "$folder" $mirror >"$1.log" 2>&1 || { tail "$1.log" >&2; exit 69; }
tar -C "$folder" -cf "$1.tmp" .
mv "$1.tmp" "$1"
