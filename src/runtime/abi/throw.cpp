// std::__throw_*: what libstdc++'s headers call where the standard wants an exception. Here they
// end the program with a panic that names the exception and says what the library said. Their
// originals in libstdc++.a would bring the unwinder, the demangler and gettext along.
//
// A program that wants to catch links librt0-exceptions.a in front, which has the throwing ones.
#include <cstddef>
#include <string_view>

#include "abi/range_error.h"
#include "base/fatal.h"
#include "base/text.h"

namespace runtime {

namespace {

[[noreturn]] void throw_panic(std::string_view exception, std::string_view what) {
    panic({exception, what.empty() ? "" : ": ", what});
}

} // namespace

void throw_out_of_range_fmt(const char* format, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
                            uintptr_t e) {
    throw_panic("std::out_of_range", format_range_error(format, {a, b, c, d, e}).view());
}

} // namespace runtime

namespace std {

using runtime::throw_panic;

void __throw_bad_exception() {
    throw_panic("std::bad_exception", {});
}

void __throw_bad_alloc() {
    throw_panic("std::bad_alloc", {});
}

void __throw_bad_array_new_length() {
    throw_panic("std::bad_array_new_length", {});
}

void __throw_bad_cast() {
    throw_panic("std::bad_cast", {});
}

void __throw_bad_typeid() {
    throw_panic("std::bad_typeid", {});
}

void __throw_logic_error(const char* what) {
    throw_panic("std::logic_error", what);
}

void __throw_domain_error(const char* what) {
    throw_panic("std::domain_error", what);
}

void __throw_invalid_argument(const char* what) {
    throw_panic("std::invalid_argument", what);
}

void __throw_length_error(const char* what) {
    throw_panic("std::length_error", what);
}

void __throw_out_of_range(const char* what) {
    throw_panic("std::out_of_range", what);
}

void __throw_runtime_error(const char* what) {
    throw_panic("std::runtime_error", what);
}

void __throw_range_error(const char* what) {
    throw_panic("std::range_error", what);
}

void __throw_overflow_error(const char* what) {
    throw_panic("std::overflow_error", what);
}

void __throw_underflow_error(const char* what) {
    throw_panic("std::underflow_error", what);
}

// Weak: libstdc++ has it in one file with the error categories.
[[gnu::weak]] void __throw_system_error(int error) {
    runtime::text<32> what;
    what << "errno " << static_cast<uint64_t>(error);
    throw_panic("std::system_error", what.view());
}

void __throw_bad_function_call() {
    throw_panic("std::bad_function_call", {});
}

} // namespace std
