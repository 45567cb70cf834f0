#!/bin/sh
# ends.sh PROGRAM WHICH: the end of programs that throw what nobody may catch, from every place of a stack.
set -eu
offset=0
while [ $offset -le 1100 ]; do
    status=0
    output=$("$1" ends "$2" $offset 2>&1) || status=$?
    case $2 in
    uncaught) expected=2 text='panic: uncaught exception' ;;
    *) expected=0 text=terminated ;;
    esac
    if [ $status != $expected ] || [ "${output#"$text"}" = "$output" ]; then
        echo "FAILED: $2 at $offset ended with $status: $output" >&2
        exit 1
    fi
    offset=$((offset + 8))
done
