#include "mem/persistent.h"

#include "os/os.h"

namespace runtime::mem {

void* persistent(size_t size) {
    constexpr size_t line = 64;
    if (size <= sizeof first_arena.memory - first_arena.used) {
        void* const result = first_arena.memory + first_arena.used;
        first_arena.used += (size + line - 1) / line * line;
        return result;
    }
    int error = 0;
    return os::map(size, &error);
}

} // namespace runtime::mem
