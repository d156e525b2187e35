#!/bin/bash
# Runs the fuzzers, each for so long or so often, and prints how many runs each had. What one finds stays in
# build/fuzz-found/ and is the fuzzer's argument to see it again.
# usage: tests/fuzz/run.sh LIBFUZZER-OPTION [NAME ...]      (-max_total_time=60, -runs=20000; names without fuzz_)
set -uo pipefail
cd "$(dirname "$0")/../.."
limit=${1:?give a limit, such as -runs=20000}
shift
found=$PWD/build/fuzz-found
mkdir -p "$found"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/netty-fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
bad=0
for name in "$@"; do
    mkdir -p "$scratch/$name"
    log="$scratch/$name.log"
    if ASAN_OPTIONS=detect_leaks=1 "build/clang-fuzz/fuzz/fuzz_$name" "$limit" -seed=1 -max_len=2048 -timeout=20 -rss_limit_mb=4096 \
        -print_final_stats=1 -artifact_prefix="$found/$name-" "$scratch/$name" "$PWD/tests/fuzz/corpus/$name" >"$log" 2>&1; then
        status=ok
    else
        status=FAIL
        bad=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-4s %-14s %12s runs %10s s\n' "$status" "$name" "${runs:-?}" \
        "$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log")"
    [ "$status" = ok ] || tail -n 30 "$log"
done
exit "$bad"
