// std::__throw_out_of_range_fmt(const char* format, ...), whose text is a little printf of its own:
// %s, %zu and %%.
//
// Defined as a function of fixed parameters, which are in the registers where the caller of one
// with varargs has put its own. One with varargs would keep all registers on a stack that may have
// no room for them, and Clang compiles none that asks for stack. libstdc++ passes three at most.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/text.h"

namespace runtime {

using range_error_text = text<256>;

[[noreturn]] void throw_out_of_range_fmt(const char* format, uintptr_t a, uintptr_t b, uintptr_t c,
                                         uintptr_t d,
                                         uintptr_t e) asm("_ZSt24__throw_out_of_range_fmtPKcz");

template <size_t count>
range_error_text format_range_error(const char* format, const uintptr_t (&arguments)[count]) {
    range_error_text what;
    size_t next = 0;
    for (const char* c = format; *c != '\0'; ++c) {
        if (c[0] == '%' && c[1] == 's' && next < count) {
            what << reinterpret_cast<const char*>(arguments[next++]);
            ++c;
        } else if (c[0] == '%' && c[1] == 'z' && c[2] == 'u' && next < count) {
            what << uint64_t{arguments[next++]};
            c += 2;
        } else {
            c += c[0] == '%' && c[1] == '%' ? 1 : 0;
            what.put(*c);
        }
    }
    return what;
}

} // namespace runtime
