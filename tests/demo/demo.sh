#!/bin/bash
# The demonstration: a stand-in for the API with five tables, a private PostgreSQL, a first sync, some changes, a second
# sync. The data is invented. Everything it starts and writes lives under var/; `make stop` ends it.
set -euo pipefail
cd "$(dirname "$0")/../.."
var=$PWD/var
mkdir -p "$var"
tables=contacts:12000,users:300,companies:4000,products:6000,mandates:2500
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

tests/demo/stop.sh quiet
rm -rf "$var/demo"
mkdir -p "$var/demo"

say "Starting a private PostgreSQL and the API stand-in"
tests/tools/pg.sh start "$var/pg"
admin=$(tests/tools/pg.sh url "$var/pg")
psql -q -v ON_ERROR_STOP=1 "$admin" -c 'DROP DATABASE IF EXISTS netty WITH (FORCE)' -c 'CREATE DATABASE netty' 2>/dev/null
export NETTY_SIM_KEY=demonstration-key
setsid build/netty-sim --port 0 --port-file "$var/demo/sim.port" --seed 42 --tables "$tables" \
    >"$var/demo/sim.log" 2>&1 </dev/null &
echo $! >"$var/demo/sim.pid"
for _ in $(seq 200); do
    [ -s "$var/demo/sim.port" ] && break
    sleep 0.05
done
[ -s "$var/demo/sim.port" ] || { echo "The stand-in did not start; its log is $var/demo/sim.log" >&2; exit 70; }

export NETTY_API_KEY=$NETTY_SIM_KEY
NETTY_BASE_URL=http://127.0.0.1:$(cat "$var/demo/sim.port")
DATABASE_URL=$(tests/tools/pg.sh url "$var/pg" netty)
NETTY_TABLES=$(sed 's/:[0-9]*//g' <<<"$tables")
export NETTY_BASE_URL DATABASE_URL NETTY_TABLES
export NETTY_SPOOL=$var/demo/spool NETTY_RATE=0 NETTY_QUIET=1
echo "API stand-in: $NETTY_BASE_URL"
echo "PostgreSQL:   $DATABASE_URL"

sync() {
    build/netty-extract --json >"$var/demo/$1.extract"
    build/netty-load --create-tables --views --json >"$var/demo/$1.load"
}
say "First sync: everything"
sync first
say "Some records change, some are new, some are marked deleted"
post() { curl -fsS -X POST "$NETTY_BASE_URL/_sim/$1" >/dev/null; }
post 'edit?table=contacts&n=250'
post 'edit?table=companies&n=40'
post 'insert?table=products&n=75'
post 'mark-deleted?table=mandates&n=12'
say "Second sync: what changed"
sync second

picture() {
    jq -rs --slurpfile load "$var/demo/$1.load" '
        def moment: if . then sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601 | strflocaltime("%Y-%m-%d %H:%M:%S %Z") else "-" end;
        ["table", "requests", "fetched", "inserted", "updated", "unchanged", "folded", "seconds", "complete up to"],
        (.[] as $e | ($load[] | select(.table == $e.table)) as $l |
         [$e.table, $e.requests, $e.records, $l.inserted, $l.updated, $l.unchanged, $l.folded,
          (($e.seconds + $l.seconds) * 100 | round / 100), ($e.complete_to | moment)]) | @tsv' "$var/demo/$1.extract" |
        column -t -s "$(printf '\t')" -R 2,3,4,5,6,7,8
}
say "What the first sync did"
picture first
say "What the second sync did"
picture second

say "One of the contacts, as dashboards see it"
psql -X "$DATABASE_URL" -c "SELECT contact_id, left(data->>'last_name', 20) AS last_name, data->>'deleted' AS deleted,
    time_modified FROM \"netty-contacts\" ORDER BY time_modified DESC NULLS LAST LIMIT 5"
say "Mandates by agency and month, through the view that netty-load --views has made"
question="SELECT agency_ref AS agency, date_trunc('month', time_created)::date AS month, count(*) AS mandates,
    round(avg(price)) AS price FROM netty.mandates GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 5"
echo "$question"
psql -X "$DATABASE_URL" -c "$question"
say "How it stands: netty-spool status"
build/netty-spool status
build/netty-spool report --html "$var/demo/status.html" >/dev/null

# What to go on with: a shell that has read it needs no option and no path.
{
    printf 'export %s=%q\n' NETTY_BASE_URL "$NETTY_BASE_URL" DATABASE_URL "$DATABASE_URL" NETTY_TABLES "$NETTY_TABLES" \
        NETTY_SPOOL "$NETTY_SPOOL" NETTY_API_KEY "$NETTY_API_KEY" NETTY_RATE 0
    printf 'PATH=%q:$PATH\n' "$PWD/build"
} >"$var/demo/env"
cat <<T

The same as a page: file://$var/demo/status.html

Go on with:
  . var/demo/env                          the programs, the stand-in, the database and the spool of this demonstration
  curl -X POST "\$NETTY_BASE_URL/_sim/edit?table=contacts&n=10"      somebody edits ten contacts
  netty-extract && netty-load
  netty-spool runs
  netty-spool cat users | head -n 1
  psql "\$DATABASE_URL"
  make stop                               ends the stand-in and the PostgreSQL
T
