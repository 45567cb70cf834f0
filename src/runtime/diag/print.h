// What the two ways of printing share.
#pragma once

#include <rt0/print.h>

#include "os/os.h"
#include "sched/sched.h"

namespace rt0::detail {

inline bool ends_line(print_target target) {
    return target == print_target::output_line || target == print_target::error_line;
}

inline std::expected<void, error> write_to(print_target target, std::string_view text) {
    const bool is_error = target == print_target::error || target == print_target::error_line;
    const runtime::syscall_scope blocking;
    const int failed = runtime::os::write_all(is_error ? 2 : 1, text.data(), text.size());
    if (failed != 0) {
        return std::unexpected(error(-failed));
    }
    return {};
}

} // namespace rt0::detail
