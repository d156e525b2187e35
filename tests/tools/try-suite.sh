#!/bin/bash
# The README's two commands and the package, each on a bare Debian of another version: debootstrap makes it, systemd-nspawn runs it,
# in build/.      usage: tests/tools/try-suite.sh SUITE [PART ...]      as root; fetches from the mirror
# Parts: run (make run, make stop), deb (make deb there, lintian there, try-deb.sh in yet another root), test (make test, or
# `make check-X` for each X in CHECKS).
set -euo pipefail
cd "$(dirname "$0")/../.."
suite=${1:?usage: try-suite.sh SUITE [PART ...]}
shift
[ $# -gt 0 ] || set -- run deb test
root=$PWD/build/suite-$suite
say() { printf '== %s: %s\n' "$suite" "$*"; }
die() { printf 'FAIL %s: %s\n' "$suite" "$*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "debootstrap needs root"

# Some tests make namespaces of their own: they set kernel parameters there (/proc/sys is not read-only), and bring its loopback up.
inside() {
    SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes systemd-nspawn -q -D "$root" --register=no --keep-unit --as-pid2 --console=pipe --capability=CAP_NET_ADMIN --chdir=/source \
        -E DEBIAN_FRONTEND=noninteractive -E LC_ALL=C.UTF-8 -E PYTEST="${PYTEST:-}" "$@" </dev/null
}
# Fresh but for what it has built, so that a part can be tried again: KEEP=1 keeps what is installed, too.
if [ ! -d "$root" ] || [ -z "${KEEP:-}" ]; then
    rm -rf "$root"
    mkdir -p "$root/source"
    tests/tools/bare-debian.sh "build/bare-$suite.tar" "$suite"
    tar -C "$root" -xf "build/bare-$suite.tar"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    inside sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends make >/dev/null 2>&1' || die "make is not to be had"
fi
git ls-files -z --cached --others --exclude-standard | xargs -0 tar -cf - --ignore-failed-read 2>/dev/null | tar -C "$root/source" -xf - --keep-newer-files 2>/dev/null

# Tests and checks ask git for the project's files.
git -C "$root/source" init -q && git -C "$root/source" add -A

for part in "$@"; do
    log=$PWD/build/suite-$suite-$part.log
    case $part in
    run)
        say "make run, make stop"
        inside make run >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "make run"; }
        inside make stop >>"$log" 2>&1 || die "make stop"
        ;;
    deb)
        say "make deb, lintian"
        inside sh -c 'tests/setup.sh bare && make deb && lintian --allow-root --pedantic --display-info --fail-on error,warning,info,pedantic build/netty-sync_*.deb' \
            >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "make deb, or lintian"; }
        tests/tools/try-deb.sh "$root"/source/build/netty-sync_*.deb "$suite"
        ;;
    test)
        for check in ${CHECKS:-test}; do
            [ "$check" = test ] && target=test || { target=check-$check; inside tests/setup.sh test || die "tests/setup.sh test"; }
            say "make $target"
            inside make "$target" >"$log.$check" 2>&1 || { grep -E '^(FAIL|failed:|[0-9]+ passed)' "$log.$check" >&2 || tail -n 30 "$log.$check" >&2; die "make $target: $log.$check"; }
            grep -E '^(said|skip|[0-9]+ passed)' "$log.$check"
        done
        ;;
    *) die "no part is called $part" ;;
    esac
done
say "done: $*"
