#!/bin/sh
# Builds the Debian package into build/, in a copy of what it needs.      usage: build.sh VERSION
# Prints a line a file and a line a step of debhelper; with V=1 the commands.
set -eu
cd "$(dirname "$0")/../.."
version=$1
command -v dh >/dev/null || { echo "make deb needs the packages debhelper and dpkg-dev" >&2; exit 69; }
top=build/deb
copy=$top/netty-sync-$version
rm -rf "$top"
mkdir -p "$copy/tests"
cp -R Makefile README.md extract load shared spool "$copy/"
cp tests/tests.mk "$copy/tests/"
mv "$copy/shared/debian" "$copy/debian"
rm "$copy/debian/build.sh"
head -n 1 "$copy/debian/changelog" | grep -qF "($version)" || {
    echo "shared/debian/changelog does not begin with version $version" >&2
    exit 78
}
(cd "$copy" && env -u MAKEFLAGS -u MAKELEVEL GNUMAKEFLAGS=--no-print-directory sh -c '
    # What makes C programs is not asked for by the name of build-essential, which wants a C++ compiler, too.
    dpkg-checkbuilddeps -I && dpkg-buildpackage -d -b -us -uc -j"$(nproc)"')
rm -f build/netty-sync_*.deb
mv "$top"/netty-sync_*.deb build/
ls -l build/netty-sync_*.deb
