// The slow path of stacks that grow. All of it but release_stack runs on the m's g0 stack, called
// by morestack.S, which saves the vector registers' lower halves only: nothing here may use VEX
// instructions, so it copies and fills no memory through the memory functions.
#include "mem/segment.h"

#include "base/fatal.h"
#include "base/lock.h"
#include "mem/block.h"
#include "os/os.h"

namespace runtime::mem {

// Memory for an alloca that found no room in its segment. It is free when the frame that got it is
// gone, which nobody tells us: the next alloca of a frame in the same segment finds out by the
// mark.
struct alignas(16) space {
    space* next;
    uintptr_t mark; // the stack pointer of the frame that has it, lowered by the alloca
    size_t size;    // of the block, with this description at its end
    size_t total;   // of all spaces that were there before it in this segment, and this one
};

namespace {

constexpr size_t page_size = 4096;
// What the arguments' alignment and a return address may cost beside the frame itself.
constexpr size_t entry_cost = 80;
constexpr size_t overhead = sizeof(segment) + guard_margin + entry_cost;

// One cache for all, until each p has its own.
futex_lock cache_lock;
block_cache cache;

// size bytes: a block, or beyond the largest a mapping of its own. 0 is an error.
uintptr_t take(size_t size, int* error) {
    if (size > largest_block) {
        return reinterpret_cast<uintptr_t>(os::map_stack(size, error));
    }
    const lock_guard guard(cache_lock);
    return reinterpret_cast<uintptr_t>(take_block(cache, block_class_of(size), error));
}

void give(uintptr_t address, size_t size) {
    void* const block = reinterpret_cast<void*>(address);
    if (size > largest_block) {
        if (os::unmap(block, size) != 0) {
            // What stays mapped stays unused; where the kernel refuses this too, it stays in use.
            (void)os::decommit(block, size);
        }
        return;
    }
    const lock_guard guard(cache_lock);
    give_block(cache, block, block_class_of(size));
}

// What take gives for at least size bytes.
size_t rounded(size_t size) {
    return size > largest_block ? (size + page_size - 1) & ~(page_size - 1)
                                : block_size(block_class_of(size));
}

[[noreturn]] void overflow() {
    constexpr std::string_view text = "runtime: goroutine stack exceeds 1000000000-byte limit\n";
    // Nobody is left to tell if stderr does not take it.
    (void)os::write_all(2, text.data(), text.size());
    fatal("stack overflow");
}

[[noreturn]] void out_of_memory(int error) {
    fatal_errno("cannot map a stack for a goroutine", error, "raise RLIMIT_AS (ulimit -v)");
}

void give_first_space(segment* owner) {
    space* const first = owner->spaces;
    owner->spaces = first->next;
    give(reinterpret_cast<uintptr_t>(first + 1) - first->size, first->size);
}

void give_spaces(segment* owner) {
    while (owner->spaces != nullptr) {
        give_first_space(owner);
    }
}

// The segments behind last go back.
void release_behind(segment* last) {
    segment* next = last->next;
    last->next = nullptr;
    while (next != nullptr) {
        segment* const gone = next;
        next = gone->next;
        give_spaces(gone);
        give(reinterpret_cast<uintptr_t>(gone + 1) - gone->size, gone->size);
    }
}

void describe(segment* made, uintptr_t lo, size_t size, segment* prev) {
    made->guard = lo + guard_margin;
    made->room = reinterpret_cast<uintptr_t>(made) - made->guard - entry_cost;
    made->next = nullptr;
    made->prev = prev;
    made->size = size;
    made->total = size + (prev != nullptr ? prev->total : 0);
    made->spaces = nullptr;
}

} // namespace

first_block allocate_first_block(size_t g_size, int* error) {
    const uintptr_t lo = take(first_block_size, error);
    if (lo == 0) {
        return {nullptr, nullptr, 0};
    }
    // Blocks at the same place of a page have their tops in different lines, or a thousand
    // goroutines would share a few sets of the cache.
    constexpr uintptr_t line = 64;
    const uintptr_t stagger = (lo / page_size) % 2 * line;
    const uintptr_t g_address = (lo + first_block_size - stagger - g_size) & ~uintptr_t{15};
    auto* const first = reinterpret_cast<segment*>(g_address) - 1;
    describe(first, lo, first_block_size, nullptr);
    first->room = 0; // nobody enters it through __morestack
    return {reinterpret_cast<void*>(g_address), first, lo};
}

extern "C" {

// Makes the segment behind last one with room for need bytes.
void grow_stack(segment* last, size_t need) asm("runtime.grow_stack");
void grow_stack(segment* last, size_t need) {
    // The one that is kept is too small, and those behind it would be smaller than the new one.
    release_behind(last);
    size_t size = last->prev == nullptr ? first_block_size : 2 * last->size;
    if (size > largest_block) {
        size = largest_block;
    }
    if (need > most_stack) {
        overflow();
    }
    if (size < need + overhead) {
        size = need + overhead;
    }
    size = rounded(size);
    if (last->total + size > most_stack) {
        overflow();
    }
    int error = 0;
    const uintptr_t lo = take(size, &error);
    if (lo == 0) {
        out_of_memory(error);
    }
    auto* const made = reinterpret_cast<segment*>(lo + size) - 1;
    describe(made, lo, size, last);
    last->next = made;
}

struct allocated_space {
    void* address;
    uintptr_t sp; // of the caller, from now on
};

// size bytes for an alloca of a frame in the segment owner, whose stack pointer is sp.
//
// Twice in a frame is another matter than again in a loop: a variable array of a loop's body ends
// with each round, and the compiler then sets the stack pointer back to where it was; what alloca
// returned lives on. So the caller's stack pointer is lowered each time, as if the memory had come
// from there, and memory is free where the stack pointer has been above its mark.
allocated_space allocate_stack_space(segment* owner, size_t size,
                                     uintptr_t sp) asm("runtime.allocate_stack_space");
allocated_space allocate_stack_space(segment* owner, size_t size, uintptr_t sp) {
    // The newest are the first, and have the lowest marks.
    while (owner->spaces != nullptr && owner->spaces->mark < sp) {
        give_first_space(owner);
    }
    if (size > most_stack) {
        overflow();
    }
    size = rounded(size + sizeof(space));
    const size_t total = size + (owner->spaces != nullptr ? owner->spaces->total : 0);
    if (owner->total + total > most_stack) {
        overflow();
    }
    // Beyond that many in one frame the memory stays until the frame is gone.
    if (sp - SPACE_MARK >= owner->guard - SPLIT_STACK_UNASKED - SPACE_MARK * SPACE_MARKS) {
        sp -= SPACE_MARK;
    }
    int error = 0;
    const uintptr_t lo = take(size, &error);
    if (lo == 0) {
        out_of_memory(error);
    }
    auto* const made = reinterpret_cast<space*>(lo + size) - 1;
    made->next = owner->spaces;
    made->mark = sp;
    made->size = size;
    made->total = total;
    owner->spaces = made;
    return {reinterpret_cast<void*>(lo), sp};
}

// A goroutine ends: its first segment stays. On its own stack, near the top.
void release_stack(segment* first) asm("runtime.release_stack");
void release_stack(segment* first) {
    if (first != nullptr) {
        release_behind(first);
        give_spaces(first);
    }
}
}

} // namespace runtime::mem
