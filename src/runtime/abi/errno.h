// C's errno, for the C functions that set it.
#pragma once

extern "C" int* __errno_location() noexcept;

namespace runtime {

inline void set_errno(int error) {
    *__errno_location() = error;
}

} // namespace runtime
