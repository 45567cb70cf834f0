// The memory of stacks: blocks through the caches of p's and the arenas, goroutines' blocks through
// the lists of dead g's, segments. Blocks are 2 and 4 KiB and an arena has 8 (CMakeLists.txt), and
// what the locks protect is watched.
#include "mem/block.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/fatal.h"
#include "mem/segment.h"
#include "os/os.h"
#include "sched/sched.h"
#include "tests/explore/explore.h"
#include "tests/host/context.h"

namespace runtime {

scheduler sched;

namespace mem {

// Added to the sources in CMakeLists.txt.
void forget_arenas();
bool all_is_given_back();
void forget_spare();
void empty_spare();

extern "C" {
void grow_stack(segment* last, size_t need) asm("runtime.grow_stack");
}

} // namespace mem

extern "C" [[noreturn]] void goexit1() asm("runtime.goexit1");

} // namespace runtime

namespace {

using explore::anew;
using explore::check;
using namespace runtime;
constexpr auto relaxed = std::memory_order_relaxed;

// The kernel: pages of a region, lowest first. The first is skipped, so that an arena does not get
// an aligned address at once. What is not mapped, or guards a stack, is full of poison: who reads
// it finds no address and no number that means anything, and who writes it leaves a trace.
constexpr size_t page = 4096;
constexpr size_t pages = 64;
constexpr auto poison = std::byte{0xEE};
enum class page_state : uint8_t { unmapped, mapped, guards };
std::array<page_state, pages> states;
std::array<bool, pages> used; // in this run
alignas(2 * page) std::array<std::byte, pages * page> region;

std::byte* address_of(size_t number) {
    return &region.at(number * page);
}

size_t number_of(const void* address) {
    return static_cast<size_t>(static_cast<const std::byte*>(address) - region.data()) / page;
}

void become_poison(size_t number, page_state state) {
    states.at(number) = state;
    std::memset(address_of(number), static_cast<int>(poison), page);
}

void check_poison(size_t number) {
    check(std::count(address_of(number), address_of(number) + page, poison) == page,
          "memory is written that is not mapped");
}

// A thread: what getg and getp look at comes first.
struct worker {
    tcb block{};
    m thread{};
    g scheduler{};
    // A goroutine's end, which goes off its stack.
    void* sp = nullptr;
    void* left = nullptr;
    g* (*function)(g* gp, void* argument) = nullptr;
    void* argument = nullptr;
    std::vector<std::byte> stack = std::vector<std::byte>(size_t{64} * 1024);
};

constexpr size_t most_workers = 3;
std::array<worker, most_workers> workers;
std::array<p, most_workers> ps;
g first_goroutine;
uint64_t next_stamp = 0;

// What is in use, by address, and what was written there.
std::map<uintptr_t, uint64_t> in_use;

worker& here() {
    return *static_cast<worker*>(explore::local());
}

void begin() {
    anew(sched);
    for (p& one : ps) {
        anew(one);
        one.id = static_cast<uint32_t>(&one - ps.data());
    }
    anew(first_goroutine);
    first_goroutine.status.store(g_status::running, relaxed);
    sched.first = &first_goroutine;
    mem::forget_arenas();
    mem::forget_spare();
    next_stamp = 0;
    in_use.clear();
    static const bool once = [] {
        region.fill(poison);
        return true;
    }();
    for (size_t i = 0; once && i < pages; ++i) {
        if (states.at(i) != page_state::unmapped) {
            become_poison(i, page_state::unmapped);
        }
    }
    used.fill(false);
}

void be(size_t which, p* pp) {
    worker& self = workers.at(which);
    std::vector<std::byte> stack = std::move(self.stack);
    anew(self);
    self.stack = std::move(stack);
    explore::local() = &self.block;
    self.block.current = &self.scheduler;
    self.block.p = pp;
    self.block.blocks = pp != nullptr ? &pp->blocks : nullptr;
    self.scheduler.m = &self.thread;
    self.thread.g0 = &self.scheduler;
}

// As the thread with that number, which has the p with the same.
void start(size_t which, std::function<void()> body) {
    explore::start([which, body = std::move(body)] {
        be(which, &ps.at(which));
        body();
    });
}

void start_without_p(size_t which, std::function<void()> body) {
    explore::start([which, body = std::move(body)] {
        be(which, nullptr);
        body();
    });
}

explore::plain<uint64_t>& word_at(uintptr_t address) {
    return *reinterpret_cast<explore::plain<uint64_t>*>(address);
}

// Memory is this thread's from now on, and no longer.
void own(uintptr_t address) {
    constexpr uintptr_t arena = 2 * page;
    check(address % arena != 0, "a block is where its arena is described");
    const uint64_t stamp = ++next_stamp;
    check(in_use.emplace(address, stamp).second, "memory is given twice");
    word_at(address) = stamp;
}

void disown(uintptr_t address) {
    const auto found = in_use.find(address);
    check(found != in_use.end(), "memory is given back twice");
    check(word_at(address) == found->second, "memory has changed while it was in use");
    in_use.erase(found);
}

void* take(unsigned block_class) {
    int error = 0;
    void* const block = mem::take_block(here().block.p->blocks, block_class, &error);
    check(block != nullptr, "there is no block");
    own(reinterpret_cast<uintptr_t>(block));
    return block;
}

void give(void* block, unsigned block_class) {
    disown(reinterpret_cast<uintptr_t>(block));
    mem::give_block(here().block.p->blocks, block, block_class);
}

g* make_goroutine(size_t stack = 0) {
    g* const gp = new_g(stack);
    check(mem::goroutine_place(reinterpret_cast<void*>(gp->stack_lo)) == gp,
          "a g is not where its block says");
    own(gp->stack_lo);
    return gp;
}

// It has run up to its end.
g* begin_goroutine(size_t stack = 0) {
    g* const gp = make_goroutine(stack);
    set_status(gp, g_status::dead, g_status::runnable);
    gp->goid = next_stamp;
    set_status(gp, g_status::runnable, g_status::running);
    gp->m = &here().thread;
    return gp;
}

// One that is never started.
void drop_goroutine(g* gp) {
    disown(gp->stack_lo);
    drop_g(gp);
}

void end_goroutine(g* gp) {
    disown(gp->stack_lo);
    worker& self = here();
    self.block.current = gp;
    self.thread.curg = gp;
    host::host_switch(&self.sp, host::fresh_context(self.stack.data() + self.stack.size() / 16 * 16,
                                                    [] { goexit1(); }));
    self.block.current = &self.scheduler;
    self.function(gp, self.argument);
    no_preempt::end();
}

// So many more segments.
void grow(g* gp, int count) {
    for (mem::segment* last = gp->segment; count > 0; --count) {
        mem::grow_stack(last, 100);
        last = last->next;
        own(reinterpret_cast<uintptr_t>(last + 1) - last->size);
    }
}

void shrink(const g* gp) {
    for (const mem::segment* one = gp->segment->next; one != nullptr; one = one->next) {
        disown(reinterpret_cast<uintptr_t>(one + 1) - one->size);
    }
}

void end() {
    explore::join();
    check(in_use.empty(), "something is still in use");
    be(0, ps.data());
    for (p& one : ps) {
        drop_caches(&one);
    }
    mem::drop_goroutine_batches();
    mem::empty_spare();
    check(mem::all_is_given_back(), "something does not come back");
    for (size_t i = 0; i < pages; ++i) {
        if (used.at(i) && states.at(i) != page_state::mapped) {
            check_poison(i);
        }
    }
}

// Each of two takes more than a batch, and has more than its cache keeps.
void through_caches() {
    begin();
    for (size_t which = 0; which < 2; ++which) {
        start(which, [] {
            std::array<void*, 3> blocks{};
            for (void*& one : blocks) {
                one = take(0);
            }
            for (void* const one : blocks) {
                give(one, 0);
            }
            mem::empty_cache(here().block.p->blocks);
        });
    }
    end();
}

// An arena goes back to the kernel while another thread wants a block of its size, or of another.
template <unsigned other>
void an_arena_goes() {
    begin();
    start(0, [] {
        const std::array<void*, 2> blocks{take(1), take(1)};
        for (void* const one : blocks) {
            give(one, 1);
        }
        mem::empty_cache(here().block.p->blocks);
    });
    start(1, [] {
        void* const block = take(other);
        give(block, other);
        mem::empty_cache(here().block.p->blocks);
    });
    end();
}

// What one takes another gives back.
void given_elsewhere() {
    begin();
    static runtime::atomic<void*> handed;
    anew(handed);
    start(0, [] {
        void* const own = take(0);
        handed.store(take(0), std::memory_order_release);
        give(own, 0);
        give(take(0), 0);
    });
    start(1, [] {
        void* block = nullptr;
        while (block == nullptr) {
            explore::pause();
            block = handed.load(std::memory_order_acquire);
        }
        give(block, 0);
        mem::empty_cache(here().block.p->blocks);
    });
    end();
}

// Threads whose goroutines are in the kernel grow their stacks.
void stacks_without_a_p() {
    begin();
    for (size_t which = 0; which < 2; ++which) {
        start_without_p(which, [] {
            alignas(page) std::array<std::byte, mem::goroutine_block_size> block;
            g self{};
            self.segment = mem::first_segment(block.data(), mem::goroutine_place(block.data()));
            grow(&self, 2);
            shrink(&self);
            mem::release_stack(self.segment);
        });
    }
    end();
}

// One p's goroutines end and go to the next, with and without stacks of their own.
void goroutines_come_and_go() {
    begin();
    start(0, [] {
        std::array<g*, 5> all{};
        for (g*& one : all) {
            one = begin_goroutine();
        }
        for (g* const one : all) {
            end_goroutine(one);
        }
    });
    start(1, [] {
        g* const grown = begin_goroutine();
        grow(grown, 1);
        shrink(grown);
        end_goroutine(grown);
        g* const plain = begin_goroutine(1000);
        end_goroutine(plain);
        drop_goroutine(make_goroutine(1000));
    });
    end();
}

// The caches of an idle p are emptied, under the lock under which p's become idle and are taken.
void an_idle_p_gives_back() {
    begin();
    sched.pidle = &ps[2];
    for (size_t which = 0; which < 2; ++which) {
        start_without_p(which, [] {
            p* pp = nullptr;
            {
                const runtime::lock_guard guard(sched.lock);
                pp = std::exchange(sched.pidle, nullptr);
            }
            if (pp == nullptr) {
                return;
            }
            here().block.p = pp;
            here().block.blocks = &pp->blocks;
            g* const gp = begin_goroutine();
            grow(gp, 1);
            shrink(gp);
            end_goroutine(gp);
            here().block.p = nullptr;
            here().block.blocks = nullptr;
            const runtime::lock_guard guard(sched.lock);
            sched.pidle = pp;
        });
    }
    start_without_p(2, [] {
        const runtime::lock_guard guard(sched.lock);
        for (p* pp = sched.pidle; pp != nullptr; pp = pp->link) {
            drop_caches(pp);
        }
        mem::drop_goroutine_batches();
    });
    end();
}

// Who looks at all goroutines sees g's, and each that is there all the time once.
struct looked {
    const g* there;
    int times;
};

void look(g* gp, void* argument) {
    if (gp == sched.first) {
        return;
    }
    explore::point();
    check(gp->stack_lo == 0 || mem::goroutine_place(reinterpret_cast<void*>(gp->stack_lo)) == gp,
          "what seems to be a goroutine is none");
    auto* const result = static_cast<looked*>(argument);
    result->times += gp == result->there ? 1 : 0;
}

void all_are_seen() {
    begin();
    be(2, &ps[2]);
    static g* there;
    there = begin_goroutine();
    start(0, [] {
        std::array<g*, 3> all{};
        for (g*& one : all) {
            one = begin_goroutine();
        }
        for (g* const one : all) {
            end_goroutine(one);
        }
        drop_caches(here().block.p);
    });
    start(1, [] {
        looked result{there, 0};
        for_each_g(look, &result);
        check(result.times == 1, "a goroutine is not seen, or twice");
    });
    explore::join();
    be(2, &ps[2]);
    end_goroutine(there);
    end();
}

// An arena that had goroutines goes to who takes blocks for stacks, and what is in them is theirs.
void an_arena_changes() {
    begin();
    be(0, ps.data());
    std::array<g*, 4> all{};
    for (g*& one : all) {
        one = begin_goroutine();
    }
    for (g* const one : all) {
        end_goroutine(one);
    }
    start(0, [] {
        drop_caches(here().block.p);
        mem::drop_goroutine_batches();
        std::array<void*, 2> blocks{};
        for (void*& one : blocks) {
            one = take(0);
            auto* const bytes = static_cast<std::byte*>(one);
            std::memset(bytes + sizeof(uint64_t), 0xAB, mem::block_size(0) - 2 * sizeof(uint64_t));
        }
        for (void* const one : blocks) {
            give(one, 0);
        }
    });
    start(1, [] {
        looked result{nullptr, 0};
        for_each_g(look, &result);
    });
    end();
}

constexpr std::array<explore::model, 9> models{{
    {"through_caches", through_caches, {.preemptions = 2, .stale = 1}},
    {"an_arena_goes", an_arena_goes<1>, {.preemptions = 3, .stale = 1}},
    {"an_arena_goes_elsewhere", an_arena_goes<0>, {.preemptions = 3, .stale = 1}},
    {"given_elsewhere", given_elsewhere, {.preemptions = 2, .stale = 1}},
    {"stacks_without_a_p", stacks_without_a_p, {.preemptions = 2, .stale = 0}},
    {"goroutines_come_and_go", goroutines_come_and_go, {.preemptions = 2, .stale = 1}},
    {"an_idle_p_gives_back", an_idle_p_gives_back, {.preemptions = 2, .stale = 0}},
    {"all_are_seen", all_are_seen, {.preemptions = 2, .stale = 1}},
    {"an_arena_changes", an_arena_changes, {.preemptions = 2, .stale = 1}},
}};

} // namespace

namespace runtime {

extern "C" {

// Off the stack of a goroutine that ends.
void mcall(g* (*fn)(g* gp, void* argument), void* argument) {
    no_preempt::begin();
    worker& self = here();
    self.function = fn;
    self.argument = argument;
    host::host_switch(&self.left, self.sp);
}

void systemstack(void (*fn)()) {
    fn();
}

void gogo(g* /*gp*/) {
    explore::fail("nothing else is there to run");
}
}

g* schedule() {
    return nullptr;
}
void park(bool (* /*unlock*/)(g* gp, void* lock), void* /*lock*/, wait_reason /*reason*/) {
    explore::fail("nobody parks");
}
void exit_locked_m(m* /*mp*/) {
    explore::fail("no goroutine is tied");
}

void fatal_after(std::string_view /*lines*/, std::string_view text) {
    fatal(text);
}

namespace os {

void* map_stack(size_t size, int* error) {
    explore::point();
    const size_t count = (size + page - 1) / page;
    for (size_t first = 1; first + count <= pages; ++first) {
        if (std::any_of(states.begin() + first, states.begin() + first + count,
                        [](page_state state) { return state != page_state::unmapped; })) {
            continue;
        }
        for (size_t i = first; i < first + count; ++i) {
            check_poison(i);
            states.at(i) = page_state::mapped;
            used.at(i) = true;
        }
        std::memset(address_of(first), 0, count * page);
        return address_of(first);
    }
    *error = ENOMEM;
    return nullptr;
}

int unmap(void* address, size_t size) {
    explore::point();
    const size_t first = number_of(address);
    for (size_t i = first; i < first + size / page; ++i) {
        check(states.at(i) != page_state::unmapped, "memory is unmapped that is not mapped");
        if (states.at(i) == page_state::guards) {
            check_poison(i);
        }
        become_poison(i, page_state::unmapped);
    }
    explore::forget(address, size);
    return 0;
}

int decommit(void* address, size_t size) {
    explore::point();
    std::memset(address, 0, size);
    explore::forget(address, size);
    return 0;
}

int guard(void* address, size_t size) {
    explore::point();
    for (size_t i = number_of(address); i < number_of(address) + size / page; ++i) {
        become_poison(i, page_state::guards);
    }
    return 0;
}

} // namespace os

} // namespace runtime

int main(int argc, char** argv) {
    return explore::run(argc, argv, models);
}
