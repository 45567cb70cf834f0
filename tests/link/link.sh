#!/bin/sh
# link.sh WAY COMPILER PREFIX DIRECTORY: builds programs outside the tree, from the installation in PREFIX, and
# runs them.
set -eu
way=$1
compiler=$2
prefix=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$4"
cd "$4"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect STATUS TEXT COMMAND...: what it must end with and print (stdout and stderr).
expect() {
    expected_status=$1
    expected=$2
    shift 2
    status=0
    output=$("$@" 2>&1) || status=$?
    case $output in
    *"$expected"*) ;;
    *) fail "$* printed: $output" ;;
    esac
    [ "$status" = "$expected_status" ] || fail "$* ended with $status: $output"
}

app_runs() {
    expect 0 '8 42 55' "$1" argument
}

exceptions_run() {
    expect 0 'caught 4, unwound 101' "$1"
    expect 2 'panic: uncaught exception: nobody catches this' "$1" throw
}

# Is it what it was meant to be?
kind_is() {
    type=$(readelf -h "$2" | sed -n 's/ *Type: *\([A-Z]*\).*/\1/p')
    [ "$type" = "$1" ] || fail "$2 is $type, not $1"
    ! readelf -lW "$2" | grep -q INTERP || fail "$2 is dynamic"
}

case $way in
cmake)
    for optimisation in -O0 -O2; do
        cmake -S "$here/cmake" -B "b$optimisation" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
            -DCMAKE_CXX_FLAGS="$optimisation" -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 || { cat log; exit 1; }
        cmake --build "b$optimisation" >log 2>&1 || { cat log; exit 1; }
        for kind in static pie; do
            app_runs "b$optimisation/app-$kind"
            exceptions_run "b$optimisation/exceptions-$kind"
        done
        kind_is EXEC "b$optimisation/app-static"
        kind_is DYN "b$optimisation/app-pie"
    done
    ;;
wrapper)
    export RT0_CXX="$compiler"
    wrapper=$prefix/bin/rt0-c++
    for optimisation in -O0 -O2; do
        "$wrapper" $optimisation "$here/app.cpp" -o app
        app_runs ./app
        kind_is EXEC app
        "$wrapper" $optimisation -static-pie "$here/app.cpp" -o app
        app_runs ./app
        kind_is DYN app
        "$wrapper" $optimisation -fexceptions "$here/exceptions.cpp" -o exceptions
        exceptions_run ./exceptions
        "$wrapper" $optimisation -fexceptions -static-pie "$here/exceptions.cpp" -o exceptions
        exceptions_run ./exceptions
    done
    # Compiled and linked apart; through a link to the wrapper; an archive of the user's; other standards.
    "$wrapper" -c "$here/app.cpp" -o app.o
    ln -sf "$wrapper" linked-wrapper
    ./linked-wrapper app.o -o app
    app_runs ./app
    echo 'int twice(int n) { return 2 * n; }' >twice.cpp
    echo 'int twice(int); int main() { return twice(21); }' >use.cpp
    "$wrapper" -c twice.cpp
    rm -f libtwice.a
    ar rcs libtwice.a twice.o
    "$wrapper" use.cpp -L. -ltwice -o use
    expect 42 '' ./use
    expect 2 'there are no shared libraries' "$wrapper" -shared twice.cpp
    # A source without a name.
    "$wrapper" -x c++ - -o app <"$here/app.cpp"
    app_runs ./app
    # Installed in /usr, its headers are the compiler's own.
    rm -rf usr
    mkdir usr
    cp -R "$prefix/bin" "$prefix/lib" usr
    ln -s /usr/include usr/include
    printf '#include <cstdlib>\n#include <string>\nint main() { return std::atoi("42"); }\n' >use.cpp
    usr/bin/rt0-c++ use.cpp -o use
    expect 42 '' ./use
    ;;
pkg-config)
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    # Flags are words: split on purpose.
    for optimisation in -O0 -O2; do
        # shellcheck disable=SC2046
        "$compiler" $optimisation "$here/app.cpp" $(pkg-config --cflags --libs rt0) -o app
        app_runs ./app
        kind_is EXEC app
        # shellcheck disable=SC2046
        "$compiler" $optimisation -fPIE "$here/app.cpp" $(pkg-config --cflags --libs rt0) -static-pie -o app
        app_runs ./app
        kind_is DYN app
        # shellcheck disable=SC2046
        "$compiler" $optimisation "$here/exceptions.cpp" \
            $(pkg-config --cflags --libs rt0-exceptions) -o exceptions
        exceptions_run ./exceptions
    done
    ;;
hand)
    for optimisation in -O0 -O2; do
        for kind in -static -static-pie; do
            "$compiler" -std=c++23 $optimisation -fPIE -fno-exceptions -fno-rtti -I"$prefix/include" \
                -nostdlib $kind "$here/app.cpp" "$prefix/lib/rt0.o" \
                -Wl,--start-group "$prefix/lib/librt0.a" -lstdc++ -lgcc -lgcc_eh -Wl,--end-group -o app
            app_runs ./app
        done
    done
    ;;
hardened)
    # Ubuntu's defaults, then Fedora's.
    for flags in \
        '-O2 -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -D_FORTIFY_SOURCE=3 -Wformat -Wformat-security -static-pie -Wl,-z,relro -Wl,-z,now' \
        '-O2 -fPIE -fexceptions -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3 -Wp,-D_GLIBCXX_ASSERTIONS -fstack-protector-strong -m64 -mtune=generic -fasynchronous-unwind-tables -fstack-clash-protection -fcf-protection -static-pie -Wl,-z,relro -Wl,--as-needed -Wl,-z,now'; do
        # shellcheck disable=SC2086
        RT0_CXX="$compiler" "$prefix/bin/rt0-c++" $flags "$here/hardened.cpp" -o hardened
        expect 0 'word2 6' ./hardened word
        expect 2 'fatal error:' ./hardened word word
        kind_is DYN hardened
    done
    ;;
mistakes)
    group="-Wl,--start-group $prefix/lib/librt0.a -lstdc++ -lgcc -lgcc_eh -Wl,--end-group"
    flags="-std=c++23 -fno-exceptions -fno-rtti -I$prefix/include $here/app.cpp"
    # Without -static: the program says so itself.
    # shellcheck disable=SC2086
    "$compiler" $flags -nostdlib "$prefix/lib/rt0.o" $group -o dynamic
    expect 2 'add -static' ./dynamic
    # With the C library's startup code, static and dynamic: the linker says so.
    # shellcheck disable=SC2086
    expect 1 'rt0 has its own startup code' "$compiler" $flags -static $group -o wrong
    # shellcheck disable=SC2086
    expect 1 'rt0 has its own startup code' "$compiler" $flags $group -o wrong
    # Without the startup object and without its entry point: it comes from the archive.
    # shellcheck disable=SC2086
    "$compiler" $flags -nostdlib -static $group -o app
    app_runs ./app
    ;;
deb)
    deb=$prefix
    rm -rf root
    dpkg-deb -x "$deb" root
    RT0_CXX="$compiler" root/usr/bin/rt0-c++ "$here/app.cpp" -o app
    app_runs ./app
    ;;
*)
    fail "no way of linking is called $way"
    ;;
esac
