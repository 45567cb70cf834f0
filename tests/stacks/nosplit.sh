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

# The runtime is large and takes seconds to look at, so there are two: what is fine, and all offenders in one. use() makes the
# optimiser leave memory alone.
common='#define NOINLINE [[gnu::noinline]]
static void use(void* memory) { asm volatile("" : : "r"(memory) : "memory"); }
'

# look NAME STATUS: the runtime with NAME.cpp in it, and with the lines of NAME.listed in the table. What is printed is in $output.
look() {
    cat "$tools/nosplit.txt" "$1.listed" >"$1.txt"
    cp "$archive" librt0.a
    "$compiler" -O2 -std=c++23 -fno-exceptions -c "$1.cpp"
    ar rs librt0.a "$1.o" 2>/dev/null
    "$python" "$tools/nosplit.py" --symbols "$1.symbols" librt0.a
    "$compiler" -nostdlib -static main.o "$start" "@$1.symbols" -Wl,-e,_rt0_amd64_linux -Wl,--gc-sections \
        -Wl,-z,noseparate-code -Wl,--unresolved-symbols=ignore-all \
        -Wl,--start-group librt0.a -lstdc++ -lgcc -lgcc_eh -Wl,--end-group -o "$1"
    status=0
    output=$("$python" "$tools/nosplit.py" "$1.txt" "$1" 2>&1) || status=$?
    [ $status = "$2" ] || fail "$1 ends with $status: $output"
}

# Calls through a pointer that is listed, and a switch, whose table is no pointer.
cat >fine.cpp <<END
$common
NOINLINE static void planted_case() { char room[70]; use(room); }
void planted_listed(void (*function)()) { function(); use(0); }
void planted_switch(int n) {
    switch (n) {
    case 0: use(&n); break;
    case 1: asm volatile("nop"); break;
    case 2: asm volatile("nop; nop"); use(&n); break;
    case 3: asm volatile("nop; nop; nop"); break;
    case 4: asm volatile("nop; nop; nop; nop"); break;
    case 5: planted_case(); asm volatile("nop; nop; nop; nop; nop"); break;
    }
}
END
echo 'indirect planted_listed = 200' >fine.listed
look fine 0

room=$((0x$(nm fine | sed -n 's/ . runtime\.nosplit_room$//p')))
cat >bad.cpp <<END
$common
// Too deep, in the third function of a chain.
NOINLINE static void planted_third() { char room[7000]; use(room); asm volatile(""); }
NOINLINE static void planted_second() { char room[40]; use(room); planted_third(); use(room); }
void planted_first() { char room[40]; use(room); planted_second(); use(room); }

// The red zone: a function that calls nobody writes below its stack pointer.
NOINLINE static void planted_leaf() { char room[100]; use(room); }
void planted_red() { char room[$room - 64]; use(room); planted_leaf(); use(room); }

// Through a pointer: not listed; listed with too much; listed with what there is not; listed, and calls through none.
void planted_pointer(void (*function)()) { function(); use(0); }
void planted_much(void (*function)()) { function(); asm volatile("nop"); }
void planted_wrong(void (*function)()) { asm volatile("nop"); function(); asm volatile("nop"); }
void planted_direct() { use(0); }

// A tail call, and one of several cases of a switch, which is a jump through a table.
NOINLINE static void planted_case() { char room[7000]; use(room); }
void planted_tail(int n, void (*function)()) {
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

// Frames of variable size, and recursion.
void planted_variable(unsigned long n) { void* memory = __builtin_alloca(n); use(memory); }
NOINLINE int planted_recursive(int n) {
    char room[10];
    use(room);
    int below = n == 0 ? 0 : planted_recursive(n - 1);
    use(room);
    return below + 1;
}
END
cat >bad.listed <<END
indirect planted_much = 5000
indirect planted_wrong = runtime::no_such
indirect planted_direct = 8
indirect planted_nowhere = 8
END
look bad 1

# expect TEXT: whole lines, whatever the numbers in them.
output=$(echo "$output" | sed -E 's/^[^ ]*: ([0-9]+ bytes|planted_)/\1/; s/(there are|planted_[a-z]+:) [0-9]+/\1 N/; s/^[0-9]+ bytes/N bytes/; s/(: has sub) .*/\1/; s/.*(bad\.txt:)[0-9]+/\1N/')
expect() {
    case "
$output
" in
    *"
$1
"*) ;;
    *) fail "no '$1' in: $output" ;;
    esac
}
expect 'N bytes of stack, there are N:
    planted_first: N
    planted_second: N
    planted_third: N'
expect 'N bytes of stack, there are N:
    planted_red: N
    planted_leaf: N'
expect 'planted_pointer: calls through a pointer'
expect 'N bytes of stack, there are N:
    planted_much: N
    what is listed with 5000'
expect 'planted_wrong: is listed with runtime::no_such, which is not there'
expect 'planted_tail: calls through a pointer'
expect 'N bytes of stack, there are N:
    planted_tail: N
    planted_case: N'
expect 'planted_variable: has sub'
expect 'planted_recursive: calls itself'
expect 'bad.txt:N: nothing needs: indirect planted_direct'
expect 'bad.txt:N: nothing needs: indirect planted_nowhere'
