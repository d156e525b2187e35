#!/bin/bash
# Installs, upgrades, removes and purges the Debian package in a bare Debian of its own (debootstrap, in build/deb-root), and
# looks at what is there after each.      usage: tests/tools/try-deb.sh PACKAGE.deb      (as root; fetches from the mirror)
set -euo pipefail
cd "$(dirname "$0")/../.."
package=$1
root=$PWD/build/deb-root
base=$PWD/build/bare-debian.tar

say() { printf '== %s\n' "$*"; }
die() { printf 'FAIL %s\n' "$*" >&2; exit 1; }
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$root" "$@"; }
apt_in() { in_root apt-get -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -y --no-install-recommends "$@" >build/deb-root.log 2>&1 ||
    { tail -n 30 build/deb-root.log >&2; die "apt-get $*"; }; }
as_netty() { in_root setpriv --reuid=netty --regid=netty --init-groups -- "$@"; }
# What the spool holds, with owners and modes.
spool() { (cd "$root/var/spool/netty" && find . -printf '%p %m %U %s\n' | sort && find . -type f -exec cat {} + | md5sum); }

[ "$(id -u)" -eq 0 ] || die "debootstrap needs root"
rm -rf "$root"
mkdir -p "$root"
tests/tools/bare-debian.sh "$base"
tar -C "$root" -xf "$base"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
apt_in update

say "Install"
cp "$package" "$root/tmp/first.deb"
apt_in install /tmp/first.deb
for program in netty-extract netty-load netty-spool; do
    in_root $program --version | grep -q "^$program " || die "$program does not run"
done
[ "$(stat -c '%a %U' "$root/var/spool/netty" | cut -d' ' -f1)" = 700 ] || die "the spool's mode"
[ "$(stat -c %u "$root/var/spool/netty")" = "$(in_root id -u netty)" ] || die "the spool's owner"
[ -z "$(find "$root/etc/systemd/system" -name 'netty-*' 2>/dev/null)" ] || die "a service was enabled"
in_root test -s /usr/share/bash-completion/completions/netty-load || die "completion"

say "A spool, a key, and changed settings"
in_root sh -c 'echo secret-key >/etc/netty/api-key; sed -i "1i tables = contacts" /etc/netty/netty.conf'
# The address leads nowhere: 69, and a spool that its own user has made.
code=0
as_netty env NETTY_API_KEY=x netty-extract --base-url http://127.0.0.1:9 --retries 0 2>"$root/tmp/said" || code=$?
[ $code -eq 69 ] || die "netty-extract ended with $code: $(cat "$root/tmp/said")"
as_netty netty-spool status >/dev/null || die "netty-spool finds no spool"
before=$(spool)
grep -q spool.json <<<"$before" || die "no spool was made"

say "Upgrade, with the spool in place"
rm -rf build/deb-next
dpkg-deb -R "$package" build/deb-next
sed -i 's/^Version: .*/&+next/' build/deb-next/DEBIAN/control
dpkg-deb --root-owner-group -b build/deb-next "$root/tmp/next.deb" >/dev/null
apt_in install /tmp/next.deb
in_root dpkg-query -W -f '${Version}\n' netty-sync | grep -q '+next$' || die "it was not upgraded"
[ "$(spool)" = "$before" ] || die "the upgrade changed the spool"
grep -q '^tables = contacts' "$root/etc/netty/netty.conf" || die "the upgrade changed the settings"

say "Remove: the spool stays, and the next installation goes on with it"
apt_in remove netty-sync
[ ! -e "$root/usr/bin/netty-load" ] || die "a program stayed"
[ "$(spool)" = "$before" ] || die "removing changed the spool"
apt_in install /tmp/first.deb
[ "$(spool)" = "$before" ] || die "installing again changed the spool"
as_netty netty-spool status >/dev/null || die "netty-spool finds no spool after installing again"

say "Purge: nothing stays but the user, and rows that only the archive has"
as_netty sh -c 'echo rows >/var/spool/netty-archive/contacts.ndjson.zst'
apt_in purge netty-sync
grep -q "removing the spool" build/deb-root.log || die "purging did not say what it removes"
[ ! -e "$root/var/spool/netty" ] && [ ! -e "$root/etc/netty" ] || die "purging left something"
[ -s "$root/var/spool/netty-archive/contacts.ndjson.zst" ] || die "purging removed archived rows"
apt_in install /tmp/first.deb
rm "$root/var/spool/netty-archive/contacts.ndjson.zst"
apt_in purge netty-sync
[ ! -e "$root/var/spool/netty-archive" ] || die "an empty archive stayed"
in_root id netty >/dev/null || die "the user's number can be used again"
rm -rf "$root" build/deb-next
say "The package installs, upgrades, stays out of the way, and goes."
