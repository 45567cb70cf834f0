#include "os/process.h"

namespace runtime::os {

const auxv_entry* find_auxv(char** envp) {
    while (*envp != nullptr) {
        ++envp;
    }
    return reinterpret_cast<const auxv_entry*>(envp + 1);
}

uint64_t auxval(const auxv_entry* auxv, uint64_t type, uint64_t fallback) {
    for (; auxv->type != 0; ++auxv) {
        if (auxv->type == type) {
            return auxv->value;
        }
    }
    return fallback;
}

const char* find_env(char** envp, const char* name, size_t name_size) {
    for (; *envp != nullptr; ++envp) {
        const char* const entry = *envp;
        size_t i = 0;
        while (i < name_size && entry[i] == name[i] && entry[i] != '\0') {
            ++i;
        }
        if (i == name_size && entry[i] == '=') {
            return entry + i + 1;
        }
    }
    return nullptr;
}

} // namespace runtime::os
