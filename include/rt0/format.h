// Formatting into strings, iterators and buffers, with std::format's syntax. <rt0/print.h> prints.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <rt0/formatter.h>
#include <rt0/range_formatter.h>

namespace rt0 {

/// What a formatter ported from std::format throws from its parse. While compiling, any throw is an
/// error of the format string. The message must outlive the exception. See report_format_error for
/// programs without exceptions.
class format_error : public std::exception {
public:
    explicit format_error(const char* message) noexcept
        : message_(message) {}
    [[nodiscard]] const char* what() const noexcept override { return message_; }

private:
    const char* message_;
};

namespace detail {

// An output that hands its text on in pieces: take(data, size), each time its buffer is full and
// when it is flushed.
template <class Take>
class piecewise_output : public output {
public:
    explicit piecewise_output(Take take)
        : output(storage_, storage_ + sizeof storage_,
                 [](output& self) { static_cast<piecewise_output&>(self).flush(); })
        , take_(std::move(take)) {}

    void flush() {
        const std::string_view text = pending();
        take_(text.data(), text.size());
        clear();
    }

private:
    Take take_;
    char storage_[256];
};

} // namespace detail

/// fmt with args, as a string. fmt is checked while running: a wrong one panics. Allocates the
/// string only.
inline std::string vformat(std::string_view fmt, format_args args) {
    std::string result;
    detail::piecewise_output out(
        [&result](const char* data, size_t size) { result.append(data, size); });
    detail::vformat_to(out, fmt, args);
    out.flush();
    return result;
}

/// fmt with args written to out; returns the end. fmt is checked while running: a wrong one panics.
template <class Out>
Out vformat_to(Out out, std::string_view fmt, format_args args) {
    if constexpr (std::same_as<Out, format_context::iterator>) {
        detail::vformat_to(out.sink(), fmt, args);
    } else {
        detail::piecewise_output pieces([&out](const char* data, size_t size) {
            for (size_t i = 0; i < size; ++i) {
                *out = data[i];
                ++out;
            }
        });
        detail::vformat_to(pieces, fmt, args);
        pieces.flush();
    }
    return out;
}

/// The text of fmt with args, as std::format. Allocates the string only.
template <class... Args>
[[nodiscard]] std::string format(format_string<Args...> fmt, Args&&... args) {
    return vformat(fmt.get(), make_format_args(args...));
}

/// Writes the text to the output iterator out and returns its end, as std::format_to. Does not
/// allocate, but for what out does.
template <class Out, class... Args>
Out format_to(Out out, format_string<Args...> fmt, Args&&... args) {
    return vformat_to(std::move(out), fmt.get(), make_format_args(args...));
}

/// What format_to_n returns: the end of what was written, and the size of the whole text.
template <class Out>
struct format_to_n_result {
    Out out;
    std::ptrdiff_t size;
};

/// Writes at most n characters of the text to out, as std::format_to_n; it does not terminate them.
/// Does not allocate, but for what out does.
template <class Out, class... Args>
format_to_n_result<Out> format_to_n(Out out, std::ptrdiff_t n, format_string<Args...> fmt,
                                    Args&&... args) {
    format_to_n_result<Out> result{std::move(out), 0};
    detail::piecewise_output pieces([&result, n](const char* data, size_t size) {
        for (size_t i = 0; i < size && result.size + static_cast<std::ptrdiff_t>(i) < n; ++i) {
            *result.out = data[i];
            ++result.out;
        }
        result.size += static_cast<std::ptrdiff_t>(size);
    });
    detail::vformat_to(pieces, fmt.get(), make_format_args(args...));
    pieces.flush();
    return result;
}

/// The size of the text, as std::formatted_size. Does not allocate.
template <class... Args>
[[nodiscard]] std::size_t formatted_size(format_string<Args...> fmt, Args&&... args) {
    size_t total = 0;
    detail::piecewise_output out([&total](const char*, size_t size) { total += size; });
    detail::vformat_to(out, fmt.get(), make_format_args(args...));
    out.flush();
    return total;
}

} // namespace rt0
