// Goroutine stacks that grow: a doubly linked list of segments, each about twice the one before it.
// __morestack (arch/amd64/morestack.S) enters the next one when a prologue finds no room, and
// leaves it when that function returns. Segments are kept while the goroutine lives, so that
// crossing again costs next to nothing. docs/stacks.md has the pictures.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/amd64/offsets.h"
#include "mem/block.h"

namespace runtime::mem {

// Below a segment's guard: what a frame takes unasked, the marks of its allocas, and room for what
// runs without asking: __morestack's own pushes, and the runtime's functions that are not compiled
// with -fsplit-stack down to mcall's, and libstdc++'s. The build adds up what they take
// (tools/nosplit.py), `stacks probes` measures it. A goroutine's first block has its g, its first
// segment and that much of it below the guard. Code that was not optimised takes several times as
// much.
#ifdef __OPTIMIZE__
inline constexpr size_t nosplit_room = 400;
#else
inline constexpr size_t nosplit_room = 4096;
#endif
inline constexpr size_t guard_margin =
    SPLIT_STACK_UNASKED + SPACE_MARK * SPACE_MARKS + nosplit_room;

// The limit of a goroutine's stack, and Go's.
inline constexpr size_t most_stack = 1000000000;

struct space;

// Describes a segment. It lies at the segment's top, and the stack begins below it: there the page
// is touched anyway.
struct alignas(16) segment {
    uintptr_t guard; // prologues that find the stack pointer below it ask for the next segment
    size_t room;     // how large a frame and its arguments may be to begin in this segment
    segment* next;   // kept from when the stack was deeper, or null
    segment* prev;   // where the caller is, or null
    size_t size;     // of this segment
    size_t total;    // of all segments up to this one
    space* spaces;   // what allocas of frames in this segment got elsewhere
};

static_assert(sizeof(segment) == 64);
static_assert(offsetof(segment, guard) == SEGMENT_GUARD);
static_assert(offsetof(segment, room) == SEGMENT_ROOM);
static_assert(offsetof(segment, next) == SEGMENT_NEXT);

// The first segment of a goroutine whose g lies at place in block: below it, where its stack
// begins.
segment* first_segment(void* block, void* place);

// Has a goroutine got more than its first segment?
inline bool has_grown(const segment* first) {
    return first->next != nullptr || first->spaces != nullptr;
}

// Gives back all but the first segment of a goroutine that is over, or has not begun. Not on what
// is given back.
void release_stack(segment* first);

// A segment behind first with a plain stack of at least size bytes and a guard page below it, for
// code that does not ask for stack. Null where the kernel has no memory; *error says why.
[[nodiscard]] segment* plain_segment(segment* first, size_t size, int* error);

} // namespace runtime::mem
