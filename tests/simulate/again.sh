#!/bin/sh
# again.sh SIMULATE: what it prints, with all that is chosen in its hash, is the same each time.
set -eu
first=$("$1" 1 8 | sort)
second=$("$1" 1 8 | sort)
echo "$first"
[ "$first" = "$second" ]
