// print and println of a text without arguments: no engine, no memory.
#include <rt0/print.h>

#include "diag/print.h"

namespace rt0::detail {

std::expected<void, error> print_literal(print_target target, std::string_view fmt) {
    // The compiler has checked that fmt fits, and that each brace in it is one of a pair.
    char text[literal_limit + 1];
    size_t size = 0;
    for (size_t i = 0; i < fmt.size(); ++i) {
        const char c = fmt[i];
        text[size++] = c;
        if (c == '{' || c == '}') {
            ++i;
        }
    }
    if (ends_line(target)) {
        text[size++] = '\n';
    }
    return write_to(target, {text, size});
}

} // namespace rt0::detail
