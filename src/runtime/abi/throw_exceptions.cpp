// librt0-exceptions.a: the functions of throw.cpp for programs that catch. They throw what
// libstdc++ would, and come before librt0.a in the link.
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <system_error>
#include <typeinfo>

#include <cxxabi.h>

#include "abi/range_error.h"
#include "base/fatal.h"
#include "base/text.h"

namespace runtime {

namespace {

using last_words = text<1024>;

// The names of builtin types, as they are mangled.
constexpr struct {
    char letter;
    std::string_view name;
} builtin_types[] = {
    {'b', "bool"},        {'c', "char"},
    {'a', "signed char"}, {'h', "unsigned char"},
    {'s', "short"},       {'t', "unsigned short"},
    {'i', "int"},         {'j', "unsigned int"},
    {'l', "long"},        {'m', "unsigned long"},
    {'x', "long long"},   {'y', "unsigned long long"},
    {'n', "__int128"},    {'o', "unsigned __int128"},
    {'f', "float"},       {'d', "double"},
    {'e', "long double"}, {'w', "wchar_t"},
};

// Moves the piece of a name that begins mangled, "3foo", to line. False where it is none.
bool append_identifier(last_words& line, std::string_view& mangled) {
    size_t size = 0;
    while (!mangled.empty() && mangled[0] >= '0' && mangled[0] <= '9') {
        size = size * 10 + static_cast<size_t>(mangled[0] - '0');
        mangled.remove_prefix(1);
    }
    if (size == 0 || size > mangled.size()) {
        return false;
    }
    const std::string_view name = mangled.substr(0, size);
    line << (name.starts_with("_GLOBAL__N") ? "(anonymous namespace)" : name);
    mangled.remove_prefix(size);
    return true;
}

// The same for a name with its namespaces, or a builtin type.
bool append_name(last_words& line, std::string_view& mangled) {
    for (const auto& [letter, name] : builtin_types) {
        if (mangled == std::string_view(&letter, 1)) {
            line << name;
            mangled = {};
            return true;
        }
    }
    const bool nested = mangled.starts_with('N');
    if (nested) {
        mangled.remove_prefix(1);
    }
    if (mangled.starts_with("St")) {
        mangled.remove_prefix(2);
        line << "std::";
    }
    bool good = append_identifier(line, mangled);
    while (good && nested && !mangled.starts_with('E')) {
        line << "::";
        good = append_identifier(line, mangled);
    }
    if (nested && good) {
        mangled.remove_prefix(1);
    }
    return good;
}

// The type's name as one writes it: what is thrown mostly is a class in some namespaces, a builtin
// type, or a pointer. All others, templates among them, stay as they are mangled (c++filt -t): the
// demangler is 60 KB.
void append_type(last_words& line, std::string_view mangled) {
    const size_t modifiers = mangled.find_first_not_of("PK");
    if (modifiers != std::string_view::npos) {
        last_words readable = line;
        std::string_view rest = mangled.substr(modifiers);
        if (append_name(readable, rest) && rest.empty()) {
            for (size_t i = modifiers; i > 0; --i) {
                readable << (mangled[i - 1] == 'P' ? "*" : " const");
            }
            line = readable;
            return;
        }
    }
    line << mangled;
}

} // namespace

} // namespace runtime

// Nobody caught it.
namespace __gnu_cxx {

void __verbose_terminate_handler() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) {
        runtime::fatal("std::terminate called");
    }
    runtime::last_words line;
    line << "uncaught exception of type ";
    runtime::append_type(line, type->name());
    try {
        throw;
    } catch (const std::exception& exception) {
        if (const char* const what = exception.what()) {
            line << ": " << what;
        }
    } catch (...) { // NOLINT(bugprone-empty-catch): it has nothing to say
    }
    runtime::panic(line.view());
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
