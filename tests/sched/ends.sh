#!/bin/sh
# ends.sh LINE COMMAND...: ends with status 2, and its stderr begins with LINE.
set -u
line=$1
shift
status=0
first=$("$@" 2>&1 >/dev/null | head -n 1)
"$@" >/dev/null 2>&1 || status=$?
if [ "$status" != 2 ] || [ "$first" != "$line" ]; then
    echo "ended with $status, first line: $first"
    exit 1
fi
