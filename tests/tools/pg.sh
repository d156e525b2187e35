#!/bin/bash
# A private PostgreSQL: its own data, socket and port, loopback only, never run as root.
#
# usage: tests/tools/pg.sh start DIR [NAME=VALUE ...]   settings go into postgresql.conf; starting twice is fine
#        tests/tools/pg.sh stop DIR [MODE]              MODE: fast (default), immediate, smart
#        tests/tools/pg.sh restart DIR [MODE]           on the same port
#        tests/tools/pg.sh promote DIR                  ends a standby's being one
#        tests/tools/pg.sh own DIR COMMAND ...          runs a command as the user that the server runs as
#        tests/tools/pg.sh url DIR [DATABASE]           a connection URL for the superuser `netty`
#        tests/tools/pg.sh env DIR                      PGHOST= PGPORT= PGUSER= lines
set -euo pipefail

fail() { echo "pg.sh: $*" >&2; exit 69; }
[ $# -ge 2 ] || { sed -n '4,10s/^# //p' "$0" >&2; exit 64; }
verb=$1
dir=$2
shift 2
bin=${NETTY_PG_BIN:-$(pg_config --bindir 2>/dev/null || true)}
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || fail "no PostgreSQL server is installed (package postgresql)"

# PostgreSQL refuses to run as root, so root hands the cluster to the user `postgres`.
as_owner() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
    as_owner() { (cd / && exec setpriv --reuid postgres --regid postgres --init-groups -- "$@"); }
fi

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
running() { [ -f "$dir/data/postmaster.pid" ] && as_owner "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; }

create() {
    mkdir -p "$dir"
    # A folder that `postgres` cannot reach (a checkout below /root) gets its data elsewhere.
    if [ "$(id -u)" -eq 0 ] && ! as_owner test -x "$dir"; then
        away=$(mktemp -d /var/tmp/netty-pg.XXXXXX)
        rmdir "$dir" && ln -s "$away" "$dir"
    fi
    dir=$(readlink -f "$dir")
    [ "$(id -u)" -ne 0 ] || chown postgres "$dir"
    as_owner "$bin/initdb" -D "$dir/data" -U netty -A trust -E UTF8 --locale=C.UTF-8 --no-instructions \
        >"$dir.initdb.log" 2>&1 || { cat "$dir.initdb.log" >&2; fail "initdb failed"; }
    rm -f "$dir.initdb.log"
}

start() {
    [ -f "$dir/data/PG_VERSION" ] || create
    dir=$(readlink -f "$dir")
    running && return
    # A socket's path is at most 107 bytes long.
    socket=$dir
    [ ${#socket} -lt 80 ] || socket=$(as_owner mktemp -d /tmp/netty-pg.XXXXXX)
    for _ in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 30000))
        port_is_free "$port" || continue
        {
            echo "listen_addresses = '127.0.0.1'"
            echo "port = $port"
            echo "unix_socket_directories = '$socket'"
            echo "log_min_duration_statement = -1"
            for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
        } | as_owner tee "$dir/data/private.conf" >/dev/null
        as_owner grep -q private.conf "$dir/data/postgresql.conf" ||
            echo "include 'private.conf'" | as_owner tee -a "$dir/data/postgresql.conf" >/dev/null
        if as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start >/dev/null 2>&1; then
            printf 'PGHOST=%s\nPGPORT=%s\nPGUSER=netty\n' "$socket" "$port" |
                as_owner tee "$dir/env" >/dev/null
            return
        fi
    done
    as_owner tail -n 20 "$dir/log" >&2 || true
    fail "PostgreSQL does not start; its log is $dir/log"
}

case $verb in
start) start "$@" ;;
stop) if running; then as_owner "$bin/pg_ctl" -D "$dir/data" -m "${1:-fast}" -w stop >/dev/null; fi ;;
restart) as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -m "${1:-fast}" -w -t 60 restart >/dev/null ;;
promote) as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 60 promote >/dev/null ;;
own) as_owner "$@" ;;
url)
    . "$dir/env"
    printf 'postgresql://%s@127.0.0.1:%s/%s\n' "$PGUSER" "$PGPORT" "${1:-postgres}"
    ;;
env) cat "$dir/env" ;;
*) fail "unknown command $verb" ;;
esac
