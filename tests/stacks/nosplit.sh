#!/bin/sh
# nosplit.sh PYTHON COMPILER ARCHIVE START DIRECTORY: the check of the build on archives with planted offenders. ARCHIVE is the
# runtime's, START its startup object.
set -eu
python=$1
compiler=$2
archive=$3
start=$4
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
mkdir -p "$5"
cd "$5"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

echo 'int main() {}' | "$compiler" -O2 -fsplit-stack -x c++ -c - -o main.o

# check NAME TABLE EXPECTED...: the runtime with NAME.cpp in it. It must print all of EXPECTED, and fail where there is any.
check() {
    name=$1
    table=$2
    shift 2
    cp "$archive" librt0.a
    "$compiler" -O2 -std=c++23 -fno-exceptions -c "$name.cpp"
    ar rs librt0.a "$name.o" 2>/dev/null
    "$python" "$tools/nosplit.py" --symbols "$name.symbols" librt0.a
    "$compiler" -nostdlib -static main.o "$start" "@$name.symbols" -Wl,-e,_rt0_amd64_linux -Wl,--gc-sections \
        -Wl,-z,noseparate-code -Wl,--unresolved-symbols=ignore-all \
        -Wl,--start-group librt0.a -lstdc++ -lgcc -lgcc_eh -Wl,--end-group -o "$name"
    status=0
    output=$("$python" "$tools/nosplit.py" "$table" "$name" 2>&1) || status=$?
    if [ $# = 0 ]; then
        [ $status = 0 ] || fail "$name: $output"
    else
        [ $status = 1 ] || fail "$name ends with $status: $output"
    fi
    for expected in "$@"; do
        case $output in
        *"$expected"*) ;;
        *) fail "$name: no '$expected' in: $output" ;;
        esac
    done
}

# What the offenders share: use() makes the optimiser leave memory alone.
common='#define NOINLINE [[gnu::noinline]]
static void use(void* memory) { asm volatile("" : : "r"(memory) : "memory"); }
'

echo "$common" >nothing.cpp
check nothing "$tools/nosplit.txt"

# Too deep, in the third function of a chain.
cat >deep.cpp <<END
$common
NOINLINE static void planted_third() { char room[7000]; use(room); asm volatile(""); }
NOINLINE static void planted_second() { char room[40]; use(room); planted_third(); use(room); }
void planted() { char room[40]; use(room); planted_second(); use(room); }
END
check deep "$tools/nosplit.txt" 'bytes of stack, there are' 'planted: ' 'planted_second: ' 'planted_third: '

# The red zone: a function that calls nobody writes below its stack pointer.
room=$((0x$(nm nothing | sed -n 's/ . runtime\.nosplit_room$//p')))
cat >red.cpp <<END
$common
NOINLINE static void planted_leaf() { char room[100]; use(room); }
void planted() { char room[$room - 64]; use(room); planted_leaf(); use(room); }
END
check red "$tools/nosplit.txt" 'planted: ' 'planted_leaf: '

# Through a pointer: not listed; listed; listed with too much; listed with what there is not.
cat >pointer.cpp <<END
$common
void planted(void (*function)()) { function(); use(0); }
END
check pointer "$tools/nosplit.txt" 'planted: calls through a pointer'
{ cat "$tools/nosplit.txt"; echo 'indirect planted = 200'; } >listed.txt
check pointer listed.txt
{ cat "$tools/nosplit.txt"; echo 'indirect planted = 5000'; } >listed.txt
check pointer listed.txt 'bytes of stack, there are' 'what is listed with 5000'
{ cat "$tools/nosplit.txt"; echo 'indirect planted = runtime::no_such'; } >listed.txt
check pointer listed.txt 'planted: is listed with runtime::no_such, which is not there'
# A tail call, and one of several cases of a switch, which is a jump through a table.
cat >tail.cpp <<END
$common
NOINLINE static void planted_case() { char room[7000]; use(room); }
void planted(int n, void (*function)()) {
    switch (n) {
    case 0: use(&n); break;
    case 1: asm volatile("nop"); break;
    case 2: asm volatile("nop; nop"); use(&n); break;
    case 3: asm volatile("nop; nop; nop"); break;
    case 4: asm volatile("nop; nop; nop; nop"); break;
    case 5: planted_case(); asm volatile("nop; nop; nop; nop; nop"); break;
    default: return function();
    }
}
END
check tail "$tools/nosplit.txt" 'planted: calls through a pointer' '    planted_case: '

# The table alone is no pointer.
sed -e 's/char room\[7000\]/char room[70]/' -e 's/return function()/break/' tail.cpp >switch.cpp
check switch "$tools/nosplit.txt"

# Frames of variable size, and recursion.
cat >variable.cpp <<END
$common
void planted(unsigned long n) { void* memory = __builtin_alloca(n); use(memory); }
END
check variable "$tools/nosplit.txt" 'planted: has '
cat >recursive.cpp <<END
$common
NOINLINE int planted(int n) { char room[10]; use(room); int below = n == 0 ? 0 : planted(n - 1); use(room); return below + 1; }
END
check recursive "$tools/nosplit.txt" 'planted: calls itself'

# What is listed and is not there, or calls through no pointer any more.
{ cat "$tools/nosplit.txt"; echo 'indirect planted = 8'; } >stale.txt
check nothing stale.txt 'stale.txt:' 'nothing needs: indirect planted'
cat >direct.cpp <<END
$common
void planted() { use(0); }
END
check direct stale.txt 'nothing needs: indirect planted'
