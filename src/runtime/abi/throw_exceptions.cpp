// librt0-exceptions.a: the functions of throw.cpp for programs that catch. They throw what
// libstdc++ would, and come before librt0.a in the link.
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <system_error>
#include <typeinfo>

#include "abi/range_error.h"
#include "base/fatal.h"
#include "base/text.h"

// Nobody caught it.
namespace __gnu_cxx {

void __verbose_terminate_handler() {
    runtime::text<320> line;
    if (const std::exception_ptr thrown = std::current_exception()) {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& exception) {
            line << "uncaught exception: " << exception.what();
        } catch (...) {
            line << "uncaught exception";
        }
        runtime::panic(line.view());
    }
    runtime::fatal("std::terminate called");
}

} // namespace __gnu_cxx

namespace runtime {

void throw_out_of_range_fmt(const char* format, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
                            uintptr_t e) {
    throw std::out_of_range(format_range_error(format, {a, b, c, d, e}).c_str());
}

} // namespace runtime

namespace std {

void __throw_bad_exception() {
    throw bad_exception();
}

void __throw_bad_alloc() {
    throw bad_alloc();
}

void __throw_bad_array_new_length() {
    throw bad_array_new_length();
}

void __throw_bad_cast() {
    throw bad_cast();
}

void __throw_bad_typeid() {
    throw bad_typeid();
}

void __throw_logic_error(const char* what) {
    throw logic_error(what);
}

void __throw_domain_error(const char* what) {
    throw domain_error(what);
}

void __throw_invalid_argument(const char* what) {
    throw invalid_argument(what);
}

void __throw_length_error(const char* what) {
    throw length_error(what);
}

void __throw_out_of_range(const char* what) {
    throw out_of_range(what);
}

void __throw_runtime_error(const char* what) {
    throw runtime_error(what);
}

void __throw_range_error(const char* what) {
    throw range_error(what);
}

void __throw_overflow_error(const char* what) {
    throw overflow_error(what);
}

void __throw_underflow_error(const char* what) {
    throw underflow_error(what);
}

// Weak, these two: libstdc++ has the first in one file with the error categories and the second in
// one file with std::bad_function_call.
[[gnu::weak]] void __throw_system_error(int error) {
    throw system_error(error, generic_category());
}

[[gnu::weak]] void __throw_bad_function_call() {
    throw bad_function_call();
}

} // namespace std
