// A free block is linked through its last word, not its first: that is the end where stacks begin,
// so its page has been touched.
#include "mem/block.h"

#include "base/lock.h"
#include "os/os.h"

namespace runtime::mem {

namespace {

constexpr size_t arena_size = 2 * 1024 * 1024;
constexpr size_t page_size = 4096;

// Its description lies where its first block would be.
struct block_arena {
    block_arena* next; // in the list that it is in, if it is in one
    block_arena* prev;
    void* free;      // blocks that were given back
    uint32_t carved; // the blocks before this one have been in use
    uint32_t used;
    unsigned block_class;
};

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

futex_lock lock;                     // of all of these
arena_list with_room[block_classes]; // the arenas that have a free block
arena_list empty;                    // those that went back to the kernel, but for a page

uint32_t blocks_of(unsigned block_class) {
    return static_cast<uint32_t>(arena_size / block_size(block_class));
}

void*& link_of(void* block, unsigned block_class) {
    return reinterpret_cast<void**>(static_cast<char*>(block) + block_size(block_class))[-1];
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

// Under the lock.
void* take_from_arenas(unsigned block_class, int* error) {
    arena_list& list = with_room[block_class];
    block_arena* arena = list.head;
    if (arena == nullptr) {
        if (empty.head != nullptr) {
            arena = empty.head;
            empty.remove(arena);
        } else {
            void* const memory = map_arena(error);
            if (memory == nullptr) {
                return nullptr;
            }
            arena = static_cast<block_arena*>(memory);
        }
        // Field by field: an initialiser would be a call of memset.
        arena->free = nullptr;
        arena->carved = 1; // the description
        arena->used = 0;
        arena->block_class = block_class;
        list.push(arena);
    }
    void* block = arena->free;
    if (block != nullptr) {
        arena->free = link_of(block, block_class);
    } else {
        block = reinterpret_cast<char*>(arena) + arena->carved * block_size(block_class);
        ++arena->carved;
    }
    ++arena->used;
    if (arena->free == nullptr && arena->carved == blocks_of(block_class)) {
        list.remove(arena);
    }
    return block;
}

// Under the lock.
void give_to_arena(void* block, unsigned block_class) {
    auto* const arena =
        reinterpret_cast<block_arena*>(reinterpret_cast<uintptr_t>(block) & ~(arena_size - 1));
    arena_list& list = with_room[block_class];
    if (arena->free == nullptr && arena->carved == blocks_of(block_class)) {
        list.push(arena);
    }
    link_of(block, block_class) = arena->free;
    arena->free = block;
    --arena->used;
    // One arena of a size stays, so that a goroutine that comes and goes does not map and unmap.
    if (arena->used == 0 && list.count > 1) {
        list.remove(arena);
        char* const second_page = reinterpret_cast<char*>(arena) + page_size;
        // Where the kernel refuses, the memory stays in use until the arena is.
        (void)os::decommit(second_page, arena_size - page_size);
        empty.push(arena);
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
    for (uint32_t more = batch_of(block_class) - 1; more > 0; --more) {
        int ignored = 0; // the block that was asked for reports it
        void* const another = take_from_arenas(block_class, &ignored);
        if (another == nullptr) {
            break;
        }
        link_of(another, block_class) = list.head;
        list.head = another;
        ++list.count;
    }
    return take_from_arenas(block_class, error);
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

} // namespace runtime::mem
