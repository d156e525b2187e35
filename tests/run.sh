#!/bin/bash
# `make test`: builds (gcc, gcc with sanitizers, clang), lint, unit tests, a slice of the fuzzers, end-to-end tests; one line
# of totals at the end.
# usage: tests/run.sh [PART ...]     parts: build lint unit counts fuzz e2e; without any: all
#        tests/run.sh newer campaign  the loader on a newer PostgreSQL; the long end-to-end tests (tests.mk has the others)
#        PYTEST='-k follow' tests/run.sh e2e
set -uo pipefail
cd "$(dirname "$0")/.."
parts=${*:-build lint unit counts fuzz e2e}
jobs=$(nproc)
logs=build/test-logs
mkdir -p "$logs"
passed=0
failed=0

# talk: hands lines on; where none comes for so many seconds, it says what is under way, and how far that is.
talk() {
    local line name log
    while :; do
        if IFS= read -r -t "${NETTY_TEST_BEAT:-25}" line; then
            printf '%s\n' "$line"
        elif [ $? -gt 128 ]; then
            read -r name log <"$logs/at"
            printf '...  %s: %s\n' "$name" "$(tail -c 300 "$log" 2>/dev/null | tr -d '\r' | grep . | tail -n 1 | cut -c 1-100)"
        else
            break
        fi
    done
}
# at NAME LOG: what is under way from now on.
at() { printf '%s %s\n' "${1// /_}" "$2" >"$logs/at"; }
at begin /dev/null
exec 3>&1 > >(talk)
talker=$!
failures=()

heading() { printf '\n== %s\n' "$*"; }

# check NAME COMMAND...: one test that is a command; its output is shown only when it fails.
check() {
    local name=$1 log
    shift
    log="$logs/${name//[^a-zA-Z0-9]/_}.log"
    at "$name" "$log"
    if "$@" >"$log" 2>&1; then
        echo "ok   $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name (whole output: $log)"
        tail -n 40 "$log" | sed 's/^/     /'
        failed=$((failed + 1))
        failures+=("$name")
    fi
}

# check_of TOOL VERSION NAME COMMAND...: a check whose outcome belongs to one version of a tool (0: of whatever ends with 3).
# With another version it is tried, and what it finds is said at the end, not failed.
told=()
check_of() {
    local tool=$1 version=$2 name=$3 log code=0 here
    shift 3
    here=$("$tool" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)
    if [ "$version" != 0 ] && [ "${here%%.*}" = "$version" ]; then
        check "$name" "$@"
        return
    fi
    log="$logs/${name//[^a-zA-Z0-9]/_}.log"
    at "$name" "$log"
    "$@" >"$log" 2>&1 || code=$?
    if [ $code -eq 0 ]; then
        echo "ok   $name"
        passed=$((passed + 1))
    elif [ "$version" != 0 ] || [ $code -eq 3 ]; then
        echo "said $name: $tool $here is another than the house's$([ "$version" = 0 ] || echo " ($version)"), and finds what is in $log"
        told+=("$name ($tool $here; $log)")
    else
        echo "FAIL $name (whole output: $log)"
        tail -n 40 "$log" | sed 's/^/     /'
        failed=$((failed + 1))
        failures+=("$name")
    fi
}

build() {
    heading "Builds"
    check "build: gcc" make -j"$jobs" all sim crash-lib
    check "build: gcc with sanitizers" make -j"$jobs" SAN=1 all sim unit
    # Each file once: what the fuzzers need is all but the programs' own. Without sanitizers, which leave some lines out, what
    # all programs share.
    check "build: clang with sanitizers, and the fuzzers" make -j"$jobs" fuzzers AND="all sim"
    check "build: clang" make -j"$jobs" CC=clang BUILD=build/clang build/clang/netty-pair
    check "build: install" make install DESTDIR=build/stage PREFIX=/usr
    # Of the objects that are there; what follows compiles it from nothing, and compares.
    check "build: Debian package" make deb OBJECTS=build
    # No compiler's command among what these four said: V=1 shows them.
    check "build: a line a file" bash -c '! awk "length > 120 || / -o / { print FILENAME \": \" \$0 }" "$@" | grep .' said \
        "$logs"/build__{gcc,gcc_with_sanitizers,install,Debian_package}.log
    check "build: the package again, byte for byte" bash -c 'tests/tools/reproducible.sh build/netty-sync_*.deb'
    check "build: lintian" lintian --allow-root --pedantic --display-info --fail-on error,warning,info,pedantic \
        build/netty-sync_*.deb
}

sources() { git ls-files '*.c' '*.h' 2>/dev/null | grep . || find extract load shared spool tests -name '*.[ch]'; }

# The loader's SQL becomes C at build time; clang-tidy reads the folder it lands in like any other.
# Its analyzer follows a function's paths until it has so many nodes; its own limit is 225,000 (`make campaign-tidy`), which takes twice
# as long as all and reaches 3 more of the 1,473 blocks of the 24 files that take longest.
tidy_one() {
    clang-tidy --quiet "$1" -- -Xclang -analyzer-config -Xclang "max-nodes=${TIDY_NODES:-50000}" \
        -std=c11 -D_GNU_SOURCE -I. -I"$(pg_config --includedir)" -DNETTY_VERSION='"0"' 2>/dev/null
}
export -f tidy_one

tidy() {
    check_of clang-tidy 14 "lint: clang-tidy" bash -c "$(declare -f sources)
        sources | grep '\.c\$' | xargs -P $jobs -I{} bash -c 'tidy_one {}'"
}

lint() {
    heading "Lint"
    check "lint: house rules" tests/lint/rules.sh build
    check "lint: arrows" make --no-print-directory arrows
    check_of clang-format 14 "lint: clang-format" bash -c "$(declare -f sources); sources | xargs clang-format --dry-run -Werror"
    tidy
    check "lint: shell scripts parse" bash -c 'for f in tests/*.sh tests/*/*.sh shared/*/*.sh shared/debian/*.p* shared/pair/netty-generator .ci/run; do bash -n "$f" || exit 1; done'
}

# One cmocka program, with a time limit of its own: its TAP lines and its exit code.
unit_one() {
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$1" >"$2" 2>&1
    echo "exit $?" >>"$2"
}
export -f unit_one

# unit_in BUILD: every cmocka program there, side by side; counts their TAP lines.
unit_in() {
    local dir=$1 program name log ok bad status programs
    programs=$(find "$dir/unit" -type f -executable | sort)
    at "$dir: unit tests" /dev/null
    unit_log() { name=${1#"$dir"/unit/}; log="$logs/${dir//\//_}_${name//\//_}.log"; }
    for program in $programs; do
        unit_log "$program"
        printf '%s\0%s\0' "$program" "$log"
    done | xargs -0 -n 2 -P "$jobs" bash -c 'unit_one "$@"' unit_one
    for program in $programs; do
        unit_log "$program"
        status=$(sed -n '$s/^exit //p' "$log")
        ok=$(grep -cE '^ok ' "$log")
        bad=$(grep -cE '^not ok ' "$log")
        # A program that died, or ran no test, failed as a whole.
        if [ "$status" != 0 ] && [ "$bad" -eq 0 ] || [ $((ok + bad)) -eq 0 ]; then bad=$((bad + 1)); fi
        passed=$((passed + ok))
        failed=$((failed + bad))
        if [ "$bad" -gt 0 ]; then
            echo "FAIL $dir: $name (exit $status; $log)"
            grep -vE '^ok ' "$log" | tail -n 30 | sed 's/^/     /'
            failures+=("unit $dir: $name")
        else
            echo "ok   $dir: $name ($ok)"
        fi
    done
}

unit() {
    heading "Unit tests, sanitized"
    unit_in build/san
}

campaign_unit() {
    heading "Unit tests, compiled as shipped"
    check "build: gcc" make -j"$jobs" unit
    unit_in build
}

# Instructions, not time: the parse and the encode path may become a tenth dearer, no more (tests/bench/instructions.py).
counts() {
    heading "Counted instructions"
    check "build: what is counted" make -j"$jobs" all sim bench-programs
    check_of gcc 0 "counts: parse and encode path, first sync, first load" /usr/bin/python3 tests/bench/instructions.py
}

# A fixed number of runs each, fewer where each run reads files; `make fuzz` is for longer ones.
fuzz() {
    local name runs
    heading "Fuzzers, a slice"
    check "build: fuzzers" make -j"$jobs" fuzzers
    for name in parse record when http_date; do check "fuzz: $name" tests/fuzz/run.sh -runs=20000 "$name"; done
    for name in journal segment catalog dead dead_acked notes small breaker roll missing options_file; do check "fuzz: $name" tests/fuzz/run.sh -runs=3000 "$name"; done
}

# pytest_in NAME BUILD ARGUMENT...: counts from pytest's own report.
pytest_in() {
    local name=$1 dir=$2 log="$logs/pytest_$1.log" report="$logs/pytest_$1.xml" scratch
    shift 2
    at "$name" "$log"
    rm -f "$report"
    # Not pytest's own numbered folders: a run beside this one would clear them away under a living server. Not in /tmp, which
    # is memory on Debian 13: all tests together leave more than 2 GB.
    scratch=$(mktemp -d /var/tmp/netty-test.XXXXXX)
    chmod 755 "$scratch"
    # Four workers for each core: tests wait for pauses and for servers that start.
    NETTY_BUILD="$PWD/$dir" /usr/bin/python3 -m pytest -p no:cacheprovider -q -n "$((jobs * 4))" --timeout 600 \
        --basetemp "$scratch/t" --junitxml "$report" "$@" tests/e2e >"$log" 2>&1
    local status=$? counts
    rm -rf "$scratch"
    counts=$(/usr/bin/python3 - "$report" <<'P'
import sys, xml.etree.ElementTree as tree
try:
    suites = tree.parse(sys.argv[1]).getroot().findall("testsuite")
    total, bad = (sum(int(s.get(n)) for s in suites) for n in ("tests", "failures"))
    bad += sum(int(s.get("errors")) for s in suites)
    skipped = sum(int(s.get("skipped")) for s in suites)
    print(total - bad - skipped, bad, skipped)
except Exception as trouble:
    print(0, 1, 0)
P
)
    read -r good bad skipped <<<"$counts"
    # Nothing is skipped in silence: a skipped test is a failed one.
    bad=$((bad + skipped))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    if [ "$bad" -gt 0 ]; then
        echo "FAIL $name: $good passed, $bad failed ($log)"
        tail -n 150 "$log" | sed 's/^/     /'
        # By name, and at the end: what is kept of a long output is often its end alone.
        while read -r failure; do failures+=("$name: $failure"); done < <(
            grep -aoE '^(FAILED|ERROR) [^ ]+' "$log" | sort -u | grep . || echo "see $log")
    else
        echo "ok   $name ($good)"
    fi
}

e2e() {
    heading "End-to-end tests, sanitized programs, real PostgreSQL"
    # shellcheck disable=SC2086  # PYTEST holds several words on purpose
    pytest_in "e2e-sanitized" build/san -m "not release and not campaign" ${PYTEST:-}
    heading "End-to-end tests, programs as shipped (memory, make run)"
    # shellcheck disable=SC2086
    pytest_in "e2e-release" build -m "release and not campaign" ${PYTEST:-}
}

newer() {
    heading "End-to-end tests of the loader, sanitized programs, newer PostgreSQL"
    check "build: gcc with sanitizers" make -j"$jobs" SAN=1 all sim
    local bin
    bin=$(tests/tools/newer-postgres.sh build/newer-postgres) || { failed=$((failed + 1)); return; }
    NETTY_PG_BIN=$bin pytest_in "e2e-newer-postgres" build/san -m "not release and not campaign" -k "test_load"
}

campaign() {
    heading "Long end-to-end tests, sanitized programs"
    check "build: gcc with sanitizers" make -j"$jobs" SAN=1 all sim
    # shellcheck disable=SC2086
    pytest_in "e2e-campaign" build/san -m "campaign and not release" ${PYTEST:-}
}

# Those that a campaign chooses (-k) of the ordinary ones, and with more to do.
campaign_ordinary() {
    heading "Ordinary end-to-end tests at length, sanitized programs"
    check "build: gcc with sanitizers" make -j"$jobs" SAN=1 all sim
    # shellcheck disable=SC2086
    pytest_in "e2e-campaign-ordinary" build/san -m "not release and not campaign" ${PYTEST:-}
}

# In one process, for its lines show how far it is; they are told again at the end: what happened when, and each alarm.
campaign_year() {
    heading "A year in service, programs as shipped"
    check "build: gcc" make -j"$jobs" all sim
    # shellcheck disable=SC2086
    PYTHONUNBUFFERED=1 pytest_in "e2e-campaign-year" build -n 0 -s -k test_a_year ${PYTEST:-}
    grep -E "^(day [0-9]+|the spool's)" "$logs/pytest_e2e-campaign-year.log" || true
}

campaign_release() {
    heading "Long end-to-end tests, programs as shipped"
    check "build: gcc" make -j"$jobs" all sim
    # shellcheck disable=SC2086
    pytest_in "e2e-campaign-release" build -m "campaign and release" ${PYTEST:-}
}

# Every test gives the programs the same key and password (tests/e2e/support/harness.py) and looks for them in what it sees; what it
# does not see, and whatever else the run has written, is looked through here.
secrets() {
    local found
    found=$(/usr/bin/python3 - "$logs" <<'P'
import re, sys, pathlib
sys.path.insert(0, "tests/e2e/support")
text = open("tests/e2e/support/harness.py").read()
secrets = re.findall(r'(?m)^(?:KEY|PASSWORD) = "(.*)"', text)
assert len(secrets) == 2
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets):
        print(path)
P
    )
    if [ -n "$found" ]; then
        echo "FAIL a secret is in $found"
        failed=$((failed + 1))
        failures+=("no secret in any output")
    else
        echo "ok   no secret in any output"
        passed=$((passed + 1))
    fi
}

started=$SECONDS
took=''
for part in $parts; do
    begun=$SECONDS
    at "$part" /dev/null
    "$part"
    lasted="$(((SECONDS - begun) / 60)) min $(((SECONDS - begun) % 60)) s"
    echo "took $part: $lasted"
    took+="${took:+, }$part $lasted"
done
# A test that failed shows its own lines, where a secret may stand.
[ "$failed" -ne 0 ] || secrets
printf '\nThat took %d min %d s: %s.\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) "$took"
for name in "${told[@]}"; do echo "said: $name"; done
for name in "${failures[@]}"; do echo "failed: $name"; done
echo "$passed passed, $failed failed"
# What was said is out before this ends.
exec >&3
wait "$talker"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
