// Printing to standard output and standard error, with std::print's syntax, checked while
// compiling.
//
// Nothing is buffered: each call reaches the kernel as one write, so that lines of several
// goroutines do not mix. Only what the kernel takes in parts (a full pipe, an interrupting signal)
// takes more. A call blocks while the kernel does not take it.
#pragma once

#include <concepts>
#include <cstddef>
#include <expected>
#include <string_view>
#include <utility>

#include <rt0/error.h>
#include <rt0/formatter.h>
#include <rt0/range_formatter.h>

namespace rt0 {

namespace detail {

enum class print_target : unsigned char { output, output_line, error, error_line };

// The text that print_literal has room for, a newline not counted.
inline constexpr size_t literal_limit = 511;

std::expected<void, error> print_literal(print_target target, std::string_view fmt);
std::expected<void, error> vprint(print_target target, std::string_view fmt, const format_arg* args,
                                  size_t count);

// A format string without arguments. Printing a short one needs no formatting; only a program that
// has a long one links it.
class literal {
public:
    template <std::convertible_to<std::string_view> T>
    consteval literal(const T& text) // NOLINT(*-explicit-*): conversion is its purpose
        : text_(text) {
        check_format<>(text_);
        if (text_.size() > literal_limit) {
            vprint_ = &vprint;
        }
    }

    [[nodiscard]] std::expected<void, error> print(print_target target) const {
        return vprint_ == nullptr ? print_literal(target, text_)
                                  : vprint_(target, text_, nullptr, 0);
    }

private:
    std::string_view text_;
    decltype(&vprint) vprint_ = nullptr;
};

template <class... Args>
std::expected<void, error> print_to(print_target target, std::string_view fmt, Args&... args) {
    const format_arg_array<sizeof...(Args)> array = make_format_args(args...);
    return vprint(target, fmt, array.args, sizeof...(Args));
}

} // namespace detail

/// Writes the text of fmt with args to standard output. Any goroutine; does not allocate from the
/// heap. Returns the error that kept the kernel from taking all of it, a closed descriptor (EBADF)
/// or pipe (EPIPE) for instance, or from giving memory for a text longer than 512 bytes (ENOMEM),
/// of which then nothing is written.
template <class... Args>
std::expected<void, error> print(format_string<Args...> fmt, Args&&... args) {
    return detail::print_to(detail::print_target::output, fmt.get(), args...);
}
/// The same for a text without arguments.
inline std::expected<void, error> print(detail::literal text) {
    return text.print(detail::print_target::output);
}

/// Writes the text of fmt with args and a newline to standard output. As print.
template <class... Args>
std::expected<void, error> println(format_string<Args...> fmt, Args&&... args) {
    return detail::print_to(detail::print_target::output_line, fmt.get(), args...);
}
/// The same for a text without arguments.
inline std::expected<void, error> println(detail::literal text) {
    return text.print(detail::print_target::output_line);
}

/// Writes the text of fmt with args to standard error. As print.
template <class... Args>
std::expected<void, error> eprint(format_string<Args...> fmt, Args&&... args) {
    return detail::print_to(detail::print_target::error, fmt.get(), args...);
}
/// The same for a text without arguments.
inline std::expected<void, error> eprint(detail::literal text) {
    return text.print(detail::print_target::error);
}

/// Writes the text of fmt with args and a newline to standard error. As print.
template <class... Args>
std::expected<void, error> eprintln(format_string<Args...> fmt, Args&&... args) {
    return detail::print_to(detail::print_target::error_line, fmt.get(), args...);
}
/// The same for a text without arguments.
inline std::expected<void, error> eprintln(detail::literal text) {
    return text.print(detail::print_target::error_line);
}

/// Writes a newline to standard output.
inline std::expected<void, error> println() {
    return println("");
}
/// Writes a newline to standard error.
inline std::expected<void, error> eprintln() {
    return eprintln("");
}

} // namespace rt0
