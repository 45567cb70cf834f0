#!/bin/sh
# format_fail.sh COMPILER INCLUDE_DIR: tries each case of format_fail.cpp. Fails where one compiles that must
# not, or fails without its message.
compiler=$1
include=$2
source=$(dirname "$0")/format_fail.cpp
# The headers are compiled once.
headers=$(mktemp -d)
trap 'rm -rf "$headers"' EXIT
flags="-std=c++23 -fno-exceptions -fno-rtti -I$include"
grep '^#include' "$source" >"$headers/all.h"
# Flags are words: split on purpose.
# shellcheck disable=SC2086
"$compiler" $flags -x c++-header "$headers/all.h" -o "$headers/all.h.gch" || exit 1
compile() {
    # shellcheck disable=SC2086
    "$compiler" $flags -fsyntax-only -Winvalid-pch -include "$headers/all.h" -DCASE="$1" "$source" 2>&1
}

if ! output=$(compile 0); then
    printf 'case 0 must compile:\n%s\n' "$output"
    exit 1
fi
failed=0
cases=$(sed -n 's/^#elif CASE == //p' "$source")
for case in $cases; do
    wanted=$(sed -n "/^#elif CASE == $case\$/{n;s/.*EXPECT //p}" "$source")
    if [ -z "$wanted" ]; then
        echo "case $case has no message to expect"
        failed=1
    elif output=$(compile "$case"); then
        echo "case $case compiles: $wanted"
        failed=1
    else
        # Either of two messages, where the compilers differ.
        if ! printf '%s\n' "$output" | grep -qF -e "${wanted%%|*}" -e "${wanted##*|}"; then
            printf 'case %s does not say "%s":\n%s\n' "$case" "$wanted" "$output"
            failed=1
        fi
    fi
done
exit $failed
