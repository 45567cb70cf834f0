// What it takes to be formatted: rt0::formatter<T>, and the format strings and contexts it works
// with.
//
// The syntax and the meaning of format strings are those of C++23's std::format. A formatter
// written for it ports by changing std to rt0. Differences: no locale (L is accepted and means
// nothing), no wchar_t, no chrono specifications beyond fill, alignment and width.
//
// Light on purpose: it needs neither <string> nor <format>. <rt0/format.h> formats into strings and
// iterators, <rt0/print.h> prints.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd> // declares std::basic_string, without defining it
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rt0 {

/// How a formatter's parse refuses a format specification, where an exception cannot be thrown:
/// while compiling, the call is the error, and the compiler shows the line with its message. At run
/// time, which only a string checked by nobody reaches, it panics with "format: MESSAGE".
[[noreturn]] void report_format_error(const char* message);

/// What a formatter's parse reads: the format string from behind the field's colon on, as
/// std::format_parse_context. The specification ends before the first '}' that is not its own.
class format_parse_context {
public:
    using char_type = char;
    using const_iterator = const char*;
    using iterator = const_iterator;

    /// Reads text, for count arguments. integral, where it is not null, tells which of them are
    /// integers that may be a width or a precision.
    constexpr explicit format_parse_context(std::string_view text, size_t count = 0,
                                            const bool* integral = nullptr)
        : begin_(text.data())
        , end_(text.data() + text.size())
        , integral_(integral)
        , count_(count) {}

    format_parse_context(const format_parse_context&) = delete;
    format_parse_context& operator=(const format_parse_context&) = delete;

    /// The first character not parsed yet.
    [[nodiscard]] constexpr const_iterator begin() const noexcept { return begin_; }
    /// The end of the whole format string.
    [[nodiscard]] constexpr const_iterator end() const noexcept { return end_; }
    /// Parsing goes on at position.
    constexpr void advance_to(const_iterator position) { begin_ = position; }

    /// The number of the next argument, for a field without one of its own.
    constexpr size_t next_arg_id() {
        if (next_ < 0) {
            report_format_error("automatic {} after manual {0} argument numbers");
        }
        const auto id = static_cast<size_t>(next_++);
        check_count(id);
        return id;
    }

    /// Says that the field names argument id itself.
    constexpr void check_arg_id(size_t id) {
        if (next_ > 0) {
            report_format_error("manual {0} after automatic {} argument numbers");
        }
        next_ = -1;
        check_count(id);
    }

    /// Says that argument id is a width or a precision, and so must be an integer. As in C++26.
    constexpr void check_dynamic_spec_integral(size_t id) {
        if (integral_ != nullptr && !integral_[id]) {
            report_format_error("a width or precision argument must be an integer");
        }
    }

private:
    constexpr void check_count(size_t id) const {
        if (id >= count_) {
            report_format_error("the format string names an argument that is not there");
        }
    }

    const char* begin_;
    const char* end_;
    const bool* integral_;
    size_t count_;
    int next_ = 0; // -1 once a field has named its argument
};

class format_context;

/// Makes T formattable where it is specialised, with the two functions of std::formatter:
///
///     constexpr const char* parse(rt0::format_parse_context& ctx);
///     rt0::format_context::iterator format(const T& value, rt0::format_context& ctx) const;
///
/// parse reads the field's specification and returns where it ends; format writes the value to
/// ctx.out(), mostly with rt0::format_to, and returns the end of what it wrote. Both run on the
/// stack of whoever formats; format may not keep references to ctx.
template <class T, class CharT = char>
struct formatter {
    formatter() = delete;
    formatter(const formatter&) = delete;
    formatter& operator=(const formatter&) = delete;
};

namespace detail {

__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

// Where formatted text goes: a buffer, and what to do when it is full. overflow returns with room
// for at least one character, or does not return.
class output {
public:
    output(char* begin, char* end, void (*overflow)(output&))
        : begin_(begin)
        , cursor_(begin)
        , end_(end)
        , overflow_(overflow) {}
    output(const output&) = delete;
    output& operator=(const output&) = delete;

    void put(char c) {
        if (cursor_ == end_) {
            overflow_(*this);
        }
        *cursor_++ = c;
    }
    void write(std::string_view text);
    // unit, count times.
    void fill(std::string_view unit, size_t count);

    // What is in the buffer.
    [[nodiscard]] std::string_view pending() const {
        return {begin_, static_cast<size_t>(cursor_ - begin_)};
    }

protected:
    // The buffer is empty again.
    void clear() { cursor_ = begin_; }
    // The same text, in a larger buffer.
    void move_to(char* begin, size_t size) {
        cursor_ = begin + (cursor_ - begin_);
        begin_ = begin;
        end_ = begin + size;
    }
    [[nodiscard]] size_t capacity() const { return static_cast<size_t>(end_ - begin_); }
    [[nodiscard]] char* buffer() const { return begin_; }

private:
    char* begin_;
    char* cursor_;
    char* end_;
    void (*overflow_)(output&);
};

// An argument whose type is known to format alone. What is small is stored in the argument itself,
// so that a call site loads values instead of taking addresses.
struct format_arg {
    using handler = void (*)(const format_arg&, format_parse_context&, format_context&);
    struct chars {
        const char* data;
        size_t size;
    };
    union {
        int64_t signed_value;
        uint64_t unsigned_value;
        float float_value;
        double double_value;
        const void* pointer;
        chars text;
    };
    handler format;
};

// One function a kind of argument: it parses the field's specification and writes the value. A
// program links those whose arguments it has.
void format_signed(const format_arg&, format_parse_context&, format_context&);
void format_unsigned(const format_arg&, format_parse_context&, format_context&);
void format_signed_128(const format_arg&, format_parse_context&, format_context&);
void format_unsigned_128(const format_arg&, format_parse_context&, format_context&);
void format_bool(const format_arg&, format_parse_context&, format_context&);
void format_char(const format_arg&, format_parse_context&, format_context&);
void format_text(const format_arg&, format_parse_context&, format_context&);
void format_c_string(const format_arg&, format_parse_context&, format_context&);
void format_pointer(const format_arg&, format_parse_context&, format_context&);
void format_float(const format_arg&, format_parse_context&, format_context&);
void format_double(const format_arg&, format_parse_context&, format_context&);
void format_long_double(const format_arg&, format_parse_context&, format_context&);

} // namespace detail

/// The arguments of a formatting call, without their types: what functions take that are not
/// templates. Made by make_format_args; refers to the arguments, and is good for as long as they
/// are.
struct format_args {
    const detail::format_arg* data = nullptr;
    size_t count = 0;
};

/// What a formatter's format writes to: as std::format_context.
class format_context {
public:
    using char_type = char;
    template <class T>
    using formatter_type = formatter<T>;

    /// The output iterator of ctx.out(): each character assigned through it is written.
    class iterator {
    public:
        using iterator_category = std::output_iterator_tag;
        using value_type = void;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = void;

        explicit iterator(detail::output& out)
            : out_(&out) {}
        // NOLINTNEXTLINE(misc-unconventional-assign-operator): *it = c writes, it does not assign
        const iterator& operator=(char c) const {
            out_->put(c);
            return *this;
        }
        iterator& operator*() { return *this; }
        const iterator& operator*() const { return *this; }
        iterator& operator++() { return *this; }
        iterator operator++(int) { return *this; }

        /// Where the characters go.
        [[nodiscard]] detail::output& sink() const { return *out_; }

    private:
        detail::output* out_;
    };

    /// Writes to out, with args at hand for widths and precisions.
    format_context(detail::output& out, format_args args)
        : out_(&out)
        , args_(args) {}
    format_context(const format_context&) = delete;
    format_context& operator=(const format_context&) = delete;

    /// Where to write.
    [[nodiscard]] iterator out() const { return iterator(*out_); }
    /// Writing goes on behind position.
    void advance_to(iterator position) { out_ = &position.sink(); }
    /// All arguments of the call.
    [[nodiscard]] format_args args() const { return args_; }

private:
    detail::output* out_;
    format_args args_;
};

namespace detail {

template <class T>
using plain = std::remove_cvref_t<T>;

template <class T>
concept character_type =
    std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept integer_128 = std::same_as<T, int128> || std::same_as<T, uint128>;

// Integers up to 64 bits.
template <class T>
concept small_integer =
    std::integral<T> && !character_type<T> && !std::same_as<T, bool> && !integer_128<T>;

template <class T>
concept standard_float =
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, long double>;

template <class T>
concept raw_pointer =
    std::same_as<T, void*> || std::same_as<T, const void*> || std::same_as<T, std::nullptr_t>;

template <class T>
inline constexpr bool is_string = false;
template <class Traits>
inline constexpr bool is_string<std::basic_string_view<char, Traits>> = true;
template <class Traits, class Allocator>
inline constexpr bool is_string<std::basic_string<char, Traits, Allocator>> = true;

template <class T>
inline constexpr bool is_c_string = std::same_as<T, char*> || std::same_as<T, const char*>;
template <size_t size>
inline constexpr bool is_c_string<char[size]> = true;

// Which specifications a kind of value takes.
enum class value_kind : unsigned char {
    integer,
    boolean,
    character,
    text,
    pointer,
    floating,
    padded, // only fill, alignment and width
};

enum class alignment : unsigned char { none, left, center, right };

// A parsed format specification. A width or precision that an argument gives has the argument's
// number in width_id or precision_id, else these are -1.
struct format_spec {
    int width = 0;
    int precision = -1;
    int width_id = -1;
    int precision_id = -1;
    char fill[4] = {' '};
    unsigned char fill_size = 1;
    alignment align = alignment::none;
    char sign = '-';
    bool alternate = false;
    bool zero = false;
    char type = '\0'; // '\0' where none is given
};

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr int parse_number(const char*& p, const char* end) {
    int number = 0;
    while (p != end && is_digit(*p)) {
        const int digit = *p++ - '0';
        if (number > (std::numeric_limits<int>::max() - digit) / 10) {
            report_format_error("a number in the format string is too large");
        }
        number = number * 10 + digit;
    }
    return number;
}

// The argument that a '{' before p names; p is left where the number ends.
constexpr size_t parse_arg_id(const char*& p, const char* end, format_parse_context& ctx) {
    if (p == end || !is_digit(*p)) {
        return ctx.next_arg_id();
    }
    if (*p == '0' && p + 1 != end && is_digit(p[1])) {
        report_format_error("an argument number starts with 0");
    }
    const auto id = static_cast<size_t>(parse_number(p, end));
    ctx.check_arg_id(id);
    return id;
}

// A width or precision: a number, or "{}" or "{1}" for an argument that has it.
constexpr void parse_size(const char*& p, const char* end, format_parse_context& ctx, int& value,
                          int& value_id) {
    if (*p != '{') {
        value = parse_number(p, end);
        return;
    }
    const size_t id = parse_arg_id(++p, end, ctx);
    if (p == end || *p != '}') {
        report_format_error("a nested replacement field is not closed");
    }
    ++p;
    ctx.check_dynamic_spec_integral(id);
    value_id = static_cast<int>(id);
}

constexpr alignment to_alignment(char c) {
    switch (c) {
    case '<':
        return alignment::left;
    case '^':
        return alignment::center;
    case '>':
        return alignment::right;
    default:
        return alignment::none;
    }
}

// The size of the UTF-8 sequence that a byte starts; 1 for a byte that starts none.
constexpr unsigned char sequence_size(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 1;
}

constexpr void parse_fill_and_align(const char*& p, const char* end, format_spec& spec) {
    if (p == end || *p == '{' || *p == '}') {
        return;
    }
    const unsigned char size = sequence_size(*p);
    if (end - p > size && to_alignment(p[size]) != alignment::none) {
        for (unsigned char i = 0; i < size; ++i) {
            spec.fill[i] = p[i];
        }
        spec.fill_size = size;
        spec.align = to_alignment(p[size]);
        p += size + 1;
    } else if (to_alignment(*p) != alignment::none) {
        spec.align = to_alignment(*p++);
    }
}

constexpr void parse_width(const char*& p, const char* end, format_parse_context& ctx,
                           format_spec& spec) {
    if (p != end && (is_digit(*p) || *p == '{')) {
        if (*p == '0') {
            report_format_error("the width starts with 0");
        }
        parse_size(p, end, ctx, spec.width, spec.width_id);
    }
}

// The presentation types that a kind of value takes.
constexpr std::string_view types_of(value_kind kind) {
    switch (kind) {
    case value_kind::integer:
        return "bBdoxXc";
    case value_kind::boolean:
        return "bBdoxXs";
    case value_kind::character:
        return "bBdoxXc?";
    case value_kind::text:
        return "s?";
    case value_kind::pointer:
        return "pP";
    case value_kind::floating:
        return "aAeEfFgG";
    case value_kind::padded:
        break;
    }
    return "";
}

constexpr bool is_integer_type(char type) {
    return std::string_view("bBdoxX").contains(type);
}

// Whether the value is written as a number.
constexpr bool is_numeric(value_kind kind, char type) {
    return kind == value_kind::floating || (kind == value_kind::integer && type != 'c') ||
           is_integer_type(type);
}

constexpr bool is_arithmetic(value_kind kind) {
    return kind == value_kind::integer || kind == value_kind::boolean ||
           kind == value_kind::character || kind == value_kind::floating;
}

constexpr const char* parse_checked_spec(format_parse_context& ctx, format_spec& spec,
                                         value_kind kind) {
    const char* p = ctx.begin();
    const char* const end = ctx.end();
    parse_fill_and_align(p, end, spec);
    bool sign = false;
    if (p != end && (*p == '+' || *p == '-' || *p == ' ')) {
        spec.sign = *p++;
        sign = true;
    }
    if (p != end && *p == '#') {
        spec.alternate = true;
        ++p;
    }
    if (p != end && *p == '0') {
        spec.zero = true;
        ++p;
    }
    parse_width(p, end, ctx, spec);
    bool precision = false;
    if (p != end && *p == '.') {
        precision = true;
        ++p;
        if (p == end || (!is_digit(*p) && *p != '{')) {
            report_format_error("the precision is missing after '.'");
        }
        parse_size(p, end, ctx, spec.precision, spec.precision_id);
    }
    bool locale = false;
    if (p != end && *p == 'L') {
        locale = true;
        ++p;
    }
    if (p != end && *p != '}') {
        spec.type = *p++;
        if (!types_of(kind).contains(spec.type)) {
            report_format_error("the argument's type does not take this format specification");
        }
    }
    if (p != end && *p != '}') {
        report_format_error("the format specification goes on after its type");
    }
    const bool numeric = is_numeric(kind, spec.type);
    if ((sign || spec.alternate) && !numeric) {
        report_format_error("a sign or '#' needs an argument that is written as a number");
    }
    if (spec.zero && !numeric && kind != value_kind::pointer) {
        report_format_error("'0' needs an argument that is written as a number");
    }
    if (precision && kind != value_kind::floating && kind != value_kind::text) {
        report_format_error("a precision needs a floating-point number or a string");
    }
    // Any arithmetic type, char and bool among them, in whatever form.
    if (locale && !is_arithmetic(kind)) {
        report_format_error("'L' needs a number, a character or a bool");
    }
    return p;
}

// parse_checked_spec, compiled once in the library.
const char* parse_spec_at_run_time(format_parse_context& ctx, format_spec& spec, value_kind kind);

constexpr const char* parse_spec(format_parse_context& ctx, format_spec& spec, value_kind kind) {
    if consteval {
        return parse_checked_spec(ctx, spec, kind);
    } else {
        return parse_spec_at_run_time(ctx, spec, kind);
    }
}

// Each writes a value under a specification, and takes widths and precisions from ctx's arguments.
void write_signed(format_context& ctx, const format_spec& spec, int64_t value);
void write_unsigned(format_context& ctx, const format_spec& spec, uint64_t value);
void write_signed_128(format_context& ctx, const format_spec& spec, int128 value);
void write_unsigned_128(format_context& ctx, const format_spec& spec, uint128 value);
void write_bool(format_context& ctx, const format_spec& spec, bool value);
void write_char(format_context& ctx, const format_spec& spec, char value);
void write_text(format_context& ctx, const format_spec& spec, std::string_view value);
void write_pointer(format_context& ctx, const format_spec& spec, const void* value);
void write_float(format_context& ctx, const format_spec& spec, float value);
void write_double(format_context& ctx, const format_spec& spec, double value);
void write_long_double(format_context& ctx, const format_spec& spec, const long double& value);

// Writes what write(object, context) writes, padded as spec says, to the left by default. Calls
// write twice where there is a width: once to measure.
void write_padded(format_context& ctx, const format_spec& spec, const void* object,
                  void (*write)(const void* object, format_context& ctx));

// The same for a text that write writes in pieces: quoted and escaped where spec says so.
void write_pieces(format_context& ctx, const format_spec& spec, const void* object,
                  void (*write)(const void* object, format_context& ctx));

// The part that all formatters of the basic types share.
template <value_kind kind>
struct spec_formatter {
    constexpr const char* parse(format_parse_context& ctx) { return parse_spec(ctx, spec, kind); }

    format_spec spec;
};

} // namespace detail

/// Integers up to 64 bits: b B d o x X c.
template <detail::small_integer T>
struct formatter<T, char> : private detail::spec_formatter<detail::value_kind::integer> {
    using spec_formatter::parse;
    /// Writes value.
    format_context::iterator format(T value, format_context& ctx) const {
        if constexpr (std::signed_integral<T>) {
            detail::write_signed(ctx, spec, value);
        } else {
            detail::write_unsigned(ctx, spec, value);
        }
        return ctx.out();
    }
};

/// Integers of 128 bits: b B d o x X c.
template <detail::integer_128 T>
struct formatter<T, char> : private detail::spec_formatter<detail::value_kind::integer> {
    using spec_formatter::parse;
    /// Writes value.
    format_context::iterator format(T value, format_context& ctx) const {
        if constexpr (T(-1) < T(0)) {
            detail::write_signed_128(ctx, spec, value);
        } else {
            detail::write_unsigned_128(ctx, spec, value);
        }
        return ctx.out();
    }
};

/// true and false: s, or as an integer.
template <>
struct formatter<bool, char> : private detail::spec_formatter<detail::value_kind::boolean> {
    using spec_formatter::parse;
    /// Writes value.
    format_context::iterator format(bool value, format_context& ctx) const {
        detail::write_bool(ctx, spec, value);
        return ctx.out();
    }
};

namespace detail {

// What stands for a bit that has no address, as std::vector<bool>::reference does. Recognised by
// its shape, because <vector> is too much to include for it.
template <class T>
concept bit_reference =
    std::is_class_v<T> && std::convertible_to<const T&, bool> && requires(T& bit) {
        { bit.flip() } -> std::same_as<void>;
    } && std::assignable_from<T&, bool>;

} // namespace detail

/// Elements of std::vector<bool>, as bool.
template <detail::bit_reference T>
struct formatter<T, char> : formatter<bool, char> {};

/// A character: c, ? (quoted and escaped), or its unsigned value as an integer.
template <>
struct formatter<char, char> : private detail::spec_formatter<detail::value_kind::character> {
    using spec_formatter::parse;
    /// As if the type were '?'.
    constexpr void set_debug_format() { spec.type = '?'; }
    /// Writes value.
    format_context::iterator format(char value, format_context& ctx) const {
        detail::write_char(ctx, spec, value);
        return ctx.out();
    }
};

/// Floating-point numbers: a A e E f F g G, or the shortest text that reads back as the same
/// number.
template <detail::standard_float T>
struct formatter<T, char> : private detail::spec_formatter<detail::value_kind::floating> {
    using spec_formatter::parse;
    /// Writes value.
    format_context::iterator format(T value, format_context& ctx) const {
        if constexpr (std::same_as<T, float>) {
            detail::write_float(ctx, spec, value);
        } else if constexpr (std::same_as<T, double>) {
            detail::write_double(ctx, spec, value);
        } else {
            detail::write_long_double(ctx, spec, value);
        }
        return ctx.out();
    }
};

/// Strings of all kinds: s, ? (quoted and escaped). Widths count columns: 2 for East Asian wide
/// characters and emoji, 0 for combining ones. C strings end at their NUL; a null pointer writes
/// "(null)".
template <class T>
    requires detail::is_string<T> || detail::is_c_string<T>
struct formatter<T, char> : private detail::spec_formatter<detail::value_kind::text> {
    using spec_formatter::parse;
    /// As if the type were '?'.
    constexpr void set_debug_format() { spec.type = '?'; }
    /// Writes value.
    format_context::iterator format(const T& value, format_context& ctx) const {
        if constexpr (detail::is_string<T>) {
            detail::write_text(ctx, spec, {value.data(), value.size()});
        } else {
            const char* const text = value;
            detail::write_text(ctx, spec, text == nullptr ? "(null)" : text);
        }
        return ctx.out();
    }
};

/// Addresses: p and P, 0x1f and 0X1F. Pointers to other types must be cast to const void* first.
template <detail::raw_pointer T>
struct formatter<T, char> : private detail::spec_formatter<detail::value_kind::pointer> {
    using spec_formatter::parse;
    /// Writes value.
    format_context::iterator format(T value, format_context& ctx) const {
        detail::write_pointer(ctx, spec, value);
        return ctx.out();
    }
};

/// Whether values of type T can be formatted, as std::formattable.
template <class T>
concept formattable =
    requires(formatter<detail::plain<T>>& parser, const formatter<detail::plain<T>>& writer,
             T& value, format_parse_context& parse_ctx, format_context& ctx) {
        requires std::default_initializable<formatter<detail::plain<T>>>;
        { parser.parse(parse_ctx) } -> std::convertible_to<const char*>;
        { writer.format(value, ctx) } -> std::convertible_to<format_context::iterator>;
    };

namespace detail {

// A class that counts a period, as std::chrono::duration does. Recognised by its shape, because
// <chrono> is too much to include for it.
template <class T>
concept duration = requires(const T& value) {
    typename T::rep;
    { T::period::num } -> std::convertible_to<int64_t>;
    { T::period::den } -> std::convertible_to<int64_t>;
    { value.count() } -> std::same_as<typename T::rep>;
    { T::zero() } -> std::same_as<T>;
};

// "ms", "s", "[3/7]s": the unit of a duration.
void write_unit(format_context& ctx, int64_t numerator, int64_t denominator);

} // namespace detail

/// Durations, as "1500ms", with fill, alignment and width. Units that have no name are written as
/// "[3]s" or
/// "[1/3]s".
template <detail::duration T>
struct formatter<T, char> {
    /// Reads fill, alignment and width.
    constexpr const char* parse(format_parse_context& ctx) {
        return detail::parse_spec(ctx, spec_, detail::value_kind::padded);
    }
    /// Writes value.
    format_context::iterator format(const T& value, format_context& ctx) const {
        detail::write_padded(ctx, spec_, &value, [](const void* object, format_context& inner) {
            const formatter<typename T::rep> count;
            inner.advance_to(count.format(static_cast<const T*>(object)->count(), inner));
            detail::write_unit(inner, T::period::num, T::period::den);
        });
        return ctx.out();
    }

private:
    detail::format_spec spec_;
};

namespace detail {

// Calls text(from, to) for each piece of literal text and field(id) for each replacement field.
// field leaves ctx where the field's specification ends.
template <class Text, class Field>
constexpr void scan_format(format_parse_context& ctx, const Text& text, const Field& field) {
    const char* p = ctx.begin();
    const char* const end = ctx.end();
    const char* start = p;
    while (p != end) {
        const char c = *p++;
        if (c != '{' && c != '}') {
            continue;
        }
        if (p != end && *p == c) { // doubled: one of the two is text
            text(start, p);
            start = ++p;
            continue;
        }
        if (c == '}') {
            report_format_error("a '}' closes nothing; write '}}' for the character");
        }
        text(start, p - 1);
        if (p == end) {
            report_format_error("a '{' is not closed; write '{{' for the character");
        }
        const size_t id = parse_arg_id(p, end, ctx);
        if (p != end && *p == ':') {
            ++p;
        } else if (p == end || *p != '}') {
            report_format_error("a replacement field has neither ':' nor '}' after its number");
        }
        ctx.advance_to(p);
        field(id);
        p = ctx.begin();
        if (p == end || *p != '}') {
            report_format_error("a replacement field is not closed");
        }
        start = ++p;
    }
    text(start, end);
}

template <class T>
constexpr void parse_one(format_parse_context& ctx) {
    static_assert(formattable<T>, "an argument's type has no rt0::formatter");
    if constexpr (formattable<T>) {
        formatter<plain<T>> parser;
        ctx.advance_to(parser.parse(ctx));
    }
}

// Checks text against the types of its arguments.
template <class... Args>
consteval void check_format(std::string_view text) {
    using parser = void (*)(format_parse_context&);
    // One more, because an array has at least one element.
    constexpr parser parsers[] = {&parse_one<Args>..., nullptr};
    constexpr bool integral[] = {small_integer<plain<Args>>..., false};
    format_parse_context ctx(text, sizeof...(Args), integral);
    const auto parse = [&](size_t id) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): id is below the number of arguments
        parsers[id](ctx);
    };
    scan_format(ctx, [](const char*, const char*) {}, parse);
}

} // namespace detail

/// A format string that is right for arguments of types Args: it is checked while compiling.
/// Converts from string literals and other constant strings; functions take format_string<Args...>.
template <class... Args>
class basic_format_string {
public:
    /// Checks text. A wrong one does not compile; the error names the line that says what is wrong.
    template <std::convertible_to<std::string_view> T>
    consteval basic_format_string(const T& text) // NOLINT(*-explicit-*): conversion is its purpose
        : text_(text) {
        detail::check_format<Args...>(text_);
    }

    /// The text.
    [[nodiscard]] constexpr std::string_view get() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// What a function declares as its parameter, so that Args come from the arguments alone.
template <class... Args>
using format_string = basic_format_string<std::type_identity_t<Args>...>;

namespace detail {

template <class T>
void format_custom(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    formatter<std::remove_const_t<T>> custom;
    parse_ctx.advance_to(custom.parse(parse_ctx));
    ctx.advance_to(custom.format(*static_cast<T*>(const_cast<void*>(arg.pointer)), ctx));
}

template <class T>
format_arg make_arg(T& value) {
    using type = std::remove_const_t<T>;
    if constexpr (std::same_as<type, bool>) {
        return {.unsigned_value = value, .format = &format_bool};
    } else if constexpr (std::same_as<type, char>) {
        return {.unsigned_value = static_cast<unsigned char>(value), .format = &format_char};
    } else if constexpr (small_integer<type> && std::signed_integral<type>) {
        return {.signed_value = value, .format = &format_signed};
    } else if constexpr (small_integer<type>) {
        return {.unsigned_value = value, .format = &format_unsigned};
    } else if constexpr (std::same_as<type, int128>) {
        return {.pointer = &value, .format = &format_signed_128};
    } else if constexpr (std::same_as<type, uint128>) {
        return {.pointer = &value, .format = &format_unsigned_128};
    } else if constexpr (std::same_as<type, float>) {
        return {.float_value = value, .format = &format_float};
    } else if constexpr (std::same_as<type, double>) {
        return {.double_value = value, .format = &format_double};
    } else if constexpr (std::same_as<type, long double>) {
        return {.pointer = &value, .format = &format_long_double};
    } else if constexpr (is_string<type>) {
        // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size goes with it
        return {.text = {value.data(), value.size()}, .format = &format_text};
    } else if constexpr (is_c_string<type>) {
        return {.pointer = static_cast<const char*>(value), .format = &format_c_string};
    } else if constexpr (raw_pointer<type>) {
        return {.pointer = value, .format = &format_pointer};
    } else if constexpr (formattable<const T>) {
        return {.pointer = std::addressof(value), .format = &format_custom<const T>};
    } else {
        // Formatting changes some: views that find their begin only once.
        return {.pointer = std::addressof(value), .format = &format_custom<T>};
    }
}

template <size_t count>
struct format_arg_array {
    format_arg args[count == 0 ? 1 : count];
    // NOLINTNEXTLINE(*-explicit-*): format_args is what it is made for
    operator format_args() const { return {args, count}; }
};

// The engine: fmt with args into out. A wrong fmt, which only a string that nobody checked can be,
// panics.
void vformat_to(output& out, std::string_view fmt, format_args args);

} // namespace detail

/// The arguments without their types, for a function that is not a template. What it returns
/// converts to format_args, and refers to args.
template <class... Args>
detail::format_arg_array<sizeof...(Args)> make_format_args(Args&... args) {
    static_assert((formattable<Args> && ...), "an argument's type has no rt0::formatter");
    return {{detail::make_arg(args)...}};
}

} // namespace rt0
