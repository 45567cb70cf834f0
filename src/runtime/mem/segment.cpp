// The slow path of stacks that grow. grow_stack and allocate_stack_space run on the m's g0 stack,
// called by morestack.S, which saves the vector registers' lower halves only: nothing here may use
// VEX instructions, so it copies and fills no memory through the memory functions.
#include "mem/segment.h"

#include "arch/amd64/tcb.h"
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

// What the arguments' alignment and a return address may cost beside the frame itself.
constexpr size_t entry_cost = 80;
constexpr size_t overhead = sizeof(segment) + guard_margin + entry_cost;

// For a thread without a p: its goroutine is between entersyscall and exitsyscall.
futex_lock spare_lock;
block_cache spare;

// size bytes, as rounded has made it: a block, or beyond the largest a mapping of its own that
// begins with a guard page. 0 is an error.
uintptr_t take(size_t size, int* error) {
    if (size > largest_block) {
        void* const memory = os::map_stack(size, error);
        if (memory == nullptr) {
            return 0;
        }
        *error = os::guard(memory, page_size);
        if (*error != 0) {
            // A stack that would overflow in silence is no stack. What is left to say is said by
            // the caller, whatever unmap answers.
            (void)os::unmap(memory, size);
            return 0;
        }
        return reinterpret_cast<uintptr_t>(memory);
    }
    if (block_cache* const own = get_tcb()->blocks) [[likely]] {
        return reinterpret_cast<uintptr_t>(take_block(*own, block_class_of(size), error));
    }
    const lock_guard guard(spare_lock);
    return reinterpret_cast<uintptr_t>(take_block(spare, block_class_of(size), error));
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
    if (block_cache* const own = get_tcb()->blocks) [[likely]] {
        give_block(*own, block, block_class_of(size));
        return;
    }
    const lock_guard guard(spare_lock);
    give_block(spare, block, block_class_of(size));
}

// How much of it is a guard page.
size_t guard_of(size_t size) {
    return size > largest_block ? page_size : 0;
}

// What take gives for at least size bytes.
size_t rounded(size_t size) {
    return size > largest_block ? (size + 2 * page_size - 1) & ~(page_size - 1)
                                : block_size(block_class_of(size));
}

[[noreturn]] void overflow() {
    fatal_after("runtime: goroutine stack exceeds 1000000000-byte limit\n", "stack overflow");
}

[[noreturn]] void out_of_memory(int error) {
    fatal_no_memory("cannot map a stack for a goroutine", error);
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

// Describes the segment in [lo, lo + size), size as rounded has made it.
void describe(segment* made, uintptr_t lo, size_t size, segment* prev) {
    made->guard = lo + guard_of(size) + guard_margin;
    made->room = reinterpret_cast<uintptr_t>(made) - made->guard - entry_cost;
    made->next = nullptr;
    made->prev = prev;
    made->size = size;
    made->total = size + (prev != nullptr ? prev->total : 0);
    made->spaces = nullptr;
}

// Puts a segment of size bytes, as rounded has made it, behind last. Null is an error.
segment* append(segment* last, size_t size, int* error) {
    const uintptr_t lo = take(size, error);
    if (lo == 0) {
        return nullptr;
    }
    auto* const made = reinterpret_cast<segment*>(lo + size) - 1;
    describe(made, lo, size, last);
    last->next = made;
    return made;
}

} // namespace

segment* first_segment(void* block, void* place) {
    auto* const first = static_cast<segment*>(place) - 1;
    describe(first, reinterpret_cast<uintptr_t>(block), goroutine_block_size, nullptr);
    first->room = 0; // nobody enters it through __morestack
    return first;
}

segment* plain_segment(segment* first, size_t size, int* error) {
    // More than a block, so that it has a guard page.
    const size_t least = largest_block + 1;
    const size_t wanted = size + overhead;
    if (wanted < size || wanted > most_stack) {
        *error = os::ENOMEM_;
        return nullptr;
    }
    return append(first, rounded(wanted > least ? wanted : least), error);
}

void release_stack(segment* first) {
    release_behind(first);
    give_spaces(first);
}

extern "C" {

// Makes the segment behind last one with room for need bytes.
void grow_stack(segment* last, size_t need) asm("runtime.grow_stack");
void grow_stack(segment* last, size_t need) {
    // The one that is kept is too small, and those behind it would be smaller than the new one.
    release_behind(last);
    size_t size = last->prev == nullptr ? goroutine_block_size : 2 * last->size;
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
    if (append(last, size, &error) == nullptr) {
        out_of_memory(error);
    }
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
    return {reinterpret_cast<void*>(lo + guard_of(size)), sp};
}
}

} // namespace runtime::mem
