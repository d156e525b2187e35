#!/bin/bash
# The house rules that a script can hold: who may include whom, what may be linked, which calls are banned, what lies
# at the top level. Prints each breach; exits 1 when there is one.
# usage: tests/lint/rules.sh [BUILD]
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build}
breaches=0
breach() { echo "rules: $1"; breaches=$((breaches + 1)); }

# c_files FOLDER ...: the C files and headers below these folders, at any depth.
c_files() { find "$@" -name '*.[ch]'; }
# c_grep PATTERN FOLDER ...: where they match.
c_grep() {
    local pattern=$1
    shift
    c_files "$@" | xargs grep -HnE "$pattern"
}

# extract -> spool, shared; load -> spool, shared; spool -> shared; shared -> nothing.
declare -A may=([extract]='extract|spool|shared' [load]='load|spool|shared' [spool]='spool|shared' [shared]='shared')
for room in "${!may[@]}"; do
    while IFS= read -r line; do
        breach "$room includes what it must not know: $line"
    done < <(c_grep '^#include "' "$room" | grep -vE ":#include \"(${may[$room]})/")
done
while IFS= read -r line; do breach "extract knows the database: $line"; done \
    < <(c_grep 'libpq|postgres_ext' extract spool shared)
while IFS= read -r line; do breach "load knows the network API: $line"; done \
    < <(c_grep 'curl/' load spool shared)
for pair in "netty-extract libpq" "netty-load libcurl" "netty-spool libcurl" "netty-spool libpq"; do
    read -r program library <<<"$pair"
    # What the program itself asks for; what a library of its asks for is not its doing.
    if readelf -d "$build/$program" | grep -q "NEEDED.*$library"; then breach "$program links $library"; fi
done

banned='\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|strtok|alloca|system|popen|setjmp|longjmp)[[:space:]]*\('
while IFS= read -r line; do breach "banned call: $line"; done \
    < <(c_grep "$banned" extract load spool shared tests/sim)

# shared/files does these within an open folder, which nobody can exchange for a link meanwhile.
while IFS= read -r line; do breach "by path; safe_file.h has it: $line"; done \
    < <(c_grep '\b(rename|unlink|fopen|creat)[[:space:]]*\(' extract load spool | grep -v ' \* ')

while IFS= read -r entry; do breach "at the top level: $entry"; done \
    < <(ls -A | grep -vxE 'Makefile|extract|load|shared|spool|tests|README\.md|build|var|\..*')

while read -r lines file; do breach "$file has $lines lines; 500 is the most"; done \
    < <(c_files extract load spool shared tests | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $1, $2 }')

for file in $(c_files extract load spool shared tests); do
    [[ $file == *.h ]] || continue
    guard=NETTY_$(tr '[:lower:]/.-' '[:upper:]___' <<<"$file")
    [ "$(grep -m 1 '^#ifndef ' "$file")" = "#ifndef $guard" ] || breach "$file: its guard is not $guard"
done

tests/lint/sql_names.py || breaches=$((breaches + 1))

[ "$breaches" -eq 0 ]
