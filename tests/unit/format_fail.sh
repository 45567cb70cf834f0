#!/bin/sh
# format_fail.sh COMPILER INCLUDE_DIR: compiles format_fail.cpp. Fails where a line compiles that must not, or fails without
# its message.
compiler=$1
include=$2
source=$(dirname "$0")/format_fail.cpp
compile() {
    LC_ALL=C "$compiler" -std=c++23 -fno-exceptions -fno-rtti -I"$include" -fsyntax-only "$@" "$source" 2>&1
}

if ! output=$(compile); then
    printf 'this must compile:\n%s\n' "$output"
    exit 1
fi
clang=0
limit=-fmax-errors=0
case $compiler in
*clang*)
    clang=1
    limit=-ferror-limit=0
    ;;
esac
# What is said of a line begins with its number, with GCC, and with the error, with Clang. Where the compilers differ, it is
# either of two messages.
compile -DFAILING $limit | awk -v clang=$clang -v source="$source" '
    BEGIN {
        while ((getline <source) > 0) {
            ++last
            if (sub(/.*\/\/ EXPECT /, ""))
                wanted[last] = $0
        }
    }
    function end_block() {
        if (block ~ / error: /)
            said[line] = said[line] block
        block = ""
    }
    clang && / error: / {
        end_block()
        line = 0
    }
    match($0, /format_fail\.cpp:[0-9]+/) {
        number = substr($0, RSTART + 16, RLENGTH - 16) + 0
        if (number in wanted && number != line && !(clang && line)) {
            if (!clang)
                end_block()
            line = number
        }
    }
    # The compilers print the line itself too.
    {
        sub(/\/\/ EXPECT .*/, "")
        block = block $0 "\n"
    }
    END {
        end_block()
        for (number in wanted) {
            ++count
            split(wanted[number] "|", either, "|")
            if (!(number in said)) {
                print "line " number " compiles: " wanted[number]
                bad = 1
            } else if (!index(said[number], either[1]) && !(either[2] != "" && index(said[number], either[2]))) {
                print "line " number " does not say: " wanted[number] "\n" said[number]
                bad = 1
            }
        }
        exit bad || count < 50
    }'
