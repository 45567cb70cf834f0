// Stacks that grow: a program per word of the command line. It returns 0 where all was right.
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <alloca.h>

#include <rt0/os.h>
#include <rt0/print.h>

#include "calls.h"
#include "mem/segment.h"
#include "os/os.h"
#include "os/vdso.h"
#include "registers.h"
#include "stack.h"

namespace {

int segments() {
    const runtime::mem::segment* at = getg()->segment;
    while (at->prev != nullptr) {
        at = at->prev;
    }
    int count = 0;
    for (; at != nullptr; at = at->next) {
        ++count;
    }
    return count;
}

// Recursion. Each level has a few words that must be there when the deeper ones have returned.
NOINLINE uint64_t recurse(uint64_t depth, uint64_t a, uint64_t b) {
    uint64_t words[4] = {depth, a, b, a ^ b};
    use(words);
    if (depth == 0) {
        return a + b;
    }
    const uint64_t below = recurse(depth - 1, b + 1, a);
    CHECK(words[0] == depth && words[1] == a && words[2] == b && words[3] == (a ^ b));
    return below + 1;
}

void deep(uint64_t depth) {
    on_goroutine([depth] {
        for (int i = 0; i < 3; ++i) {
            CHECK(recurse(depth, 0, 0) == 2 * depth);
        }
        rt0::println("{} deep, {} segments", depth, segments());
    });
}

NOINLINE void library() {
    std::map<int, std::string> map;
    std::string text;
    for (int i = 0; i < 5; ++i) {
        text += "0123456789";
        map.emplace(i, text);
    }
    CHECK(map.size() == 5 && map[4].size() == 50 && map[0] == "0123456789");
    map.erase(2);
    auto shared = std::make_shared<std::vector<long>>(100, 7);
    shared->push_back(8);
    CHECK(shared->back() == 8 && shared->size() == 101);
    void* const memory = std::malloc(300000);
    CHECK(memory != nullptr);
    std::free(memory);
}

// What libstdc++.a has is not compiled to ask for stack.
NOINLINE void library_string() {
    std::string text(opaque("0123456789012345678"));
    text.append(opaque("0123456789012345678"));
    text.insert(3, text);
    use(text.data());
}
NOINLINE void library_map() {
    std::map<int, int> map;
    for (int i = 0; i < 20; ++i) {
        map.emplace(opaque(i), i);
    }
    map.erase(7);
    use(&map);
}
NOINLINE void library_hash_map() {
    std::unordered_map<int, int> map;
    for (int i = 0; i < 20; ++i) {
        map.emplace(opaque(i), i);
    }
    use(&map);
}
NOINLINE void library_to_chars() {
    char text[40];
    std::to_chars(text, text + 40, opaque(1e-300 / 3));
    use(text);
}
// The functions that the linker has wrapped.
NOINLINE void library_to_chars_precise() {
    static char text[800];
    auto end = std::to_chars(text, text + 800, opaque(1e300), std::chars_format::fixed, 400).ptr;
    CHECK(end == text + 301 + 1 + 400 && text[0] == '1' && end[-1] == '0');
    // One that does not fit is made elsewhere first.
    end = std::to_chars(text, text + 2, opaque(1e-300), std::chars_format::scientific, 1100).ptr;
    CHECK(end == text + 2);
    end = std::to_chars(text, text + 40, opaque(0.1F), std::chars_format::fixed, 30).ptr;
    CHECK(std::string_view(text, end) == "0.100000001490116119384765625000");
}
NOINLINE void library_from_chars() {
    // Between two doubles, 2^-1022 * 2^-53 and its half: all digits count.
    static char text[800] = "0.";
    std::memset(text + 2, '0', 323);
    std::memset(text + 325, '3', 400);
    double value = 1;
    auto result = std::from_chars(text, text + 725, opaque(&value)[0]);
    CHECK(result.ec == std::errc() && result.ptr == text + 725 && value == 5e-324);
    float single = 0;
    result = std::from_chars(text, text + 725, opaque(&single)[0]);
    CHECK(result.ptr == text + 725);
    static const char few[] = "1.00000005960464477539062500000000000000000000000000000001";
    result = std::from_chars(few, few + sizeof few - 1, opaque(&single)[0]);
    CHECK(result.ec == std::errc() && single == 0x1.000002p0F);
}

struct own_pool : std::pmr::unsynchronized_pool_resource {
    using unsynchronized_pool_resource::unsynchronized_pool_resource;
};
// What its table of virtual functions has for do_allocate.
extern "C" [[gnu::visibility("hidden")]] const char
    asks[] asm("__wrap__ZNSt3pmr28unsynchronized_pool_resource11do_allocateEmm");
template <class pool_type>
NOINLINE void library_pool() {
    std::pmr::monotonic_buffer_resource upstream;
    pool_type pool({.max_blocks_per_chunk = 16, .largest_required_pool_block = 64}, &upstream);
    std::pmr::memory_resource* const resource = opaque(&pool);
    CHECK((*reinterpret_cast<const char* const* const*>(resource))[2] == asks);
    void* all[40];
    for (size_t i = 0; i < 40; ++i) {
        all[i] = resource->allocate(16 + i % 3 * 16);
        std::memset(all[i], 1, 16);
    }
    void* const large = resource->allocate(100000);
    resource->deallocate(large, 100000);
    for (size_t i = 0; i < 40; ++i) {
        resource->deallocate(all[i], 16 + i % 3 * 16);
    }
    CHECK(*resource == pool && !(*resource == upstream));
}
NOINLINE void library_memmove() {
    static char text[4096];
    std::memmove(opaque(text + 5), text, opaque(size_t{4000}));
    std::memset(opaque(text + 0), 1, opaque(size_t{4000}));
    use(text);
}
NOINLINE void library_static() {
    static const int value = [] {
        runtime::gosched();
        return 1;
    }();
    use(const_cast<int*>(&value));
}

NOINLINE void library_mutex() {
    static std::mutex mutex;
    const std::lock_guard guard(mutex);
    go([] { const std::lock_guard second(mutex); });
    runtime::gosched();
}
NOINLINE void library_file() {
    auto opened = rt0::file::open(opaque("/dev/null"));
    char text[8];
    CHECK(opened && opened->read(std::as_writable_bytes(std::span(text))).value_or(1) == 0);
}

// Functions with small frames, which may stand below the guard, and what they call does not ask:
// how much each takes of the margin.
struct probe {
    const char* name;
    void (*run)();
};
const probe probes[] = {
    {"new, delete", [] { delete opaque(new int(1)); }},
    {"malloc of a mapping", [] { std::free(opaque(std::malloc(1 << 20))); }},
    {"gosched", [] { runtime::gosched(); }},
    {"newproc", [] { go([] {}); }},
    {"newproc, full queue",
     [] {
         for (int i = 0; i < 300; ++i) {
             go([] {});
         }
         runtime::gosched();
     }},
    {"qsort", [] { CHECK(sorts()); }},
    {"string", [] { library_string(); }},
    {"map", [] { library_map(); }},
    {"hash map", [] { library_hash_map(); }},
    {"to_chars", [] { library_to_chars(); }},
    {"to_chars, precision", [] { library_to_chars_precise(); }},
    {"from_chars", [] { library_from_chars(); }},
    {"pool", [] { library_pool<std::pmr::unsynchronized_pool_resource>(); }},
    {"pool, derived", [] { library_pool<own_pool>(); }},
    {"memmove", [] { library_memmove(); }},
    {"static", [] { library_static(); }},
    {"mutex", [] { library_mutex(); }},
    {"park, ready",
     [] {
         runtime::g* const gp = getg();
         go([gp] { runtime::ready(gp); });
         park();
     }},
    {"read a file", [] { library_file(); }},
};

void probe_all() {
    for (const probe& one : probes) {
        from_everywhere(one.run);
        rt0::println("{:<24} {} bytes left", one.name, least_left);
        CHECK(least_left >= 16);
    }
}

void allocations() {
    on_goroutine([] {
        // Neither grows without end.
        for (int i = 0; i < 20000; ++i) {
            CHECK(variable_arrays(2, 30000) == 3);
            if (i < 100) {
                huge in{};
                in.words[2499] = i;
                CHECK(huge_struct(in, 7) == i + 7);
            }
            CHECK(allocas(20000));
        }
        CHECK(variable_arrays(50000, 30000) == 50000L * 49999 / 2 + 50000);
        // Beyond the largest block.
        CHECK(variable_arrays(100, 1000000) == 5050);
        CHECK(big_frame(4) == 9);
        rt0::println("{} segments", segments());
    });
}

// Asked, in each prologue, for what may not be heard: whoever has a channel's lock stays. There
// must be room all the same.
NOINLINE void calls_that_stay() {
    runtime::biased_lock::stay();
    asking = 1;
    all_calls();
    asking = 0;
    if (auto* const segment = getg()->segment) {
        runtime::get_tcb()->stack_guard = segment->guard;
    }
    runtime::set_claim(0);
}

// Asked while the thread is on another stack, as a signal's handler is, and what continues a
// goroutine that one has taken off: what was asked for is not the goroutine's.
alignas(64) std::array<char, 16384> other_stack;
uintptr_t was_at;

NOINLINE void note_place() {
    char room[64];
    use(room);
    was_at = reinterpret_cast<uintptr_t>(room);
}

void elsewhere() {
    on_goroutine([] {
        runtime::no_preempt::begin();
        ask_now();
        asm volatile("movq %%rsp, %%rbx\n\t"
                     "movq %0, %%rsp\n\t"
                     "callq *%1\n\t"
                     "movq %%rbx, %%rsp"
                     :
                     : "r"(other_stack.data() + other_stack.size()), "r"(note_place)
                     : "rbx", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0",
                       "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
        runtime::get_tcb()->stack_guard = getg()->segment->guard;
        runtime::no_preempt::end();
    });
    CHECK(was_at - reinterpret_cast<uintptr_t>(other_stack.data()) < other_stack.size());
}

// A frame of each size that there is, above and below what is taken unasked.
template <size_t size>
NOINLINE int framed(int n) {
    unsigned char room[size];
    std::memset(room, n, size);
    use(room);
    CHECK(std::count(room, room + size, n) == static_cast<long>(size));
    return n + 1;
}
NOINLINE void all_frames() {
    [&]<size_t... i>(std::index_sequence<i...>) {
        const guard_at_calls here;
        for (int (*const f)(int) : {framed<16 * (i + 1)>...}) {
            note_call();
            CHECK(f(5) == 6);
        }
    }(std::make_index_sequence<highest_call / 16>());
}

// What is in a register when a function is called is there when it begins, and what it returns in
// registers, or has to leave as it was, arrives.
NOINLINE void registers_across() {
    const guard_at_calls here;
    static registers all[4];
    static uint64_t random = 1;
    registers& in = all[0];
    registers& inside = all[1];
    registers& results = all[2];
    registers& out = all[3];
    fill(in, random);
    fill(inside, random);
    fill(results, random);
    fill(out, random);
    inside.general[4] = reinterpret_cast<uint64_t>(&results);
    note_call();
    call_with_registers(&in, &inside, &out);
    // rax, rcx, rdx, rbx, rsi, r8, r9 and r12 to r15.
    CHECK(same(in, inside, {.general = 0xf34f, .x87 = false, .others = false, .vectors = 8}));
    std::memcpy(results.general, in.general, sizeof in.general);
    results.general[0] = ~in.general[0];
    results.general[2] = ~in.general[2];
    // rax, rdx, rbx, rbp and r12 to r15.
    CHECK(same(results, out, {.general = 0xf02d, .x87 = true, .others = false, .vectors = 2}));
}

struct memory_use {
    long resident; // bytes
};

memory_use read_memory() {
    char text[4096];
    const int fd = runtime::os::open("/proc/self/status", runtime::os::o_rdonly, 0);
    const long size = runtime::os::read(fd, text, sizeof text);
    (void)runtime::os::close(fd);
    const std::string_view all(text, size > 0 ? static_cast<size_t>(size) : 0);
    size_t at = all.find("VmRSS:");
    long kib = 0;
    for (at += 6; at < all.size() && all[at] != 'k'; ++at) {
        if (all[at] >= '0' && all[at] <= '9') {
            kib = kib * 10 + (all[at] - '0');
        }
    }
    return {kib * 1024};
}

// Goroutines that end give their segments back, and arenas without any go back to the kernel.
void idle() {
    const long before = read_memory().resident;
    static std::atomic<int> parked_count;
    static runtime::g* all[100];
    for (auto& gp : all) {
        go([&gp] {
            recurse(20000, 0, 0); // a megabyte or more
            ++parked_count;
            gp = getg();
            park();
        });
    }
    while (parked_count < 100) {
        runtime::gosched();
    }
    const long most = read_memory().resident - before;
    for (runtime::g* const gp : all) {
        runtime::ready(gp);
        runtime::gosched();
    }
    runtime::gosched();
    const long left = read_memory().resident - before;
    rt0::println("{} KiB while they live, {} KiB afterwards", most / 1024, left / 1024);
    CHECK(most > 100 * 1024 * 1024 && left < most / 8);
}

void parked() {
    constexpr int count = 100000;
    static runtime::g* all[count];
    std::memset(static_cast<void*>(all), 1, sizeof all); // so that its pages are not counted
    const long before = read_memory().resident;
    static std::atomic<int> woken;
    for (int i = 0; i < count; ++i) {
        go([i] {
            all[i] = getg();
            park();
            ++woken;
        });
        if (i % 64 == 0) {
            runtime::gosched();
        }
    }
    runtime::gosched();
    runtime::gosched();
    const long each = (read_memory().resident - before) / count;
    rt0::println("{} bytes a goroutine", each);
    CHECK(each <= static_cast<long>(runtime::mem::goroutine_block_size) * 3 / 2);
    for (runtime::g* const gp : all) {
        runtime::ready(gp);
        runtime::gosched();
    }
    while (woken < count) {
        runtime::gosched();
    }
}

NOINLINE int without_end(int n) {
    char room[100 * 1024];
    use(room);
    const int result = opaque(n) < 0 ? 0 : without_end(n + 1) + 1;
    use(room);
    return result;
}

NOINLINE int alloca_without_end() {
    for (;;) {
        use(alloca(300000));
    }
}

// What the kernel's code in the vDSO takes of the stack is its own affair: it runs on g0's.
bool was_on_g0 = false;
__attribute__((no_split_stack)) int takes_much(int clock, runtime::os::timespec* time);
int takes_much(int clock, runtime::os::timespec* time) {
    char room[32 * 1024];
    // No call: whatever asks for stack would ask for the goroutine's.
    char* to = room;
    size_t size = sizeof room; // NOLINT(misc-const-correctness): the assembly writes it
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0xee) : "memory");
    runtime::g* gp = nullptr;
    asm volatile("movq %%fs:%c1, %0" : "=r"(gp) : "i"(TCB_G));
    const auto end = gp->m->g0->sp;
    const auto at = reinterpret_cast<uintptr_t>(room);
    was_on_g0 = at < end && end - at <= G0_STACK_SIZE;
    time->seconds = clock;
    return clock + 1;
}

void clocks() {
    sweep([] {
        runtime::os::timespec time{};
        was_on_g0 = false;
        CHECK(runtime::os::vdso_call(takes_much, 7, &time) == 8);
        CHECK(was_on_g0 && time.seconds == 7);
        const auto before = std::chrono::steady_clock::now();
        CHECK(std::chrono::steady_clock::now() >= before);
    });
    // Who is on that stack already stays where he is, and keeps what he has.
    on_goroutine([] {
        runtime::systemstack([] {
            char kept[256];
            std::memset(kept, 0x5a, sizeof kept);
            use(kept);
            runtime::os::timespec time{};
            CHECK(runtime::os::vdso_call(takes_much, 1, &time) == 2 && was_on_g0);
            use(kept);
            CHECK(std::ranges::all_of(kept, [](char c) { return c == 0x5a; }));
        });
    });
}

double now() {
    runtime::os::timespec time{};
    (void)runtime::os::clock_gettime(1, &time);
    return static_cast<double>(time.seconds) * 1e9 + static_cast<double>(time.nanoseconds);
}

// One call of f takes this many nanoseconds.
template <class F>
double time_of(long rounds, F f) {
    double best = 1e18;
    for (int i = 0; i < 7; ++i) {
        const double begin = now();
        for (long k = 0; k < rounds; ++k) {
            f();
        }
        best = std::min(best, (now() - begin) / static_cast<double>(rounds));
    }
    return best;
}

NOINLINE void leaf() {
    char room[8];
    use(room);
}

void bench() {
    // On the kernel's stack, and where the leaf finds no room.
    const double call_here = time_of(20000000, leaf);
    on_goroutine([=] {
        double crossing = 0;
        for (int depth = 0; depth < 40; ++depth) {
            at_depth(depth, 0, [&] { crossing = std::max(crossing, time_of(2000000, leaf)); });
        }
        rt0::println("a call: {:.2f} ns, one that crosses: {:.2f} ns", call_here, crossing);
    });
    const double start = now();
    const uint64_t start_ticks = __rdtsc();
    while (now() < start + 1e7) {
    }
    const double ticks = static_cast<double>(__rdtsc() - start_ticks) / (now() - start);
    double first = 1e18;
    double again = 1e18;
    for (int i = 0; i < 200; ++i) {
        on_goroutine([&] {
            const uint64_t a = __rdtsc();
            recurse(1000, 0, 0);
            const uint64_t b = __rdtsc();
            recurse(1000, 0, 0);
            const uint64_t c = __rdtsc();
            first = std::min(first, static_cast<double>(b - a) / ticks);
            again = std::min(again, static_cast<double>(c - b) / ticks);
        });
    }
    const double plain = time_of(100, [] { recurse(1000, 0, 0); });
    rt0::println("1000 deep on the kernel's stack: {:.0f} ns", plain);
    rt0::println("1000 deep on a new goroutine: {:.0f} ns, again: {:.0f} ns", first, again);
    rt0::println("new goroutine, to its end: {:.0f} ns",
                 time_of(100000, [] { on_goroutine([] {}); }));
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word == "deep") {
        deep(1000);
        deep(100000);
    } else if (word == "sweep") {
        sweep(calls_and_large_frames);
        call_from_everywhere(all_calls);
    } else if (word == "frames") {
        call_from_everywhere(all_frames);
    } else if (word == "registers") {
        call_from_everywhere(registers_across);
    } else if (word == "library") {
        sweep(library);
    } else if (word == "stays") {
        sweep(calls_that_stay);
        elsewhere();
    } else if (word == "print") {
        sweep([] {
            rt0::println("{:>12.3f} {} {:#x} {:.30e}", 2.5, "text", 17, 1e300L);
            rt0::println("a literal");
        });
    } else if (word == "probes") {
        probe_all();
    } else if (word == "allocations") {
        allocations();
    } else if (word == "idle") {
        idle();
    } else if (word == "clocks") {
        clocks();
    } else if (word == "parked") {
        parked();
    } else if (word == "overflow") {
        on_goroutine([] { without_end(0); });
    } else if (word == "alloca_overflow") {
        on_goroutine([] { alloca_without_end(); });
    } else if (word == "bench") {
        bench();
    } else {
        return 1;
    }
    return wrong == 0 ? 0 : 1;
}
