// C's errno, for the C functions that set it.
#pragma once

// NOLINTNEXTLINE(readability-redundant-declaration): whatever headers of the C library came before
extern "C" int* __errno_location() noexcept;

namespace runtime {

inline void set_errno(int error) {
    *__errno_location() = error;
}

} // namespace runtime
