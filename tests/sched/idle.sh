#!/bin/sh
# idle.sh PROGRAM: with all goroutines parked, and one blocked in the kernel, no system call is made.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# stdin stays open for four seconds. The calls in the third and fourth are looked at.
{ sleep 4; } | strace -f -ttt -o "$log" "$1" idle
begin=$(head -n 1 "$log" | awk '{ print $2 }')
[ "$(wc -l <"$log")" -gt 15 ] # it did run
calls=$(awk -v from="$begin" '{ t = $2 - from; if (t > 1.5 && t < 3.5) print }' "$log")
if [ -n "$calls" ]; then
    echo "$calls"
    exit 1
fi
