// Formatters of ranges, pairs and tuples, as C++23 has them: [1, 2], {"a": 1}, (1, "b").
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rt0/formatter.h>

namespace rt0 {

namespace detail {

// Whatever a range-based for accepts, but for strings and for what contains itself, as file system
// paths do.
template <class R>
concept range = requires(R& values) {
    { std::begin(values) != std::end(values) } -> std::convertible_to<bool>;
    ++std::declval<decltype(std::begin(values))&>();
    requires !std::same_as<plain<decltype(*std::begin(values))>, plain<R>>;
} && !is_string<plain<R>> && !is_c_string<plain<R>>;

template <class R>
using element = plain<decltype(*std::begin(std::declval<R&>()))>;

// What format takes: const R& where that can be iterated.
template <class R>
using iterable = std::conditional_t<range<const R>, const R, R>;

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class A, class B>
inline constexpr bool is_pair<std::tuple<A, B>> = true;

template <class Formatter>
constexpr void set_debug_format(Formatter& inner) {
    if constexpr (requires { inner.set_debug_format(); }) {
        inner.set_debug_format();
    }
}

template <class T>
constexpr formatter<plain<T>> debug_formatter() {
    formatter<plain<T>> inner;
    format_parse_context nothing{std::string_view()};
    inner.parse(nothing);
    detail::set_debug_format(inner);
    return inner;
}

// What a range or tuple is written with.
struct delimiters {
    std::string_view separator = ", ";
    std::string_view open;
    std::string_view close;
};

constexpr const char* parse_padding(format_parse_context& ctx, format_spec& spec) {
    const char* p = ctx.begin();
    // A ':' is not a fill character here: it starts the specification of the elements.
    if (p != ctx.end() && *p != ':') {
        parse_fill_and_align(p, ctx.end(), spec);
    }
    parse_width(p, ctx.end(), ctx, spec);
    return p;
}

// A range of char as if it were a string.
template <class R>
void write_as_text(format_context& ctx, const format_spec& spec, R& values) {
    if constexpr (requires { std::string_view(std::data(values), std::size(values)); }) {
        write_text(ctx, spec, {std::data(values), std::size(values)});
    } else {
        struct call {
            R* values;
        };
        const call object{.values = &values};
        write_pieces(ctx, spec, &object, [](const void* erased, format_context& inner) {
            output& out = inner.out().sink();
            for (const char c : *static_cast<const call*>(erased)->values) {
                out.put(c);
            }
        });
    }
}

} // namespace detail

/// How a range is written, as std::range_format.
enum class range_format : unsigned char { disabled, map, set, sequence, string, debug_string };

/// How ranges of type R are written: those with a key_type as {1, 2}, with a mapped_type too as {1:
/// 2}, all others as [1, 2]. Specialise it to choose another form, or disabled to write a formatter
/// of your own.
template <class R>
inline constexpr range_format format_kind = [] {
    if constexpr (requires { typename R::key_type; }) {
        if constexpr (requires { typename R::mapped_type; }) {
            return range_format::map;
        } else {
            return range_format::set;
        }
    } else {
        return range_format::sequence;
    }
}();

/// Writes ranges of T, as std::range_formatter: fill, alignment, width, then n (no brackets), m (as
/// a map), both, s or ?s (as a string, where T is char), then ':' and the specification of the
/// elements. Without one, strings and characters among the elements are quoted
/// and escaped. A range with a width is gone through twice.
template <class T>
    requires std::same_as<T, detail::plain<T>> && formattable<T>
class range_formatter {
public:
    /// Writes text between elements; text must outlive the formatter.
    constexpr void set_separator(std::string_view text) noexcept { delimiters_.separator = text; }
    /// Writes open before the first element and close behind the last; both must outlive the
    /// formatter.
    constexpr void set_brackets(std::string_view open, std::string_view close) noexcept {
        delimiters_.open = open;
        delimiters_.close = close;
    }
    /// The formatter of the elements.
    [[nodiscard]] constexpr formatter<T>& underlying() noexcept { return underlying_; }
    [[nodiscard]] constexpr const formatter<T>& underlying() const noexcept { return underlying_; }

    /// Reads a specification.
    constexpr const char* parse(format_parse_context& ctx) {
        const char* p = detail::parse_padding(ctx, spec_);
        const char* const end = ctx.end();
        const bool bare = p != end && *p == 'n';
        if (bare) {
            ++p;
        }
        if (p != end && *p == 'm') {
            set_map();
            ++p;
        } else if (p != end && (*p == 's' || (*p == '?' && end - p > 1 && p[1] == 's'))) {
            if (!std::same_as<T, char>) {
                report_format_error("'s' needs a range of char");
            }
            if (bare) {
                report_format_error("a range written as a string has no brackets for 'n'");
            }
            spec_.type = *p;
            p += *p == '?' ? 2 : 1;
        }
        if (bare) {
            set_brackets({}, {});
        }
        if (p != end && *p == ':') {
            if (spec_.type != '\0') {
                report_format_error("a range written as a string has no specification of elements");
            }
            ctx.advance_to(p + 1);
            p = underlying_.parse(ctx);
        } else {
            format_parse_context nothing{std::string_view()};
            underlying_.parse(nothing);
            detail::set_debug_format(underlying_);
        }
        if (p != end && *p != '}') {
            report_format_error("a range does not take this format specification");
        }
        return p;
    }

    /// Writes the elements of values.
    template <class R>
    format_context::iterator format(R&& values, format_context& ctx) const {
        using range_type = std::remove_reference_t<R>;
        if constexpr (std::same_as<T, char>) {
            if (spec_.type != '\0') {
                detail::write_as_text(ctx, spec_, values);
                return ctx.out();
            }
        }
        struct call {
            const range_formatter* self;
            range_type* values;
        };
        const call object{.self = this, .values = &values};
        detail::write_padded(ctx, spec_, &object, [](const void* erased, format_context& inner) {
            const auto* const c = static_cast<const call*>(erased);
            c->self->write_elements(*c->values, inner);
        });
        return ctx.out();
    }

private:
    constexpr void set_map() {
        if constexpr (detail::is_pair<T>) {
            set_brackets("{", "}");
            set_separator(", ");
            underlying_.set_brackets({}, {});
            underlying_.set_separator(": ");
        } else {
            report_format_error("'m' needs a range of pairs");
        }
    }

    template <class R>
    void write_elements(R& values, format_context& ctx) const {
        detail::output& out = ctx.out().sink();
        out.write(delimiters_.open);
        bool first = true;
        for (auto&& value : values) {
            if (!first) {
                out.write(delimiters_.separator);
            }
            first = false;
            ctx.advance_to(underlying_.format(value, ctx));
        }
        out.write(delimiters_.close);
    }

    formatter<T> underlying_;
    detail::format_spec spec_;
    detail::delimiters delimiters_{.open = "[", .close = "]"};
};

/// Ranges, as format_kind says.
template <detail::range R>
    requires(format_kind<R> != range_format::disabled) &&
            formattable<detail::element<detail::iterable<R>>>
struct formatter<R, char> {
    /// As range_formatter's.
    constexpr void set_separator(std::string_view text) noexcept { inner_.set_separator(text); }
    /// As range_formatter's.
    constexpr void set_brackets(std::string_view open, std::string_view close) noexcept {
        inner_.set_brackets(open, close);
    }
    /// As range_formatter's.
    constexpr const char* parse(format_parse_context& ctx) {
        if constexpr (format_kind<R> == range_format::map) {
            inner_.underlying().set_brackets({}, {});
            inner_.underlying().set_separator(": ");
        }
        if constexpr (format_kind<R> == range_format::map || format_kind<R> == range_format::set) {
            inner_.set_brackets("{", "}");
        }
        if constexpr (as_text) {
            const char* const end = detail::parse_spec(ctx, text_, detail::value_kind::text);
            if (format_kind<R> == range_format::debug_string) {
                text_.type = '?';
            }
            return end;
        }
        return inner_.parse(ctx);
    }
    /// Writes values.
    format_context::iterator format(detail::iterable<R>& values, format_context& ctx) const {
        if constexpr (as_text) {
            detail::write_as_text(ctx, text_, values);
            return ctx.out();
        } else {
            return inner_.format(values, ctx);
        }
    }

private:
    static constexpr bool as_text =
        format_kind<R> == range_format::string || format_kind<R> == range_format::debug_string;

    range_formatter<detail::element<detail::iterable<R>>> inner_;
    detail::format_spec text_;
};

namespace detail {

// Pairs and tuples: fill, alignment, width, then n (no parentheses) or m (two elements as "a: b").
// Strings and characters among the elements are quoted and escaped.
template <class Tuple, class... Ts>
class tuple_formatter {
public:
    /// Writes text between elements; text must outlive the formatter.
    constexpr void set_separator(std::string_view text) noexcept { delimiters_.separator = text; }
    /// Writes open before the first element and close behind the last; both must outlive the
    /// formatter.
    constexpr void set_brackets(std::string_view open, std::string_view close) noexcept {
        delimiters_.open = open;
        delimiters_.close = close;
    }

    /// Reads a specification.
    constexpr const char* parse(format_parse_context& ctx) {
        const char* p = parse_padding(ctx, spec_);
        if (p != ctx.end() && *p == 'n') {
            set_brackets({}, {});
            ++p;
        } else if (p != ctx.end() && *p == 'm') {
            if (sizeof...(Ts) != 2) {
                report_format_error("'m' needs a pair or a tuple of two");
            }
            set_brackets({}, {});
            set_separator(": ");
            ++p;
        }
        if (p != ctx.end() && *p != '}') {
            report_format_error("a tuple does not take this format specification");
        }
        // An element that cannot do without a specification is an error of this one.
        if consteval {
            ((void)debug_formatter<Ts>(), ...);
        }
        return p;
    }

    /// Writes the elements of values.
    format_context::iterator format(const Tuple& values, format_context& ctx) const {
        struct call {
            const tuple_formatter* self;
            const Tuple* values;
        };
        const call object{.self = this, .values = &values};
        write_padded(ctx, spec_, &object, [](const void* erased, format_context& inner) {
            const auto* const c = static_cast<const call*>(erased);
            c->self->write_elements(*c->values, inner, std::index_sequence_for<Ts...>());
        });
        return ctx.out();
    }

private:
    template <size_t... indices>
    void write_elements(const Tuple& values, format_context& ctx,
                        std::index_sequence<indices...> /*indices*/) const {
        output& out = ctx.out().sink();
        out.write(delimiters_.open);
        (write_element<indices, Ts>(std::get<indices>(values), ctx), ...);
        out.write(delimiters_.close);
    }

    template <size_t index, class T>
    void write_element(const T& value, format_context& ctx) const {
        if (index > 0) {
            ctx.out().sink().write(delimiters_.separator);
        }
        ctx.advance_to(debug_formatter<T>().format(value, ctx));
    }

    format_spec spec_;
    delimiters delimiters_{.open = "(", .close = ")"};
};

} // namespace detail

/// Pairs: (1, "b").
template <class A, class B>
    requires formattable<const A> && formattable<const B>
struct formatter<std::pair<A, B>, char> : detail::tuple_formatter<std::pair<A, B>, A, B> {};

/// Tuples: (1, "b", 'c').
template <class... Ts>
    requires(formattable<const Ts> && ...)
struct formatter<std::tuple<Ts...>, char> : detail::tuple_formatter<std::tuple<Ts...>, Ts...> {};

} // namespace rt0
