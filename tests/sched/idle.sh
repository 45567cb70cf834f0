#!/bin/sh
# idle.sh PROGRAM: with all goroutines parked, one of them in the kernel, and one that sleeps for a quarter of a second
# again and again, nothing happens but its wake-ups, and what they cost: the thread that sleeps, and sysmon, which
# looks twice.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# stdin stays open for four seconds. The calls in the third and fourth are looked at.
{ sleep 4; } | strace -f -ttt -o "$log" "$1" idle
begin=$(head -n 1 "$log" | awk '{ print $2 }')
[ "$(wc -l <"$log")" -gt 15 ] # it did run
calls=$(awk -v from="$begin" '{ t = $2 - from; if (t > 1.5 && t < 3.5) print }' "$log")
woken=$(echo "$calls" | grep -c ETIMEDOUT || true)
lines=$(echo "$calls" | wc -l)
# Eight lines each. More where a thread was held up, which is rare.
if [ "$woken" -lt 6 ] || [ "$woken" -gt 9 ] || [ "$lines" -gt 90 ]; then
    echo "$calls"
    echo "$woken woken, $lines lines"
    exit 1
fi
