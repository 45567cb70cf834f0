// The text of std::__throw_out_of_range_fmt, which has a little printf of its own: %s, %zu and %%.
#pragma once

#include <cstdarg>
#include <cstddef>

#include "base/text.h"

namespace runtime {

using range_error_text = text<256>;

inline range_error_text format_range_error(const char* format, va_list& arguments) {
    range_error_text what;
    for (const char* c = format; *c != '\0'; ++c) {
        if (c[0] == '%' && c[1] == 's') {
            what << va_arg(arguments, const char*);
            ++c;
        } else if (c[0] == '%' && c[1] == 'z' && c[2] == 'u') {
            what << uint64_t{va_arg(arguments, size_t)};
            c += 2;
        } else {
            c += c[0] == '%' && c[1] == '%' ? 1 : 0;
            what.put(*c);
        }
    }
    return what;
}

} // namespace runtime
