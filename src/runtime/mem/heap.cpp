// A heap of spans.
//
// A span is 64 KiB at a 64 KiB boundary. Its header comes first, so that an address leads to its
// header by masking, and no allocation ever starts on the boundary itself. There are two kinds:
//
// * A slab holds slots of one size class, with a bit per slot: 1 is free. A summary word has a bit
// for
//   each bitmap word that is not 0, so two bit scans find the lowest free slot. Lowest first keeps
//   what is alive dense, and pages that no slot has reached yet stay untouched. All slabs of a
//   class that have a free slot are in a list; allocation takes from its head.
// * A large allocation is a mapping of its own that begins with a span header. Some mappings of
// modest
//   size are kept for reuse after they were freed.
//
// Slabs are carved one by one out of arenas, mappings that double from 1 MiB to 64 MiB; only what
// is touched costs memory. The first arena is small, so that a small program gets no huge page. A
// slab without a live slot goes to the idle spans and serves any class again, except when it is the
// last one with room in its class, so that a program at the edge does not build and drop a slab
// each time. Idle spans beyond an eighth of those in use (and 4 MiB) are given back to the kernel,
// except for their addresses, which are written down in an idle span, the ledger.
//
// What is small and free is first with the p whose goroutine freed it (slot_cache), which takes it
// from there again.
//
// One lock guards all but that. Read without it: the fields of a header that do not change while an
// allocation in that span lives, and the bounds of the heap.
#include "mem/heap.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/atomic.h"
#include "base/fatal.h"
#include "base/lock.h"
#include "mem/size_class.h"
#include "os/os.h"

namespace runtime::mem {

namespace {

struct span {
    // ~address in a slab and in a large allocation that is alive, anything else in other spans.
    uintptr_t check;
    // 0 in a large allocation.
    uint32_t slot_size;
};

// The first word of the header is 0 or a pointer to a span, and so never passes for a check, in an
// idle span and in the ledger.
struct idle_span {
    idle_span* next_dirty;
};

struct slab : span {
    uint32_t reciprocal;
    uint32_t first_slot;
    uint32_t slot_count;
    uint32_t used;
    uint32_t size_class;
    // In the list of the class while summary != 0. The head's previous is nullptr.
    slab* next;
    slab* previous;
    uint64_t summary;
    uint64_t free_slots[1]; // bitmap_words(slot_size) of them
};
static_assert(sizeof(slab) - sizeof(uint64_t) <= span_header_size);

struct large : span {
    // True when the contents are an earlier allocation's.
    bool reused;
    std::byte* payload;
    std::byte* mapping;
    std::byte* mapping_end;
    // In the list of kept mappings.
    large* next;
};
static_assert(sizeof(large) <= span_header_size);

struct ledger {
    ledger* previous;
    size_t count;
    std::byte* clean[span_size / sizeof(void*) - 2];
};
static_assert(sizeof(ledger) == span_size);

constexpr size_t first_arena = size_t{1} << 20;
constexpr size_t largest_arena = size_t{64} << 20;
constexpr size_t idle_spans_kept = 64;
constexpr unsigned kept_mappings = 4;
constexpr size_t largest_kept_mapping = size_t{1} << 20;
// Beyond the address space, and far enough below SIZE_MAX that sums of a few cannot wrap.
constexpr size_t impossible_size = size_t{1} << 47;

struct heap {
    futex_lock lock;
    slab* partial[size_class_count];
    // The part of the newest arena that no span was carved from yet.
    std::byte* fresh;
    std::byte* fresh_end;
    size_t next_arena;
    size_t spans_in_use;
    idle_span* dirty;
    size_t dirty_count;
    ledger* clean;
    // The one freed last comes first.
    large* kept;
    // Every mapping ever made lies between them. Relaxed throughout: they only ever widen, and
    // whoever holds an allocation has synchronised with the thread that widened them for it.
    atomic<uintptr_t> lowest;
    atomic<uintptr_t> highest;
};

constinit heap the_heap = {};

// The lock is held in all functions of this namespace whose comment does not say otherwise.

// No lock needed.
[[noreturn, gnu::cold, gnu::noinline]] void bad_pointer() {
    fatal("free of invalid pointer");
}

[[noreturn, gnu::cold, gnu::noinline]] void free_already() {
    fatal("free of memory that is free");
}

// The header for the address of a live allocation. No lock needed.
[[gnu::always_inline]] inline span* span_of(const void* pointer) {
    const uintptr_t address = (reinterpret_cast<uintptr_t>(pointer) - 1) & ~(span_size - 1);
    auto* s = reinterpret_cast<span*>(address);
    if (address < the_heap.lowest.load(std::memory_order_relaxed) ||
        address >= the_heap.highest.load(std::memory_order_relaxed) || s->check != ~address)
        [[unlikely]] {
        bad_pointer();
    }
    return s;
}

std::byte* align_up(std::byte* pointer, size_t alignment) {
    return reinterpret_cast<std::byte*>(
        mem::align_up(reinterpret_cast<uintptr_t>(pointer), alignment));
}

[[gnu::cold, gnu::noinline]] std::byte* map(size_t size) {
    int error;
    auto* mapping = static_cast<std::byte*>(os::map(size, &error));
    if (mapping == nullptr) {
        return nullptr;
    }
    heap& h = the_heap;
    const auto start = reinterpret_cast<uintptr_t>(mapping);
    const uintptr_t lowest = h.lowest.load(std::memory_order_relaxed);
    if (lowest == 0 || start < lowest) {
        h.lowest.store(start, std::memory_order_relaxed);
    }
    if (start + size > h.highest.load(std::memory_order_relaxed)) {
        h.highest.store(start + size, std::memory_order_relaxed);
    }
    return mapping;
}

// No lock needed. The kernel may refuse to split a mapping; then at least the memory goes back.
void unmap(std::byte* start, size_t size) {
    if (os::unmap(start, size) < 0) {
        (void)os::decommit(start, size);
    }
}

void unmap(large* l) {
    unmap(l->mapping, static_cast<size_t>(l->mapping_end - l->mapping));
}

[[gnu::cold, gnu::noinline]] void* take_idle_span() {
    heap& h = the_heap;
    if (idle_span* s = h.dirty) {
        h.dirty = s->next_dirty;
        --h.dirty_count;
        return s;
    }
    ledger* l = h.clean;
    if (l == nullptr) {
        return nullptr;
    }
    if (l->count > 0) {
        return l->clean[--l->count];
    }
    h.clean = l->previous;
    return l;
}

void clean_idle_span(idle_span* s) {
    heap& h = the_heap;
    s->next_dirty = nullptr;
    // Fails for locked pages, which then stay.
    (void)os::decommit(s, span_size);
    ledger* l = h.clean;
    if (l != nullptr && l->count < std::size(l->clean)) {
        l->clean[l->count++] = reinterpret_cast<std::byte*>(s);
        return;
    }
    auto* started = reinterpret_cast<ledger*>(s);
    started->previous = l;
    started->count = 0;
    h.clean = started;
}

[[gnu::cold, gnu::noinline]] void put_idle_span(void* address) {
    heap& h = the_heap;
    --h.spans_in_use;
    auto* s = static_cast<idle_span*>(address);
    s->next_dirty = h.dirty;
    h.dirty = s;
    ++h.dirty_count;
    // What is in use shrinks by one at a time, so this loop runs twice at most.
    while (h.dirty_count > idle_spans_kept + h.spans_in_use / 8) {
        s = h.dirty;
        h.dirty = s->next_dirty;
        --h.dirty_count;
        clean_idle_span(s);
    }
}

[[gnu::noinline]] void unlink(slab* s) {
    (s->previous != nullptr ? s->previous->next : the_heap.partial[s->size_class]) = s->next;
    if (s->next != nullptr) {
        s->next->previous = s->previous;
    }
}

[[gnu::noinline]] void link(slab* s) {
    slab*& head = the_heap.partial[s->size_class];
    s->previous = nullptr;
    s->next = head;
    if (head != nullptr) {
        head->previous = s;
    }
    head = s;
}

// Out of memory: frees what was kept for speed.
[[gnu::cold, gnu::noinline]] void release_kept() {
    heap& h = the_heap;
    while (large* l = h.kept) {
        h.kept = l->next;
        unmap(l);
    }
    for (slab* s : h.partial) {
        while (s != nullptr) {
            slab* next = s->next;
            if (s->used == 0) {
                unlink(s);
                put_idle_span(s);
            }
            s = next;
        }
    }
}

bool map_arena() {
    heap& h = the_heap;
    // Half of an arena of two spans is one span, whatever its alignment.
    for (size_t size = std::max(h.next_arena, first_arena); size >= 2 * span_size; size /= 2) {
        if (std::byte* arena = map(size)) {
            h.fresh = align_up(arena, span_size);
            h.fresh_end = align_up(arena + size - span_size + 1, span_size);
            h.next_arena = std::min(2 * size, largest_arena);
            return true;
        }
    }
    return false;
}

void* take_span() {
    heap& h = the_heap;
    void* s = take_idle_span();
    if (s == nullptr && h.fresh == h.fresh_end && !map_arena()) {
        release_kept();
        s = take_idle_span();
        if (s == nullptr && !map_arena()) {
            return nullptr;
        }
    }
    if (s == nullptr) {
        s = h.fresh;
        h.fresh += span_size;
    }
    ++h.spans_in_use;
    return s;
}

[[gnu::cold, gnu::noinline]] slab* add_slab(unsigned size_class) {
    auto* s = static_cast<slab*>(take_span());
    if (s == nullptr) {
        return nullptr;
    }
    const size_t slot_size = size_of_class(size_class);
    const size_t slots = slots_per_span(slot_size);
    s->check = ~reinterpret_cast<uintptr_t>(s);
    s->slot_size = static_cast<uint32_t>(slot_size);
    s->reciprocal = slot_reciprocal(slot_size);
    s->first_slot = static_cast<uint32_t>(first_slot_offset(slot_size));
    s->slot_count = static_cast<uint32_t>(slots);
    s->used = 0;
    s->size_class = size_class;
    uint64_t* words = s->free_slots;
    const size_t last = (slots - 1) / 64;
    for (size_t w = 0; w < last; ++w) {
        asm("" : "+r"(w)); // Not worth the size of a vector loop.
        words[w] = ~uint64_t{0};
    }
    words[last] = ~uint64_t{0} >> (63 - (slots - 1) % 64);
    s->summary = ~uint64_t{0} >> (63 - last);
    link(s);
    return s;
}

// A mapping for size bytes at alignment: one that was kept, or a new one.
[[gnu::cold, gnu::noinline]] void* allocate_large(size_t size, size_t alignment) {
    if (size >= impossible_size || alignment >= impossible_size) {
        return nullptr;
    }
    // The payload is this far behind its header, which is on a span boundary.
    const bool beyond_span = alignment >= span_size;
    const size_t lead = beyond_span ? span_size : std::max(alignment, size_t{span_header_size});
    const size_t boundary = beyond_span ? alignment : span_size;
    const size_t mapped = mem::align_up(size + lead + boundary, page_size) - page_size;

    const lock_guard guard(the_heap.lock);
    for (large** place = &the_heap.kept; large* l = *place; place = &l->next) {
        if (static_cast<size_t>(l->mapping_end - l->payload) >= size &&
            static_cast<size_t>(l->mapping_end - l->mapping) <= mapped + mapped / 2 &&
            (reinterpret_cast<uintptr_t>(l->payload) & (alignment - 1)) == 0) {
            *place = l->next;
            l->check = ~reinterpret_cast<uintptr_t>(l);
            l->reused = true;
            return l->payload;
        }
    }
    std::byte* mapping = map(mapped);
    if (mapping == nullptr) {
        release_kept();
        while (void* s = take_idle_span()) {
            unmap(static_cast<std::byte*>(s), span_size);
        }
        mapping = map(mapped);
        if (mapping == nullptr) {
            return nullptr;
        }
    }
    std::byte* payload =
        beyond_span ? align_up(mapping + lead, boundary) : align_up(mapping, boundary) + lead;
    auto* l = reinterpret_cast<large*>(payload - lead);
    l->check = ~reinterpret_cast<uintptr_t>(l);
    l->slot_size = 0;
    l->reused = false;
    l->payload = payload;
    l->mapping = mapping;
    l->mapping_end = mapping + mapped;
    return payload;
}

// Takes the lock itself, so that the kernel's work is done without it.
[[gnu::cold, gnu::noinline]] void deallocate_large(large* l, const void* pointer) {
    if (pointer != l->payload) {
        bad_pointer();
    }
    l->check = 0;
    if (static_cast<size_t>(l->mapping_end - l->mapping) <= largest_kept_mapping) {
        const lock_guard guard(the_heap.lock);
        l->next = the_heap.kept;
        the_heap.kept = l;
        large** last = &l->next;
        for (unsigned n = 1; n < kept_mappings && *last != nullptr; ++n) {
            last = &(*last)->next;
        }
        l = *last;
        *last = nullptr;
    }
    if (l != nullptr) {
        unmap(l);
    }
}

// bits is not 0. (std::countr_zero would ask.)
unsigned lowest_bit(uint64_t bits) {
    return static_cast<unsigned>(__builtin_ctzll(bits));
}

// A slot, or null.
void* take_slot(unsigned size_class) {
    slab* s = the_heap.partial[size_class];
    if (s == nullptr) [[unlikely]] {
        s = add_slab(size_class);
        if (s == nullptr) {
            return nullptr;
        }
    }
    const unsigned w = lowest_bit(s->summary);
    uint64_t* word = &s->free_slots[0] + w;
    const unsigned index = w * 64 + lowest_bit(*word);
    *word &= *word - 1;
    if (*word == 0) {
        s->summary &= s->summary - 1;
        if (s->summary == 0) [[unlikely]] {
            unlink(s);
        }
    }
    ++s->used;
    return reinterpret_cast<std::byte*>(s) + s->first_slot + size_t{index} * s->slot_size;
}

void put_slot(slab* s, uint32_t index) {
    const unsigned w = index / 64;
    const uint64_t bit = uint64_t{1} << (index % 64);
    uint64_t* word = &s->free_slots[0] + w;
    if ((*word & bit) != 0) [[unlikely]] {
        free_already();
    }
    *word |= bit;
    if (s->summary == 0) [[unlikely]] {
        link(s);
    }
    s->summary |= uint64_t{1} << (w % 64);
    if (--s->used == 0 && (s->next != nullptr || s->previous != nullptr)) {
        unlink(s);
        put_idle_span(s);
    }
}

// For an address within the header, or between two slots, it is not a slot's number.
uint32_t slot_number(const slab* s, const void* pointer) {
    const auto offset = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer) -
                                              reinterpret_cast<uintptr_t>(s)) -
                        s->first_slot;
    const uint32_t index = slot_index(offset, s->reciprocal);
    return index * s->slot_size == offset ? index : UINT32_MAX;
}

// The caches. What is in one counts as allocated in its slab. So that memory that is free is known
// as such there too, a free slot has a mark in its second word, which is nowhere else.
struct cached_slot {
    cached_slot* next;
    uintptr_t mark;
};

uintptr_t mark_of(const void* slot) {
    return ~reinterpret_cast<uintptr_t>(slot) * 0x9E3779B97F4A7C15;
}

constexpr unsigned cached_classes = size_class_of(largest_cached) + 1;
// A list gets one slot at first, then twice as many each time up to so many, and keeps up to twice
// as many.
constexpr uint32_t most_at_once = 32;

[[gnu::noinline]] bool refill(slot_cache::list& list, unsigned size_class) {
    const uint32_t want = list.batch == 0 ? 1 : std::min(2 * list.batch, most_at_once);
    list.batch = want;
    auto** end = reinterpret_cast<cached_slot**>(&list.head);
    const lock_guard guard(the_heap.lock);
    for (; list.count < want; ++list.count) {
        auto* const slot = static_cast<cached_slot*>(take_slot(size_class));
        if (slot == nullptr) {
            break;
        }
        *end = slot;
        end = &slot->next;
    }
    *end = nullptr;
    return list.head != nullptr;
}

// Those behind the first keep ones.
[[gnu::noinline]] void give_back(slot_cache::list& list, uint32_t keep) {
    auto** link = reinterpret_cast<cached_slot**>(&list.head);
    for (uint32_t i = 0; i < keep; ++i) {
        link = &(*link)->next;
    }
    cached_slot* slot = *link;
    *link = nullptr;
    list.count = keep;
    const lock_guard guard(the_heap.lock);
    while (slot != nullptr) {
        cached_slot* const next = slot->next;
        auto* const s = static_cast<slab*>(span_of(slot));
        put_slot(s, slot_number(s, slot));
        slot = next;
    }
}

// The usual ways, which need no stack and no lock: one that the p's list has, or null; and whether
// the list has had room for one.
[[gnu::always_inline]] inline void* take_at_hand(unsigned size_class) {
    const no_preempt here;
    slot_cache* const own = get_tcb()->slots;
    if (own == nullptr) [[unlikely]] {
        return nullptr;
    }
    slot_cache::list& list = own->lists[size_class];
    auto* const slot = static_cast<cached_slot*>(list.head);
    if (slot == nullptr) [[unlikely]] {
        return nullptr;
    }
    list.head = slot->next;
    --list.count;
    slot->mark = 0;
    return slot;
}

[[gnu::always_inline]] inline bool keep_at_hand(void* pointer, unsigned size_class) {
    auto* const slot = static_cast<cached_slot*>(pointer);
    if (slot->mark == mark_of(slot)) [[unlikely]] {
        free_already();
    }
    const no_preempt here;
    slot_cache* const own = get_tcb()->slots;
    if (own == nullptr) [[unlikely]] {
        return false;
    }
    slot_cache::list& list = own->lists[size_class];
    if (list.count == 2 * most_at_once) [[unlikely]] {
        return false;
    }
    slot->next = static_cast<cached_slot*>(list.head);
    slot->mark = mark_of(slot);
    list.head = slot;
    ++list.count;
    return true;
}

// The others.
[[gnu::noinline]] void* allocate_small(unsigned size_class) {
    const bool cached = size_class < cached_classes;
    if (cached) {
        const no_preempt here;
        if (slot_cache* const own = get_tcb()->slots) {
            slot_cache::list& list = own->lists[size_class];
            return list.head != nullptr || refill(list, size_class) ? take_at_hand(size_class)
                                                                    : nullptr;
        }
    }
    const lock_guard guard(the_heap.lock);
    void* const slot = take_slot(size_class);
    if (cached && slot != nullptr) {
        static_cast<cached_slot*>(slot)->mark = 0;
    }
    return slot;
}

[[gnu::noinline]] void deallocate_small(slab* s, void* pointer, uint32_t index) {
    if (s->size_class < cached_classes) {
        const no_preempt here;
        if (slot_cache* const own = get_tcb()->slots) {
            slot_cache::list& list = own->lists[s->size_class];
            if (list.count == 2 * most_at_once) {
                give_back(list, most_at_once);
            }
            (void)keep_at_hand(pointer, s->size_class);
            return;
        }
    }
    const lock_guard guard(the_heap.lock);
    put_slot(s, index);
}

} // namespace

void* allocate(size_t size, size_t alignment) {
    size_t rounded = size + (size == 0);
    if (alignment > min_alignment) {
        rounded = std::max(mem::align_up(rounded, alignment), size);
    }
    if (rounded > max_small_size) [[unlikely]] {
        return allocate_large(size, alignment);
    }
    const unsigned size_class = size_class_of(rounded);
    if (size_class < cached_classes) {
        if (void* const slot = take_at_hand(size_class)) [[likely]] {
            return slot;
        }
    }
    return allocate_small(size_class);
}

void* allocate_zeroed(size_t size, size_t alignment) {
    void* pointer = allocate(size, alignment);
    if (pointer != nullptr) {
        const span* s = span_of(pointer);
        if (s->slot_size != 0 || static_cast<const large*>(s)->reused) {
            __builtin_memset(pointer, 0, size);
        }
    }
    return pointer;
}

void deallocate(void* pointer) {
    if (pointer == nullptr) {
        return;
    }
    span* header = span_of(pointer);
    if (header->slot_size == 0) [[unlikely]] {
        deallocate_large(static_cast<large*>(header), pointer);
        return;
    }
    auto* const s = static_cast<slab*>(header);
    const uint32_t index = slot_number(s, pointer);
    if (index >= s->slot_count) [[unlikely]] {
        bad_pointer();
    }
    if (s->size_class < cached_classes && keep_at_hand(pointer, s->size_class)) [[likely]] {
        return;
    }
    deallocate_small(s, pointer, index);
}

void empty_slots(slot_cache& cache) {
    for (slot_cache::list& list : cache.lists) {
        if (list.count != 0) {
            give_back(list, 0);
        }
        list.batch = 0;
    }
}

size_t usable_size(const void* pointer) {
    const span* header = span_of(pointer);
    if (header->slot_size != 0) {
        return header->slot_size;
    }
    const auto* l = static_cast<const large*>(header);
    return static_cast<size_t>(l->mapping_end - l->payload);
}

bool resize(void* pointer, size_t size) {
    const size_t usable = usable_size(pointer);
    if (size > usable) {
        return false;
    }
    if (size > usable / 2 || usable <= min_alignment) {
        return true;
    }
    if (size <= max_small_size) {
        return false;
    }
    // No lock: these fields are the owner's, and the owner is here.
    auto* l = static_cast<large*>(span_of(pointer));
    std::byte* end = align_up(l->payload + size, page_size);
    unmap(end, static_cast<size_t>(l->mapping_end - end));
    l->mapping_end = end;
    return true;
}

} // namespace runtime::mem
