#!/bin/sh
# prints.sh PROGRAM FILE: PROGRAM prints what FILE has, and ends with status 0.
set -u
printed=$("$1") || exit 1
if [ "$printed" != "$(cat "$2")" ]; then
    echo "printed: $printed"
    exit 1
fi
