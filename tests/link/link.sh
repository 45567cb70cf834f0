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

# Does it call the libraries' functions that need much stack through ours?
wrapped() {
    readelf -sW "$1" | grep -q "__wrap_$2" || fail "$1 has no __wrap_$2"
}

app_runs() {
    expect 0 '8 42 55' "$1" argument
}

exceptions_run() {
    expect 0 'caught 4, unwound 101' "$1"
    expect 2 'panic: uncaught exception of type std::runtime_error: nobody catches this' "$1" throw
    wrapped "$1" _Unwind_RaiseException
}

# Is it what it was meant to be?
kind_is() {
    type=$(readelf -h "$2" | sed -n 's/ *Type: *\([A-Z]*\).*/\1/p')
    [ "$type" = "$1" ] || fail "$2 is $type, not $1"
    ! readelf -lW "$2" | grep -q INTERP || fail "$2 is dynamic"
}

case $way in
cmake)
    cmake -S "$here/cmake" -B build -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_CXX_FLAGS=-O2 -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 || { cat log; exit 1; }
    cmake --build build >log 2>&1 || { cat log; exit 1; }
    for kind in static pie; do
        app_runs build/app-$kind
        exceptions_run build/exceptions-$kind
    done
    kind_is EXEC build/app-static
    kind_is DYN build/app-pie
    ;;
wrapper)
    export RT0_CXX="$compiler"
    wrapper=$prefix/bin/rt0-c++
    for flags in -O0 '-O2 -static-pie'; do
        # Flags are words: split on purpose.
        # shellcheck disable=SC2086
        "$wrapper" $flags "$here/app.cpp" -o app
        app_runs ./app
        case $flags in
        *-pie) kind_is DYN app ;;
        *) kind_is EXEC app ;;
        esac
    done
    for flags in -O0 '-O2 -static-pie'; do
        # shellcheck disable=SC2086
        "$wrapper" $flags -fexceptions "$here/exceptions.cpp" -o exceptions
        exceptions_run ./exceptions
    done
    # Compiled and linked apart; through a link to the wrapper; an archive of the user's; other standards.
    echo 'int twice(int n) { return 2 * n; }' >twice.cpp
    echo 'int twice(int); int main() { return twice(21); }' >use.cpp
    "$wrapper" -c twice.cpp
    "$wrapper" -c use.cpp -o use.o
    ln -sf "$wrapper" linked-wrapper
    ./linked-wrapper use.o twice.o -o use
    expect 42 '' ./use
    rm -f libtwice.a use
    ar rcs libtwice.a twice.o
    "$wrapper" use.cpp -L. -ltwice -o use
    expect 42 '' ./use
    expect 2 'there are no shared libraries' "$wrapper" -shared twice.cpp
    # A source without a name.
    rm use
    echo 'int main() { return 42; }' | "$wrapper" -x c++ - -o use
    expect 42 '' ./use
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
    gcc=-maccumulate-outgoing-args
    case $compiler in
    clang*) gcc= ;;
    esac
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    # Flags are words: split on purpose.
    # shellcheck disable=SC2046
    "$compiler" -O0 "$here/app.cpp" $(pkg-config --define-variable=gcc=$gcc --cflags --libs rt0) -o app
    app_runs ./app
    kind_is EXEC app
    # shellcheck disable=SC2046
    "$compiler" -O2 -fPIE "$here/app.cpp" \
        $(pkg-config --define-variable=gcc=$gcc --cflags --libs rt0) -static-pie -o app
    app_runs ./app
    kind_is DYN app
    # shellcheck disable=SC2046
    "$compiler" -O2 "$here/exceptions.cpp" \
        $(pkg-config --define-variable=gcc=$gcc --cflags --libs rt0-exceptions) -o exceptions
    exceptions_run ./exceptions
    ;;
hand)
    for optimisation in -O0 -O2; do
        "$compiler" -std=c++23 $optimisation -fPIE -fno-exceptions -fno-rtti -I"$prefix/include" -c "$here/app.cpp"
        for kind in -static -static-pie; do
            "$compiler" $kind -nostdlib app.o "$prefix/lib/rt0.o" -Wl,@"$prefix/lib/rt0.wrap" \
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
nosplit)
    # What was compiled without -fsplit-stack is named, and nothing is left.
    refused() {
        refused_name=$1
        refused_pattern=$2
        shift 2
        echo >out
        expect 1 "
rt0:     $refused_name
" "$@"
        case $output in
        *"compiled without -fsplit-stack"*"rt0::on_big_stack"*"--rt0-nosplit=$refused_pattern
"*) ;;
        *) fail "$* does not say what to do: $output" ;;
        esac
        [ ! -e out ] || fail "$* left a program"
    }
    # The options come last.
    linked() {
        rm -f out
        output=$("$@" 2>&1) || fail "$*: $output"
        [ -z "$output" ] || fail "$* printed: $output"
        expect 42 '' ./out
        rm out
    }
    export RT0_CXX="$compiler"
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
    TMPDIR=$PWD/temporary
    export TMPDIR
    rm -rf temporary 'a (b) c' && mkdir temporary 'a (b) c'
    source=$here/nosplit
    "$compiler" -O2 -c "$source/foreign.cpp" -o foreign.o
    "$compiler" -O2 -fsplit-stack -c "$source/foreign.cpp" -o asks.o
    "$compiler" -O2 -fsplit-stack -fno-exceptions -fno-rtti -c "$source/use.cpp" -o use.o
    rm -f libforeign.a libthin.a
    ar rcs libforeign.a foreign.o asks.o
    cp libforeign.a foreign.o 'a (b) c'
    mkdir -p 'd e'
    cp foreign.o 'd e'
    ar rcsT libthin.a 'd e/foreign.o' foreign.o asks.o

    by_wrapper() {
        "$prefix/bin/rt0-c++" -o out "$@"
    }
    by_pkg_config() {
        # shellcheck disable=SC2046
        "$compiler" -o out "$@" $(pkg-config --libs rt0)
    }
    by_hand() {
        "$compiler" -B"$prefix/lib/rt0" -nostdlib -static -o out "$@" "$prefix/lib/rt0.o" \
            -Wl,--start-group "$prefix/lib/librt0.a" -lstdc++ -lgcc -lgcc_eh -Wl,--end-group
    }
    # What the compiler writes into objects is what counts; the ways are the same for both.
    case $compiler in
    clang*) ways=by_wrapper ;;
    *) ways='by_wrapper by_pkg_config by_hand' ;;
    esac
    for by in $ways; do
        refused foreign.o foreign.o "$by" use.o foreign.o
        refused 'libforeign.a(foreign.o)' libforeign.a "$by" use.o libforeign.a
        linked "$by" use.o asks.o
        linked "$by" use.o foreign.o -Wl,--rt0-nosplit=foreign.o
        linked "$by" use.o libforeign.a '-Wl,--rt0-nosplit=lib*.a'
    done
    cmake -S "$source" -B build -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 || { cat log; exit 1; }
    expect 1 'rt0:     libforeign.a(foreign.cpp.o)' cmake --build build --target refused
    [ ! -e build/refused ] || fail "CMake's program is there"
    cmake --build build --target allowed >log 2>&1 || { cat log; exit 1; }
    expect 42 '' build/allowed

    linkers=-fuse-ld=bfd
    command -v ld.lld >/dev/null && linkers="$linkers -fuse-ld=lld"
    for linker in $linkers; do
        # Names with blanks and parentheses; several patterns; patterns that do not match.
        refused 'a (b) c/foreign.o' foreign.o by_wrapper "$linker" use.o 'a (b) c/foreign.o'
        refused 'a (b) c/libforeign.a(foreign.o)' libforeign.a by_wrapper "$linker" use.o 'a (b) c/libforeign.a' \
            -Wl,--rt0-nosplit=foreign -Wl,--rt0-nosplit=asks.o
        linked by_wrapper "$linker" use.o 'a (b) c/libforeign.a' -Wl,--rt0-nosplit=x \
            '-Wl,--rt0-nosplit=libforeign.a(foreign.o)'
        linked by_wrapper "$linker" use.o 'a (b) c/foreign.o' '-Wl,--rt0-nosplit=a (b) c/*'
        # Thin archives: bfd names the file.
        if [ "$linker" = -fuse-ld=lld ]; then
            refused 'libthin.a(d e/foreign.o)' libthin.a by_wrapper "$linker" use.o libthin.a
            linked by_wrapper "$linker" use.o libthin.a -Wl,--rt0-nosplit=libthin.a
        else
            refused 'd e/foreign.o' foreign.o by_wrapper "$linker" use.o libthin.a
            linked by_wrapper "$linker" use.o libthin.a -Wl,--rt0-nosplit=foreign.o
        fi
        # Arguments from a file, and so many that Clang makes a file of them.
        echo "use.o 'a (b) c/foreign.o'" >arguments
        refused 'a (b) c/foreign.o' foreign.o by_wrapper "$linker" @arguments
        echo '-Wl,--rt0-nosplit=foreign.o' >>arguments
        linked by_wrapper "$linker" @arguments
        case $compiler in
        clang*)
            name=long-name-of-a-directory-that-is-not-there
            seq -f "-L/$name/$name/$name/%.0f" 15000 >>arguments
            linked by_wrapper "$linker" @arguments
            ;;
        esac
        # Nothing is in the way of errors and of what the linker was asked to print.
        expect 1 'foreign(int)' by_wrapper "$linker" use.o
        expect 0 'libforeign.a' by_wrapper "$linker" use.o libforeign.a -Wl,--rt0-nosplit=foreign.o -Wl,--trace
    done
    expect 0 'Memory Configuration' by_wrapper use.o asks.o -Wl,--print-map

    # Assembly, and the lines that mark it as fitting; objects without code.
    {
        echo '.globl _Z7foreigni'
        echo '_Z7foreigni: lea (%rdi, %rdi), %eax; ret'
        echo '.section .note.GNU-stack, "", @progbits'
    } >assembly.S
    "$compiler" -c assembly.S
    refused assembly.o assembly.o by_wrapper use.o assembly.o
    {
        echo '.section .note.GNU-split-stack, "", @progbits'
        echo '.section .note.GNU-no-split-stack, "", @progbits'
    } >>assembly.S
    "$compiler" -c assembly.S
    echo 'extern int const table[4] = {1, 2, 3, 4};' >data.cpp
    "$compiler" -c data.cpp
    linked by_wrapper use.o assembly.o data.o

    # Link-time optimisation. GCC compiles all with the flag; of LLVM's output we see whether a part was without.
    case $compiler in
    g++*)
        for fat in -fno-fat-lto-objects -ffat-lto-objects; do
            "$compiler" -O2 -flto $fat -c "$source/foreign.cpp" -o lto.o
            by_wrapper -O2 -flto use.o lto.o
            objdump -d out --disassemble=_Z7foreigni | grep -q 'call.*__morestack' || fail "$fat: does not ask"
            linked by_wrapper -O2 -flto use.o lto.o
        done
        ;;
    clang*)
        # lld reads the bitcode of its own version.
        linkers=-fuse-ld=bfd
        ! ld.lld --version 2>/dev/null | grep -q "LLD ${compiler#clang++-}\." || linkers="$linkers -fuse-ld=lld"
        for lto in -flto -flto=thin; do
            "$compiler" -O2 $lto -c "$source/foreign.cpp" -o without.o
            "$compiler" -O2 $lto -fsplit-stack -c "$source/foreign.cpp" -o with.o
            "$compiler" -O2 $lto -fsplit-stack -c "$source/use.cpp" -o lto.o
            for linker in $linkers; do
                expect 1 '(link-time optimisation)' by_wrapper "$linker" $lto lto.o without.o
                linked by_wrapper "$linker" $lto lto.o with.o
                linked by_wrapper "$linker" $lto lto.o without.o '-Wl,--rt0-nosplit=lto.o*'
            done
        done
        ;;
    esac

    # Where nothing can be seen it warns, and links.
    mkdir -p bin
    printf '#!/bin/sh\nexit 1\n' >bin/readelf
    chmod +x bin/readelf
    PATH=$PWD/bin:$PATH expect 0 'rt0: warning: cannot see' by_wrapper use.o foreign.o
    # Several installations, many at once.
    mkdir -p other
    cp "$prefix/lib/rt0/ld" other
    i=0
    processes=
    while [ $i -lt 8 ]; do
        by_wrapper -B"$PWD/other" use.o asks.o -o "out$i" &
        processes="$processes $!"
        i=$((i + 1))
    done
    for process in $processes; do
        wait "$process" || fail "one of several links at once"
    done
    expect 42 '' ./out7
    [ -z "$(ls temporary)" ] || fail "left in TMPDIR: $(ls temporary)"
    # All of the runtime has the note.
    readelf -SW "$prefix"/lib/librt0*.a | awk '
        /^File: / { name = $0 }
        /\.note\.GNU-split-stack/ { asks[name] }
        /PROGBITS.* AX / { code[name] }
        END { for (name in code) if (!(name in asks)) { print name; bad = 1 } exit bad }' || fail "has no note"
    ;;
readme)
    # The program and the commands of README.md, as they stand there. clang++ is the compiler that we are given.
    readme=$here/../../README.md
    rm -rf bin build build-clang app && mkdir bin
    ln -s "$(command -v "$compiler")" bin/clang++
    PATH=$PWD/bin:$PATH
    block() {
        awk -v language="$1" '/^## /{ linking = /^## Linking/ } /^```/ { inside = !inside && $0 == "```" language; next }
            inside && (linking || language == "cpp")' "$readme" |
            sed "s#CMAKE_PREFIX_PATH#%#; s#PREFIX#$prefix#g; s#%#CMAKE_PREFIX_PATH#"
    }
    block cpp | sed '/^}$/q' >app.cpp
    block cmake >CMakeLists.txt
    block sh >commands.sh
    commands=0
    # Lines that go on behind a backslash are one.
    while read -r line; do
        eval "$line" >log 2>&1 || { cat log; fail "$line"; }
        for program in app build/app build-clang/app; do
            [ -e $program ] || continue
            expect 0 '1000000 goroutines, 499999500000' ./$program
            rm $program
            commands=$((commands + 1))
        done
    done <<END
$(sed -e :more -e '/\\$/{N;s/\\\n//;b more' -e '}' commands.sh)
END
    [ $commands = 7 ] || fail "$commands commands made a program, not 7"
    # What is said beside them.
    # shellcheck disable=SC2046
    g++ -O2 -fPIE app.cpp $(pkg-config --cflags --libs rt0) -static-pie -o app
    kind_is DYN app
    sed '/^g++ -std/,$!d;s/^g++/clang++/;s/-maccumulate-outgoing-args//' commands.sh >by-hand.sh
    sh -e by-hand.sh
    expect 0 '1000000 goroutines, 499999500000' ./app
    ;;
mistakes)
    group="-Wl,--start-group $prefix/lib/librt0.a -lstdc++ -lgcc -lgcc_eh -Wl,--end-group"
    # As the compiler does it by default, which may be position-independent or not.
    flags="-std=c++23 -fno-exceptions -fno-rtti -I$prefix/include"
    # shellcheck disable=SC2086
    "$compiler" $flags -c "$here/app.cpp" -o plain.o
    # Without -static: the program says so itself.
    # shellcheck disable=SC2086
    "$compiler" plain.o -nostdlib "$prefix/lib/rt0.o" $group -o dynamic
    expect 2 'add -static' ./dynamic
    # Where the linker is asked for a dynamic program or a shared library, in each way that brings ours.
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2086
    "$compiler" $flags -fPIC -fsplit-stack -c "$here/app.cpp" -o app.o
    for linker in -fuse-ld=bfd $(! command -v ld.lld >/dev/null || echo -fuse-ld=lld); do
        rm -f wrong
        by_hand="app.o $linker -B$prefix/lib/rt0 -nostdlib $prefix/lib/rt0.o $group -o wrong"
        # shellcheck disable=SC2086
        expect 1 'rt0: this would be linked dynamically, and rt0 programs are static: add -static' "$compiler" $by_hand
        # shellcheck disable=SC2086
        expect 1 'add -static or -static-pie' "$compiler" $by_hand -pie
        # shellcheck disable=SC2086
        expect 1 'rt0: rt0 programs are static, there are no shared libraries' "$compiler" $by_hand -shared
        # shellcheck disable=SC2046,SC2086
        expect 1 'there are no shared libraries' "$compiler" app.o $linker $(pkg-config --libs rt0) -shared -o wrong
        expect 1 'there are no shared libraries' \
            env RT0_CXX="$compiler" "$prefix/bin/rt0-c++" "$linker" -Wl,-shared app.o -o wrong
        expect 1 'add -static or -static-pie' \
            env RT0_CXX="$compiler" "$prefix/bin/rt0-c++" "$linker" -Wl,-pie app.o -o wrong
        [ ! -e wrong ] || fail "$linker left a program"
    done
    # With the C library's startup code, static and dynamic: the linker says so.
    # shellcheck disable=SC2086
    expect 1 'rt0 has its own startup code' "$compiler" plain.o -static $group -o wrong
    # shellcheck disable=SC2086
    expect 1 'rt0 has its own startup code' "$compiler" plain.o $group -o wrong
    # Compiled with exceptions and linked without.
    echo 'int main() { try { throw 7; } catch (int) { return 42; } }' >throw.cpp
    RT0_CXX=$compiler "$prefix/bin/rt0-c++" -fexceptions -c throw.cpp
    RT0_CXX=$compiler "$prefix/bin/rt0-c++" throw.o -o throw
    expect 2 'link with rt0::exceptions or rt0-c++ -fexceptions' ./throw
    RT0_CXX=$compiler "$prefix/bin/rt0-c++" -fexceptions throw.o -o throw
    expect 42 '' ./throw
    # Without the startup object and without its entry point: it comes from the archive.
    # shellcheck disable=SC2086
    "$compiler" plain.o -nostdlib -static $group -o app
    app_runs ./app
    ;;
deb)
    deb=$prefix
    rm -rf root
    dpkg-deb -x "$deb" root
    export RT0_CXX="$compiler"
    root/usr/bin/rt0-c++ "$here/app.cpp" -o app
    app_runs ./app
    "$compiler" -c "$here/nosplit/foreign.cpp"
    for name in ld ld.bfd ld.lld; do
        [ -x root/usr/lib/rt0/$name ] || fail "there is no $name"
    done
    expect 1 'rt0:     foreign.o' root/usr/bin/rt0-c++ "$here/nosplit/use.cpp" foreign.o -o app
    ;;
*)
    fail "no way of linking is called $way"
    ;;
esac
