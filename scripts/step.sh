#!/bin/bash
# Run one long step and show it: step.sh "What it does" command…
# Its output goes to a log; a terminal sees the time run, and after a failure the end of the log.
set -uo pipefail
what=$1
shift
log=${KUMOI_STEP_LOG:-build/log}/$(tr -cs 'a-z0-9' - <<<"${what,,}" | sed 's/-*$//').log
mkdir -p "$(dirname "$log")"
began=$(date +%s%N)
seconds() { local ms=$((($(date +%s%N) - began) / 1000000)); printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100)); }

printf '==> %s\n' "$what"
"$@" </dev/null >"$log" 2>&1 &
worker=$!
trap 'kill $worker 2>/dev/null; exit 130' INT TERM
shown=0
while kill -0 $worker 2>/dev/null; do
    sleep 0.2
    passed=$((($(date +%s%N) - began) / 1000000000))
    if [ $((passed / 5)) -gt $shown ]; then
        shown=$((passed / 5))
        printf '    … %d s: %s\n' $passed "$(tail -n 20 "$log" | tr '\r' '\n' | grep -v -e '^ *$' -e WARNING | tail -n 1 | cut -c1-90)"
    fi
done
if wait $worker; then
    printf '    done in %s\n' "$(seconds)"
else
    status=$?
    tail -n 30 "$log" | sed 's/^/    | /'
    printf '    FAILED after %s (status %d); the whole output is in %s\n' "$(seconds)" $status "$log"
    exit $status
fi
