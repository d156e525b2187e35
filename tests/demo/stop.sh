#!/bin/bash
# `make stop`: ends what `make run` left running; the data stays under var/.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -f var/demo/sim.pid ]; then
    pid=$(cat var/demo/sim.pid)
    # The number may be another program's by now.
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = netty-sim ]; then
        kill "$pid"
        # Gone, or dead and not yet waited for by whoever inherited it.
        for _ in $(seq 200); do
            case $(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null) in '' | Z) break ;; esac
            sleep 0.05
        done
    fi
    rm -f var/demo/sim.pid
fi
[ "${1:-}" = quiet ] && exit 0
if [ -e var/pg ]; then tests/tools/pg.sh stop "$PWD/var/pg"; fi
echo "Stopped."
