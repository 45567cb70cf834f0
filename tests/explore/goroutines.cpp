// What lies below channels and the like where the scheduler is not what is explored: each goroutine
// is a thread of the explorer's. What makes it ready it knows; all the rest it has to be told.
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/biased_lock.h"
#include "base/fatal.h"
#include "mem/heap.h"
#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"
#include "tests/explore/plain.h"

namespace machine {

namespace {

using namespace runtime;

struct goroutine {
    tcb block{}; // what its local is (kernel.cpp)
    g self{};
    explore::plain<bool> waits{false};
};
static_assert(offsetof(goroutine, block) == 0);

constexpr std::size_t most_goroutines = 8;
std::array<goroutine, most_goroutines> goroutines;
std::size_t used_goroutines = 0;

constexpr std::size_t arena_size = std::size_t{64} * 1024;
alignas(64) std::array<std::byte, arena_size> arena;
std::size_t arena_used = 0;

goroutine& of(g* gp) {
    for (goroutine& one : goroutines) {
        if (&one.self == gp) {
            return one;
        }
    }
    explore::fail("there is no such goroutine");
}

void begin(goroutine& one) {
    one.block.current = &one.self;
    explore::local() = &one;
}

goroutine& anew() {
    explore::check(used_goroutines < most_goroutines, "the model has too many goroutines");
    goroutine& made = goroutines.at(used_goroutines++);
    explore::anew(made);
    return made;
}

} // namespace

void run(uint32_t /*procs*/, std::function<void()> main) {
    used_goroutines = 0;
    arena_used = 0;
    refuse_fences(false);
    runtime::allow_lock_owners();
    begin(anew());
    const std::function<void()> own = std::move(main);
    own();
    explore::join();
}

void go(std::function<void()> body) {
    explore::start([&one = anew(), body = std::move(body)]() mutable {
        begin(one);
        const std::function<void()> own = std::move(body); // and what it has with it ends here
        own();
    });
}

} // namespace machine

namespace runtime {

using machine::goroutine;

void park(bool (*unlock)(g* gp, void* lock), void* lock, wait_reason /*reason*/) {
    goroutine& self = machine::of(getg());
    self.waits = true;
    if (unlock != nullptr && !unlock(&self.self, lock)) {
        self.waits = false;
        return;
    }
    explore::sleep();
}

void park(biased_lock& held, wait_reason /*reason*/) {
    machine::of(getg()).waits = true;
    held.unlock();
    explore::sleep();
}

void ready(g* gp) {
    goroutine& other = machine::of(gp);
    explore::check(other.waits, "a goroutine is made ready that does not wait");
    other.waits = false;
    explore::wake(&other);
}

std::uint8_t ready_at_last(g* gp) {
    explore::check(get_tcb()->in_runtime(), "nothing keeps the goroutine on its thread");
    ready(gp);
    set_claim(0);
    return 0;
}

// The models go on.
void panic(std::string_view text) {
    explore::check(!get_tcb()->in_runtime(), "panics with a lock");
    throw std::string(text);
}

namespace mem {

// Of a size each, so that a schedule has the same addresses each time.
void* allocate(size_t size, size_t alignment) {
    constexpr std::size_t room = 512;
    explore::check(size <= room && alignment <= room, "the model wants large memory");
    const std::size_t begin = machine::arena_used;
    machine::arena_used += room;
    explore::check(machine::arena_used <= machine::arena_size, "the model's memory is used up");
    return &machine::arena.at(begin);
}

void deallocate(void* pointer) {
    std::memset(pointer, 0xee, sizeof(void*) * 8);
}

} // namespace mem

} // namespace runtime
