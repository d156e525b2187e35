#!/bin/bash
# Builds the Debian package again, elsewhere: in another folder, at another time of day, with another umask, zone and
# language. The package must be equal to the one in build/, byte for byte.      usage: tests/tools/reproducible.sh PACKAGE
set -euo pipefail
cd "$(dirname "$0")/../.."
package=$(realpath "$1")
elsewhere=$(mktemp -d /tmp/netty-again.XXXXXX)
trap 'rm -rf "$elsewhere"' EXIT
tree=$elsewhere/a/longer/path
mkdir -p "$tree/tests"
cp -R Makefile README.md extract load shared spool "$tree/"
cp tests/tests.mk "$tree/tests/"
(
    umask 077
    cd "$tree"
    env -u MAKEFLAGS -u MAKELEVEL TZ=Pacific/Auckland LC_ALL=C.UTF-8 LANGUAGE=fr make deb
)
cmp "$package" "$tree/build/${package##*/}"
sha256sum "$package"
