#!/bin/sh
# Builds the Debian package into build/, in a copy of what it needs.      usage: build.sh VERSION
# Prints a line a file and a line a step of debhelper; with V=1 the commands.
# A package is compiled from nothing. OBJECTS=DIR takes the objects of that build instead, which must have been made with the same flags
# and compiler: `make test` does so once, and then compares the package with one that was compiled from nothing.
set -eu
cd "$(dirname "$0")/../.."
version=$1
command -v dh >/dev/null || { echo "make deb needs the packages debhelper and dpkg-dev" >&2; exit 69; }
top=build/deb
copy=$top/netty-sync-$version
rm -rf "$top"
mkdir -p "$copy/tests"
# With their times, for make compares them with those of the objects.
cp -Rp Makefile README.md extract load shared spool "$copy/"
cp -p tests/tests.mk "$copy/tests/"
# Not below build/, which debhelper cleans first.
[ -z "${OBJECTS:-}" ] || { mkdir "$copy/objects" && cp -Rp "$OBJECTS/obj" "$OBJECTS/gen" "$copy/objects/"; }
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
