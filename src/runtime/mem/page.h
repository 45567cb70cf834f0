#pragma once

#include <cstddef>

namespace runtime::mem {

// Of amd64, in bytes. What the kernel says (os::process) can only be the same.
inline constexpr size_t page_size = 4096;

} // namespace runtime::mem
