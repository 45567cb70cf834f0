// The public names, rt0/panic.h.
#include <rt0/panic.h>

#include "base/fatal.h"

namespace rt0 {

void panic(std::string_view text) {
    runtime::panic(text);
}

void fatal(std::string_view text) {
    runtime::fatal(text);
}

} // namespace rt0
