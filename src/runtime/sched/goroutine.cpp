// Goroutines but the first: where they come from and how they end.
//
// A g lies at the top of a block of its own, above its stack's first segment. When the goroutine
// ends, both stay together: on the p's list of dead ones, from there to the arenas, which go back
// to the kernel when nothing in them is in use (mem/block.cpp).
#include "base/fatal.h"
#include "base/if_linked.h"
#include "mem/block.h"
#include "mem/segment.h"
#include "sched/runq.h"
#include "sched/sched.h"

namespace runtime {

namespace {

// A p gets and gives this many dead g's at a time, and keeps up to twice as many.
constexpr uint32_t gfree_batch = 32;

[[noreturn]] void no_memory(int error) {
    fatal_no_memory("cannot map a stack for a goroutine", error);
}

void gpush(p* pp, g* gp) {
    gp->schedlink = pp->gfree;
    pp->gfree = gp;
    ++pp->gfree_count;
}

g* gpop(p* pp) {
    g* const gp = pp->gfree;
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference)
    pp->gfree = gp->schedlink;
    --pp->gfree_count;
    return gp;
}

mem::segment* first_segment(const g* gp) {
    return reinterpret_cast<mem::segment*>(gp->stack_hi);
}

// A block's g. Fresh memory is all zeroes, and so is its g; else it has been one before.
g* as_g(void* block) {
    auto* const gp = static_cast<g*>(mem::goroutine_place(block));
    if (gp->status.load(std::memory_order_relaxed) != g_status::dead) {
        gp->stack_lo = reinterpret_cast<uintptr_t>(block);
        gp->segment = mem::first_segment(block, gp);
        gp->stack_hi = reinterpret_cast<uintptr_t>(gp->segment);
        gp->status.store(g_status::dead, std::memory_order_relaxed);
    }
    return gp;
}

// On g0 or with enough stack: what the p's list has run out of.
void refill() {
    p* const pp = getp();
    int error = 0;
    void* block = mem::take_goroutine_blocks(gfree_batch, &error);
    if (block == nullptr) {
        no_memory(error);
    }
    while (block != nullptr) {
        void* const next = mem::goroutine_link(block);
        gpush(pp, as_g(block));
        block = next;
    }
}

// Gives back all of pp's dead ones behind *link.
void give_behind(p* pp, g** link) {
    void* blocks = nullptr;
    while (g* const gp = *link) {
        *link = gp->schedlink;
        --pp->gfree_count;
        void* const block = reinterpret_cast<void*>(gp->stack_lo);
        mem::goroutine_link(block) = blocks;
        blocks = block;
    }
    mem::give_goroutine_blocks(blocks);
}

// The older half goes back, not the ones whose memory is in the cache.
void flush() {
    p* const pp = getp();
    g* last = pp->gfree;
    for (uint32_t i = 1; i < gfree_batch; ++i) {
        last = last->schedlink;
    }
    give_behind(pp, &last->schedlink);
}

void gfput(p* pp, g* gp) {
    if (pp->gfree_count == 2 * gfree_batch) [[unlikely]] {
        if (getg() == getg()->m->g0) {
            flush();
        } else {
            systemstack(flush);
        }
    }
    gpush(pp, gp);
}

// All of its stack but the first segment. Not on what is given back.
void release(g* gp) {
    mem::release_stack(first_segment(gp));
    gp->segment = first_segment(gp);
}

// The rest of an end, on g0.
g* goexit0(g* /*gp*/, void* /*nothing*/) {
    return schedule();
}

// An end that is not just the usual one, on g0: of a goroutine with a plain stack, which is given
// back, or of one that is tied to its thread, which ends too.
g* goexit0_slow(g* gp, void* /*nothing*/) {
    m* const mp = gp->m;
    if (gp->segment != first_segment(gp)) {
        release(gp);
    }
    const bool locked = gp->locked;
    gp->locked = false;
    gp->m = nullptr;
    mp->curg = nullptr;
    gfput(getp(), gp);
    if (locked) {
        exit_locked_m(mp);
    }
    return schedule();
}

} // namespace

g* new_g(size_t stack) {
    const no_preempt here;
    p* const pp = getp();
    if (pp->gfree == nullptr) [[unlikely]] {
        if (getg() == getg()->m->g0) {
            refill();
        } else {
            systemstack(refill);
        }
    }
    g* const gp = gpop(pp);
    if (stack != 0) {
        int error = 0;
        gp->segment = mem::plain_segment(first_segment(gp), stack, &error);
        if (gp->segment == nullptr) {
            no_memory(error);
        }
    }
    return gp;
}

void drop_g(g* gp) {
    const no_preempt here;
    release(gp);
    gfput(getp(), gp);
}

// The end of a goroutine: goexit jumps here, on its stack. What comes next is found here too, where
// that is at hand; nothing on this stack is needed any more, and nobody gets it before this thread
// has left it, because it is the p's.
extern "C" [[noreturn]] void goexit1() asm("runtime.goexit1");
void goexit1() {
    g* const gp = getg();
    if (gp->locals != nullptr) [[unlikely]] {
        destroy_locals();
    }
    if (gp->locked) [[unlikely]] {
        // The thread ends with it.
        if (auto* const run = if_linked(run_thread_exit_handlers)) {
            run();
            destroy_locals(); // what they have used anew
        }
    }
    no_preempt::begin();
    m* const mp = gp->m;
    p* const pp = getp();
    if (gp->errno_value != 0 || gp->name != nullptr) [[unlikely]] {
        gp->errno_value = 0;
        if (gp->name != nullptr) {
            if_linked(drop_name)(gp);
        }
    }
    pp->ended.store(pp->ended.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    set_status(gp, g_status::running, g_status::dead);
    if (gp->locked || gp->segment != first_segment(gp)) [[unlikely]] {
        no_preempt::end(); // no signal takes off what is dead, and mcall begins anew
        mcall(goexit0_slow, nullptr);
        __builtin_unreachable();
    }
    if (mem::has_grown(gp->segment)) [[unlikely]] {
        release(gp);
    }
    gfput(pp, gp);
    if (g* const next = next_at_hand(mp, pp)) [[likely]] {
        continue_with(next);
    }
    no_preempt::end();
    mcall(goexit0, nullptr);
    __builtin_unreachable();
}

void drop_caches(p* pp) {
    give_behind(pp, &pp->gfree);
    mem::empty_cache(pp->blocks);
    if (auto* const empty = if_linked(mem::empty_slots)) {
        empty(pp->slots);
    }
}

void wait_for_exit() {
    park(nullptr, nullptr, wait_reason::none);
}

void for_each_g(void (*visit)(g* gp, void* argument), void* argument) {
    struct visitor {
        void (*visit)(g* gp, void* argument);
        void* argument;
    } to{visit, argument};
    visit(sched.first, argument);
    mem::for_each_goroutine_block(
        [](void* block, void* self) {
            auto* const gp = static_cast<g*>(mem::goroutine_place(block));
            if (gp->status.load(std::memory_order_relaxed) != g_status::idle) {
                const auto* const from = static_cast<const visitor*>(self);
                from->visit(gp, from->argument);
            }
        },
        &to);
}

} // namespace runtime
