// The public functions about the process, rt0/os.h.
#include <rt0/os.h>

#include "boot/exit.h"
#include "os/process.h"

namespace rt0 {

using runtime::os::process;

std::span<char* const> args() {
    return {process.argv, static_cast<size_t>(process.argc)};
}

std::span<char* const> environment() {
    size_t count = 0;
    while (process.envp[count] != nullptr) {
        ++count;
    }
    return {process.envp, count};
}

std::optional<std::string_view> getenv(std::string_view name) {
    const char* const value = runtime::os::find_env(process.envp, name.data(), name.size());
    return value != nullptr ? std::optional<std::string_view>(value) : std::nullopt;
}

std::span<const auxv_entry> auxv() {
    static_assert(sizeof(auxv_entry) == sizeof(runtime::os::auxv_entry));
    size_t count = 0;
    while (process.auxv[count].type != 0) {
        ++count;
    }
    return {reinterpret_cast<const auxv_entry*>(process.auxv), count};
}

void exit(int status) {
    runtime::exit(status);
}

} // namespace rt0
