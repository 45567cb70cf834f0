// A free block is linked through its last word, not its first: that is the end where stacks begin,
// so its page has been touched.
#include "mem/block.h"

#include "base/atomic.h"
#include "base/lock.h"
#include "os/os.h"

namespace runtime::mem {

namespace {

constexpr size_t arena_size = 2 * 1024 * 1024;

// Its description lies where its first block would be.
struct block_arena {
    block_arena* next; // in the list that it is in, if it is in one
    block_arena* prev;
    block_arena* older;      // the one that was mapped before; never changes
    void* free;              // blocks that were given back
    atomic<uint32_t> carved; // the blocks before this one have been in use
    uint32_t used;
    atomic<unsigned> block_class;
};

// The class of goroutines' blocks.
constexpr unsigned goroutine_class = block_classes;

struct arena_list {
    block_arena* head;
    uint32_t count;

    void push(block_arena* arena) {
        arena->prev = nullptr;
        arena->next = head;
        if (head != nullptr) {
            head->prev = arena;
        }
        head = arena;
        ++count;
    }

    void remove(block_arena* arena) {
        (arena->prev != nullptr ? arena->prev->next : head) = arena->next;
        if (arena->next != nullptr) {
            arena->next->prev = arena->prev;
        }
        --count;
    }
};

futex_lock lock;                         // of all of these
arena_list with_room[block_classes + 1]; // the arenas that have a free block
// Those that went back to the kernel, but for a page. Goroutines' stay goroutines': who looks at
// all of those takes no lock, and finds a g there or zeroes.
arena_list empty[2];
// Lists of goroutines' blocks as they were given back, on their way to the next who wants some: one
// p starts goroutines and another ends them. So many do not go back to the kernel.
constexpr uint32_t most_batches = 64;
struct {
    void* lists[most_batches];
    uint32_t count;
} batches;
atomic<block_arena*> newest; // of all arenas; written under the lock

arena_list& empty_of(unsigned block_class) {
    return empty[block_class == goroutine_class ? 1 : 0];
}

size_t size_of(unsigned block_class) {
    return block_class == goroutine_class ? goroutine_block_size : block_size(block_class);
}

uint32_t blocks_of(unsigned block_class) {
    return static_cast<uint32_t>(arena_size / size_of(block_class));
}

void*& link_of(void* block, unsigned block_class) {
    return reinterpret_cast<void**>(static_cast<char*>(block) + size_of(block_class))[-1];
}

// Relaxed: under the lock, or by who looks without it and may see what was.
uint32_t carved(const block_arena* arena) {
    return arena->carved.load(std::memory_order_relaxed);
}

bool has_room(const block_arena* arena, unsigned block_class) {
    return arena->free != nullptr || carved(arena) != blocks_of(block_class);
}

// Where the kernel refuses, it stays mapped, untouched and unused.
void unmap(uintptr_t address, size_t size) {
    if (size != 0) {
        (void)os::unmap(reinterpret_cast<void*>(address), size);
    }
}

void* map_arena(int* error) {
    void* const memory = os::map_stack(arena_size, error);
    auto address = reinterpret_cast<uintptr_t>(memory);
    if (memory == nullptr || address % arena_size == 0) {
        return memory;
    }
    // Not aligned: the next try takes enough to be, and the one behind it lies beside it.
    unmap(address, arena_size);
    address = reinterpret_cast<uintptr_t>(os::map_stack(2 * arena_size, error));
    if (address == 0) {
        return nullptr;
    }
    const uintptr_t begin = (address + arena_size - 1) & ~(arena_size - 1);
    unmap(address, begin - address);
    unmap(begin + arena_size, address + arena_size - begin);
    return reinterpret_cast<void*>(begin);
}

// An arena for blocks of a class, which has none with room. Under the lock.
block_arena* new_arena(unsigned block_class, int* error) {
    arena_list& empties = empty_of(block_class);
    block_arena* arena = empties.head;
    if (arena != nullptr) {
        empties.remove(arena);
        // Its first page has kept what was there; all else is zero.
        auto* const words = reinterpret_cast<uint64_t*>(arena);
        for (size_t i = sizeof(block_arena) / sizeof *words; i < page_size / sizeof *words; ++i) {
            words[i] = 0;
        }
    } else {
        void* const memory = map_arena(error);
        if (memory == nullptr) {
            return nullptr;
        }
        arena = static_cast<block_arena*>(memory);
        arena->older = newest.load(std::memory_order_relaxed);
        // Release: who walks the list sees older.
        newest.store(arena, std::memory_order_release);
    }
    // Field by field: an initialiser would be a call of memset.
    arena->free = nullptr;
    arena->used = 0;
    arena->carved.store(1, std::memory_order_relaxed); // the description
    arena->block_class.store(block_class, std::memory_order_relaxed);
    with_room[block_class].push(arena);
    return arena;
}

// Under the lock.
void* take_from_arenas(unsigned block_class, int* error) {
    block_arena* arena = with_room[block_class].head;
    if (arena == nullptr) {
        arena = new_arena(block_class, error);
        if (arena == nullptr) {
            return nullptr;
        }
    }
    void* block = arena->free;
    if (block != nullptr) {
        arena->free = link_of(block, block_class);
    } else {
        const uint32_t next = carved(arena);
        block = reinterpret_cast<char*>(arena) + next * size_of(block_class);
        arena->carved.store(next + 1, std::memory_order_relaxed);
    }
    ++arena->used;
    if (!has_room(arena, block_class)) {
        with_room[block_class].remove(arena);
    }
    return block;
}

// Under the lock.
void give_to_arena(void* block, unsigned block_class) {
    auto* const arena =
        reinterpret_cast<block_arena*>(reinterpret_cast<uintptr_t>(block) & ~(arena_size - 1));
    arena_list& list = with_room[block_class];
    if (!has_room(arena, block_class)) {
        list.push(arena);
    }
    link_of(block, block_class) = arena->free;
    arena->free = block;
    --arena->used;
    // One arena of a size stays, so that a goroutine that comes and goes does not map and unmap.
    if (arena->used == 0 && list.count > 1) {
        char* const second_page = reinterpret_cast<char*>(arena) + page_size;
        if (os::decommit(second_page, arena_size - page_size) != 0) {
            return; // what the kernel does not take stays ready for use
        }
        list.remove(arena);
        arena->carved.store(0, std::memory_order_relaxed);
        empty_of(block_class).push(arena);
    }
}

// A list of goroutines' blocks. Under the lock.
void give_list(void* list) {
    while (list != nullptr) {
        void* const block = list;
        list = goroutine_link(block);
        give_to_arena(block, goroutine_class);
    }
}

// How many blocks a cache gets at once; it keeps up to twice as many.
uint32_t batch_of(unsigned block_class) {
    constexpr size_t batch = 8192;
    const size_t size = block_size(block_class);
    return size < batch ? static_cast<uint32_t>(batch / size) : 1;
}

} // namespace

void* take_block(block_cache& cache, unsigned block_class, int* error) {
    block_cache::list& list = cache.lists[block_class];
    void* const block = list.head;
    if (block != nullptr) {
        list.head = link_of(block, block_class);
        --list.count;
        return block;
    }
    const lock_guard guard(lock);
    // The one that was asked for first: where memory ends, it is there or none is.
    void* const asked = take_from_arenas(block_class, error);
    for (uint32_t more = asked != nullptr ? batch_of(block_class) - 1 : 0; more > 0; --more) {
        int ignored = 0;
        void* const another = take_from_arenas(block_class, &ignored);
        if (another == nullptr) {
            break;
        }
        link_of(another, block_class) = list.head;
        list.head = another;
        ++list.count;
    }
    return asked;
}

void give_block(block_cache& cache, void* block, unsigned block_class) {
    block_cache::list& list = cache.lists[block_class];
    const uint32_t batch = batch_of(block_class);
    if (list.count == 2 * batch) {
        const lock_guard guard(lock);
        while (list.count > batch) {
            void* const first = list.head;
            list.head = link_of(first, block_class);
            --list.count;
            give_to_arena(first, block_class);
        }
    }
    link_of(block, block_class) = list.head;
    list.head = block;
    ++list.count;
}

void empty_cache(block_cache& cache) {
    const lock_guard guard(lock);
    for (unsigned block_class = 0; block_class < block_classes; ++block_class) {
        block_cache::list& list = cache.lists[block_class];
        while (void* const block = list.head) {
            list.head = link_of(block, block_class);
            give_to_arena(block, block_class);
        }
        list.count = 0;
    }
}

void* take_goroutine_blocks(uint32_t count, int* error) {
    void* list = nullptr;
    const lock_guard guard(lock);
    if (batches.count != 0) {
        --batches.count;
        return batches.lists[batches.count];
    }
    for (; count > 0; --count) {
        void* const block = take_from_arenas(goroutine_class, error);
        if (block == nullptr) {
            break;
        }
        goroutine_link(block) = list;
        list = block;
    }
    return list;
}

void give_goroutine_blocks(void* list) {
    if (list == nullptr) {
        return; // who takes it would think that there is no memory
    }
    const lock_guard guard(lock);
    if (batches.count < most_batches) {
        batches.lists[batches.count] = list;
        ++batches.count;
        return;
    }
    give_list(list);
}

void drop_goroutine_batches() {
    const lock_guard guard(lock);
    while (batches.count != 0) {
        --batches.count;
        give_list(batches.lists[batches.count]);
    }
}

void for_each_goroutine_block(void (*visit)(void* block, void* argument), void* argument) {
    // Acquire: pairs with new_arena's release.
    for (block_arena* arena = newest.load(std::memory_order_acquire); arena != nullptr;
         arena = arena->older) {
        if (arena->block_class.load(std::memory_order_relaxed) != goroutine_class) {
            continue;
        }
        for (uint32_t i = 1; i < carved(arena); ++i) {
            visit(reinterpret_cast<char*>(arena) + i * goroutine_block_size, argument);
        }
    }
}

} // namespace runtime::mem
