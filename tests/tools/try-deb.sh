#!/bin/bash
# Installs, upgrades, downgrades, removes and purges the Debian package in a bare Debian of its own, in which a real systemd
# runs (debootstrap and systemd-nspawn, in build/), and looks at what is there and what runs after each.
# usage: tests/tools/try-deb.sh PACKAGE.deb [SUITE]      as root; fetches from the mirror; SUITE: bookworm
set -euo pipefail
cd "$(dirname "$0")/../.."
package=$1
suite=${2:-bookworm}
root=$PWD/build/deb-root
base=$PWD/build/booting-$suite.tar
log=$PWD/build/deb-root.log
version=$(dpkg-deb -f "$package" Version)

say() { printf '== %s\n' "$*"; }
die() { printf 'FAIL %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || die "debootstrap needs root"
command -v systemd-nspawn >/dev/null || die "this needs the package systemd-container"

# ---- a Debian that has booted ----
leader='' nspawn=''
inside() { nsenter -t "$leader" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
boot() {
    # A systemd of today wants the one hierarchy of control groups, whatever the host has.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q -D "$root" --register=no --keep-unit -b --console=pipe \
        </dev/null >build/deb-boot.log 2>&1 &
    nspawn=$!
    for _ in $(seq 600); do
        leader=$(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null | tr -d ' ' || true)
        if [ -n "$leader" ] && inside systemctl is-system-running --wait >/dev/null 2>&1; then return 0; fi
        if [ -n "$leader" ] && [ "$(inside systemctl is-system-running 2>/dev/null || true)" = degraded ]; then return 0; fi
        kill -0 "$nspawn" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 build/deb-boot.log >&2
    die "systemd does not boot here"
}
halt() {
    if [ -n "$leader" ]; then kill -s RTMIN+4 "$leader" 2>/dev/null || true; fi # as systemctl poweroff
    if [ -n "$nspawn" ]; then
        for _ in $(seq 300); do kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$nspawn" 2>/dev/null || true
    fi
    leader='' nspawn=''
}
trap halt EXIT

# ---- doing, and looking ----
apt_in() { inside apt-get -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -y --no-install-recommends --allow-downgrades "$@" \
    >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "apt-get $*"; }; }
said() { grep -q "$1" "$log" || { tail -n 30 "$log" >&2; die "nothing said: $1"; }; }
as_netty() { inside setpriv --reuid=netty --regid=netty --init-groups -- "$@"; }
active() { [ "$(inside systemctl is-active "$1" || true)" = active ]; }
runs() { for unit in "$@"; do active "$unit" || { inside systemctl status "$unit" >&2 || true; die "$unit does not run"; }; done; }
rests() { for unit in "$@"; do ! active "$unit" || die "$unit runs"; done; }
enabled() { [ "$(inside systemctl is-enabled "$1" 2>/dev/null || true)" = enabled ]; }
pid() { inside systemctl show -p MainPID --value "$1"; }
links() { find "$root/etc/systemd/system" -name 'netty-*' -type l; }
another() { # another VERSION FILE: the same package by another version's name
    rm -rf build/deb-next
    dpkg-deb -R "$package" build/deb-next
    sed -i "s/^Version: .*/Version: $1/" build/deb-next/DEBIAN/control
    dpkg-deb --root-owner-group -b build/deb-next "$2" >/dev/null
}
# The last release as it met systemd: its scripts and units, about today's programs.
last_release() {
    local units
    rm -rf build/deb-next
    dpkg-deb -R "$package" build/deb-next
    units=$(dirname "$(find build/deb-next -name netty-sync.target)")
    rm -f build/deb-next/DEBIAN/p* "$units"/netty-sync.target "$units"/*.timer "$units"/../system-generators/netty-generator
    install -m 0755 tests/tools/netty-sync_0.1.0/p* build/deb-next/DEBIAN/
    install -m 0644 tests/tools/netty-sync_0.1.0/netty-* "$units/"
    sed -i 's/^Version: .*/Version: 0.1.0/' build/deb-next/DEBIAN/control
    dpkg-deb --root-owner-group -b build/deb-next "$1" >/dev/null
}

rm -rf "$root"
mkdir -p "$root"
tests/tools/bare-debian.sh "$base" "$suite" systemd,dbus,ca-certificates
tar -C "$root" -xf "$base"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
# Not /tmp, on which the machine that boots mounts a file system of its own.
mkdir -p "$root/packages"
cp "$package" "$root/packages/first.deb"
another "$version+next" "$root/packages/next.deb"
last_release "$root/packages/last.deb"
boot
apt_in update
say "$(inside systemctl --version | head -n 1), $(inside cat /etc/debian_version)"

say "Install: nothing is enabled, nothing runs"
apt_in install /packages/first.deb
for program in netty-extract netty-load netty-spool; do
    inside $program --version | grep -q "^$program " || die "$program does not run"
done
[ "$(stat -c '%a %u' "$root/var/spool/netty")" = "700 $(inside id -u netty)" ] || die "the spool's mode or owner"
[ -z "$(links)" ] || die "enabled: $(links)"
rests netty-sync.target netty-extract.timer netty-load.timer netty-load-check.timer netty-status.timer netty-extract-every.service netty-load-follow.service
inside test -s /usr/share/bash-completion/completions/netty-load || die "completion"

say "Run: settings, secrets and another spool are found where a person writes them"
inside sh -c 'echo secret-key >/etc/netty/api-key; echo "host=127.0.0.1 port=9 dbname=crm" >/etc/netty/database-url
    chgrp netty /etc/netty/api-key /etc/netty/database-url; chmod 0640 /etc/netty/api-key /etc/netty/database-url'
# The address leads nowhere: 69, and a spool that its own user has made.
inside sed -i '1i tables = contacts\nbase-url = http://127.0.0.1:9\nretries = 0' /etc/netty/netty.conf
inside systemctl start netty-extract.service || true
[ "$(inside systemctl show -p ExecMainStatus --value netty-extract.service)" = 69 ] || die "it ended otherwise than with 69"
[ -e "$root/var/spool/netty/spool.json" ] || die "no spool was made"
inside sh -c 'install -d -m 0700 -o netty -g netty "/srv/my spool"; sed -i "1i spool = /srv/my spool" /etc/netty/netty.conf'
inside systemctl daemon-reload
inside systemctl start netty-extract.service || true
[ -e "$root/srv/my spool/spool.json" ] || { inside journalctl -u netty-extract >&2; die "the service does not reach the spool that netty.conf names"; }
inside systemctl show -p RequiresMountsFor --value netty-extract-every.service | grep -q "/srv/my spool" || die "no mount is waited for"
inside sed -i '1d' /etc/netty/netty.conf
inside systemctl daemon-reload

say "Upgrade, re-install, downgrade: what ran runs again, and only that"
inside systemctl enable -q --now netty-sync.target netty-extract-every.service
inside systemctl enable -q netty-load-follow.service # enabled, but stopped by somebody
for file in next.deb next.deb first.deb; do
    before=$(pid netty-extract-every.service)
    apt_in install --reinstall "/packages/$file"
    runs netty-sync.target netty-extract.timer netty-load.timer netty-load-check.timer netty-status.timer netty-extract-every.service
    rests netty-load-follow.service
    [ "$(pid netty-extract-every.service)" != "$before" ] || die "$file: the old program runs on"
    [ "$(inside systemctl show -p NeedDaemonReload --value netty-extract-every.service)" = no ] || die "$file: systemd knows the old units"
done
grep -q '^tables = contacts' "$root/etc/netty/netty.conf" || die "an upgrade changed the settings"

say "Reload: the same process reads settings anew"
before=$(pid netty-extract-every.service)
inside sed -i 's/^tables = contacts/tables = contacts, users/' /etc/netty/netty.conf
inside systemctl reload netty-extract-every.service
for _ in $(seq 300); do
    ! inside journalctl -o cat -u netty-extract-every.service | grep 'table=users' >/dev/null || break
    sleep 0.1
done
inside journalctl -o cat -u netty-extract-every.service | grep 'table=users' >/dev/null || die "the settings were not read anew"
[ "$(pid netty-extract-every.service)" = "$before" ] || die "a reload started another process"

say "Remove: nothing runs or is enabled; the spool stays, and the next installation goes on with it"
# But for next.json: a program that ends has no next run.
before=$(cd "$root/var/spool/netty" && find . ! -name next.json | sort)
inside systemctl start --no-block netty-load.service
apt_in remove netty-sync
[ ! -e "$root/usr/bin/netty-load" ] || die "a program stayed"
[ -z "$(inside sh -c 'ps -u netty -o args= 2>/dev/null || grep -l "^Uid:.\\b$(id -u netty)\\b" /proc/[0-9]*/status 2>/dev/null')" ] || die "something of netty's runs"
[ -z "$(links)" ] || die "still enabled: $(links)"
[ "$(cd "$root/var/spool/netty" && find . ! -name next.json | sort)" = "$before" ] || die "removing changed the spool"
apt_in install /packages/first.deb
rests netty-sync.target netty-extract.timer netty-load.timer netty-load-check.timer netty-status.timer netty-extract-every.service
as_netty netty-spool status >/dev/null 2>&1 || [ $? -eq 69 ] || die "netty-spool finds no spool after installing again"

say "Purge: nothing stays but the user, and rows that only the archive has"
as_netty sh -c 'echo rows >/var/spool/netty-archive/contacts.ndjson.zst'
inside mkdir -p /srv/other
inside sed -i '1i spool = /srv/other' /etc/netty/netty.conf
apt_in purge netty-sync
said "removing the spool in /var/spool/netty"
said "leaving /srv/other, a spool that netty.conf named"
[ ! -e "$root/var/spool/netty" ] && [ ! -e "$root/etc/netty" ] && [ ! -e "$root/var/lib/netty-sync" ] || die "purging left something"
[ -s "$root/var/spool/netty-archive/contacts.ndjson.zst" ] || die "purging removed archived rows"
rm "$root/var/spool/netty-archive/contacts.ndjson.zst"
apt_in install /packages/first.deb
apt_in purge netty-sync
[ ! -e "$root/var/spool/netty-archive" ] || die "an empty archive stayed"
inside id netty >/dev/null || die "the user's number can be used again"

say "Purge a spool that is a volume, a link, a link to what others use, or in use"
apt_in install /packages/first.deb
inside mount -t tmpfs -o mode=700,uid=netty,gid=netty tmpfs /var/spool/netty
as_netty sh -c 'mkdir /var/spool/netty/contacts; echo person >/var/spool/netty/contacts/1.ndjson; ln -s /srv/disk /var/spool/netty/users'
apt_in purge netty-sync
said "an empty volume"
said "leaving what the link /var/spool/netty/users leads to: /srv/disk"
[ -z "$(inside find /var/spool/netty -mindepth 1)" ] && [ ! -e "$root/etc/netty" ] || die "personal data or keys stayed on the volume"
inside umount /var/spool/netty
inside sh -c 'rmdir /var/spool/netty; install -d -m 0700 -o netty -g netty /srv/linked; ln -s /srv/linked /var/spool/netty; echo person >/srv/linked/a'
apt_in install /packages/first.deb
apt_in purge netty-sync
[ ! -e "$root/srv/linked" ] && [ ! -L "$root/var/spool/netty" ] || die "behind a link personal data stayed"
inside sh -c 'mkdir /srv/shared; echo theirs >/srv/shared/a; ln -s /srv/shared /var/spool/netty'
apt_in install /packages/first.deb
apt_in purge netty-sync
said "for others than netty can write or look there"
[ -s "$root/srv/shared/a" ] && [ ! -L "$root/var/spool/netty" ] || die "what is not netty's alone was removed"
apt_in install /packages/first.deb
as_netty sh -c 'echo person >/var/spool/netty/a'
inside sh -c 'sleep 1000 3</var/spool/netty/a & echo $! >/run/holder'
apt_in purge netty-sync
said "which is in use by process"
[ -s "$root/var/spool/netty/a" ] || die "a spool in use was removed"
inside sh -c 'kill $(cat /run/holder); rm -r /var/spool/netty'

say "Install while the spool is a link to a disk that is not mounted"
inside ln -s /srv/not-mounted/spool /var/spool/netty
apt_in install /packages/first.deb
said "which is not there"
inside dpkg-query -W -f '${Status}\n' netty-sync | grep -q ' installed$' || die "half configured"
apt_in purge netty-sync
[ ! -L "$root/var/spool/netty" ] || die "the link stayed"

say "From the last release: its timer, enabled, edited and running, is taken over; so are its secrets"
apt_in install /packages/last.deb
inside sh -c 'echo k >/etc/netty/api-key; echo d >/etc/netty/database-url; chmod 0600 /etc/netty/api-key /etc/netty/database-url
    mkdir -p /etc/systemd/system/netty-sync.timer.d; printf "[Timer]\nOnCalendar=\nOnCalendar=daily\n" >/etc/systemd/system/netty-sync.timer.d/override.conf
    systemctl daemon-reload; systemctl enable -q --now netty-sync.timer netty-load-follow.service'
runs netty-sync.timer
apt_in install /packages/first.deb
runs netty-sync.target netty-extract.timer netty-load.timer netty-load-check.timer netty-status.timer
rests netty-sync.timer netty-extract-every.service
enabled netty-sync.target || die "netty-sync.target is not enabled"
[ ! -L "$root/etc/systemd/system/timers.target.wants/netty-sync.timer" ] || die "a link of the old timer's stayed"
inside systemctl show -p TimersCalendar --value netty-extract.timer | grep -q 'OnCalendar=\*-\*-\* 00:00:00' || die "its owner's times are lost"
[ "$(inside stat -c %U:%G:%a /etc/netty/api-key /etc/netty/database-url | sort -u)" = root:netty:640 ] || die "the services cannot read the secrets"

say "And back to it"
apt_in install /packages/last.deb
said "systemctl enable --now netty-sync.timer"
rests netty-sync.target netty-extract.timer netty-load.timer netty-load-check.timer netty-status.timer
apt_in purge netty-sync
halt
rm -rf "$root" build/deb-next
say "The package installs, upgrades, stays out of the way, and goes."
