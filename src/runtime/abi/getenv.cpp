#include <string_view>

#include "os/process.h"

extern "C" {

char* getenv(const char* name) {
    const std::string_view wanted(name);
    return const_cast<char*>(
        runtime::os::find_env(runtime::os::process.envp, wanted.data(), wanted.size()));
}

} // extern "C"
