// Text: how many columns UTF-8 takes, quoting and escaping, strings, characters, and padding what
// other formatters wrote.
#include "diag/format.h"

#include <cstring>

namespace rt0::detail {

namespace {

struct code_range {
    uint32_t first;
    uint32_t last;
};

// NOLINTBEGIN(modernize-use-designated-initializers): tables of pairs

// The code points that C++20 estimates at two columns.
constexpr code_range wide[] = {
    {0x1100, 0x115f},   {0x2329, 0x232a},   {0x2e80, 0x303e},   {0x3040, 0xa4cf},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff},
    {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

// Code points that only change the one before them: combining marks, variation selectors, the
// joiner, skin tones. Those of single scripts are left out.
constexpr code_range combining[] = {
    {0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x200c, 0x200d},   {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef},
};

// Code points that '?' writes by number: controls, spaces other than U+0020, format characters,
// private use, noncharacters. What Unicode has not assigned yet is not among them.
constexpr code_range unprintable[] = {
    {0x0000, 0x001f},   {0x007f, 0x00a0},   {0x00ad, 0x00ad},    {0x0600, 0x0605},
    {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},    {0x1680, 0x1680},
    {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},    {0x205f, 0x206f},
    {0x3000, 0x3000},   {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},    {0xfeff, 0xfeff},
    {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x1fffe, 0x1ffff},  {0x2fffe, 0x2ffff},
    {0x3fffe, 0x3ffff}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

// NOLINTEND(modernize-use-designated-initializers)

template <size_t size>
bool contains(const code_range (&ranges)[size], uint32_t code) {
    for (const code_range& range : ranges) {
        if (code >= range.first && code <= range.last) {
            return true;
        }
    }
    return false;
}

constexpr uint32_t invalid = 0xffffffff;

struct code_point {
    uint32_t value; // invalid, where bytes is one byte that is none
    std::string_view bytes;
};

// Takes a code point off the front of text.
code_point take_code_point(std::string_view& text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const size_t size = sequence_size(text[0]);
    uint32_t value = byte(0);
    bool valid = value < 0x80;
    if (size > 1) {
        value &= 0x7fu >> size;
        valid = size <= text.size();
        for (size_t i = 1; valid && i < size; ++i) {
            valid = (byte(i) & 0xc0) == 0x80;
            value = value << 6 | (byte(i) & 0x3f);
        }
        constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        const bool surrogate = value >= 0xd800 && value <= 0xdfff;
        valid = valid && value >= least[size] && value <= 0x10ffff && !surrogate;
    }
    const size_t used = valid ? size : 1;
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size goes with it
    const code_point taken{.value = valid ? value : invalid, .bytes = {text.data(), used}};
    text.remove_prefix(used);
    return taken;
}

// Counts columns, code point by code point.
class column_counter {
public:
    // The columns that code adds.
    size_t add(uint32_t code) {
        if (code < 0x80) {
            joined_ = false;
            return 1;
        }
        const bool joined = joined_;
        joined_ = code == 0x200d;
        if (joined || contains(combining, code)) {
            return 0;
        }
        return contains(wide, code) ? 2 : 1;
    }

private:
    bool joined_ = false; // the code point before was the zero width joiner
};

size_t width_of(std::string_view text) {
    column_counter columns;
    size_t width = 0;
    while (!text.empty()) {
        width += columns.add(take_code_point(text).value);
    }
    return width;
}

// As much of text as limit columns hold.
std::string_view truncate(std::string_view text, size_t limit) {
    column_counter columns;
    size_t width = 0;
    size_t size = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const code_point next = take_code_point(rest);
        width += columns.add(next.value);
        if (width > limit) {
            break;
        }
        size += next.bytes.size();
    }
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size goes with it
    return {text.data(), size};
}

// An output that hands what is written to it on to take(code_point), one after the other.
template <class Take>
class code_point_output : public output {
public:
    explicit code_point_output(Take take)
        : output(storage_, storage_ + sizeof storage_,
                 [](output& self) { static_cast<code_point_output&>(self).hand_on(4); })
        , take_(take) {}

    // Hands on what is left. Ends the output.
    void finish() { hand_on(1); }

private:
    // While there are least bytes: a code point may not be whole before there are 4.
    void hand_on(size_t least) {
        std::string_view text = pending();
        while (text.size() >= least) {
            take_(take_code_point(text));
        }
        clear();
        write(text); // to the front of the buffer that it is at the end of
    }

    Take take_;
    char storage_[64];
};

void write_escape(output& out, char letter, uint32_t number) {
    char digits[8];
    char* const end = digits + sizeof digits;
    out.put('\\');
    out.put(letter);
    out.put('{');
    out.write({write_digits(end, number, 'x'), end});
    out.put('}');
}

// Writes code points as they stand between quotes, escaped where they have to be.
class escaper {
public:
    escaper(output& out, char quote)
        : out_(out)
        , quote_(quote) {}

    void add(const code_point& next) {
        const uint32_t code = next.value;
        bool escaped = true;
        if (code == '\t') {
            out_.write("\\t");
        } else if (code == '\n') {
            out_.write("\\n");
        } else if (code == '\r') {
            out_.write("\\r");
        } else if (code == '\\' || code == static_cast<unsigned char>(quote_)) {
            out_.put('\\');
            out_.put(static_cast<char>(code));
        } else if (code == invalid) {
            write_escape(out_, 'x', static_cast<unsigned char>(next.bytes[0]));
        } else if (contains(unprintable, code) || (after_escape_ && contains(combining, code))) {
            // A combining mark must not change the quote or the escape before it.
            write_escape(out_, 'u', code);
        } else {
            out_.write(next.bytes);
            escaped = false;
        }
        after_escape_ = escaped;
    }

private:
    output& out_;
    char quote_;
    bool after_escape_ = true; // or the quote
};

void write_escaped(output& out, std::string_view text, char quote) {
    out.put(quote);
    escaper escaped(out, quote);
    while (!text.empty()) {
        escaped.add(take_code_point(text));
    }
    out.put(quote);
}

void write_quoted(format_context& ctx, const format_spec& unresolved, std::string_view text,
                  char quote) {
    const format_spec spec = resolve(unresolved, ctx);
    struct call {
        std::string_view text;
        char quote;
    };
    const call object{.text = text, .quote = quote};
    write_padded(ctx, spec, &object, [](const void* erased, format_context& inner) {
        const auto* const c = static_cast<const call*>(erased);
        write_escaped(inner.out().sink(), c->text, c->quote);
    });
}

} // namespace

void write_text(format_context& ctx, const format_spec& unresolved, std::string_view value) {
    if (unresolved.type == '?') {
        write_quoted(ctx, unresolved, value, '"');
        return;
    }
    const format_spec spec = resolve(unresolved, ctx);
    output& out = ctx.out().sink();
    if (spec.precision >= 0) {
        value = truncate(value, static_cast<size_t>(spec.precision));
    }
    const size_t width = spec.width > 0 ? width_of(value) : 0;
    const size_t after = begin_padded(out, spec, width, alignment::left);
    out.write(value);
    out.fill(fill_of(spec), after);
}

void write_char(format_context& ctx, const format_spec& spec, char value) {
    if (is_integer_type(spec.type)) {
        write_unsigned(ctx, spec, static_cast<unsigned char>(value));
    } else if (spec.type == '?') {
        write_quoted(ctx, spec, {&value, 1}, '\'');
    } else {
        write_ascii(ctx.out().sink(), resolve(spec, ctx), {&value, 1});
    }
}

void write_padded(format_context& ctx, const format_spec& unresolved, const void* object,
                  void (*write)(const void* object, format_context& ctx)) {
    const format_spec spec = resolve(unresolved, ctx);
    if (spec.width == 0 && spec.precision < 0) {
        write(object, ctx);
        return;
    }
    output& out = ctx.out().sink();
    const size_t limit = spec.precision < 0 ? std::numeric_limits<size_t>::max()
                                            : static_cast<size_t>(spec.precision);
    // Returns the columns, and passes on to target, where there is one, the text that limit columns
    // hold.
    const auto pass = [&](output* target) {
        column_counter columns;
        size_t width = 0;
        bool full = false;
        code_point_output points([&](const code_point& next) {
            const size_t more = columns.add(next.value);
            full = full || more > limit - width;
            if (!full) {
                width += more;
                if (target != nullptr) {
                    target->write(next.bytes);
                }
            }
        });
        format_context inner(points, ctx.args());
        write(object, inner);
        points.finish();
        return width;
    };
    const size_t after = begin_padded(out, spec, pass(nullptr), alignment::left);
    pass(&out);
    out.fill(fill_of(spec), after);
}

void write_pieces(format_context& ctx, const format_spec& spec, const void* object,
                  void (*write)(const void* object, format_context& ctx)) {
    if (spec.type != '?') {
        write_padded(ctx, spec, object, write);
        return;
    }
    struct call {
        const void* object;
        void (*write)(const void* object, format_context& ctx);
    };
    const call all{.object = object, .write = write};
    write_padded(ctx, spec, &all, [](const void* erased, format_context& inner) {
        const auto* const c = static_cast<const call*>(erased);
        output& out = inner.out().sink();
        out.put('"');
        escaper escaped(out, '"');
        code_point_output points([&](const code_point& next) { escaped.add(next); });
        format_context within(points, inner.args());
        c->write(c->object, within);
        points.finish();
        out.put('"');
    });
}

void format_text(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_text(ctx, parse_run_time(parse_ctx, value_kind::text), {arg.text.data, arg.text.size});
}

void format_c_string(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    const auto* const text = static_cast<const char*>(arg.pointer);
    write_text(ctx, parse_run_time(parse_ctx, value_kind::text), text == nullptr ? "(null)" : text);
}

void format_char(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_char(ctx, parse_run_time(parse_ctx, value_kind::character),
               static_cast<char>(arg.unsigned_value));
}

} // namespace rt0::detail
