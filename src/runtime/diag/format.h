// What the formatting engine's parts share.
#pragma once

#include <rt0/formatter.h>

namespace rt0::detail {

// spec with the widths and precisions that ctx's arguments give.
format_spec resolve(const format_spec& spec, const format_context& ctx);

inline std::string_view fill_of(const format_spec& spec) {
    return {spec.fill, spec.fill_size};
}

// The specification that parse_ctx is at; parse_ctx is left at its end.
inline format_spec parse_run_time(format_parse_context& parse_ctx, value_kind kind) {
    format_spec spec;
    parse_ctx.advance_to(parse_spec_at_run_time(parse_ctx, spec, kind));
    return spec;
}

// The begin functions write what stands before a text of the given width or size, and return how
// many fill characters to write after it. A number's padding may be zeroes, between prefix and
// digits.
size_t begin_padded(output& out, const format_spec& spec, size_t width, alignment normal);
size_t begin_number(output& out, const format_spec& spec, std::string_view prefix, size_t size);

void write_number(output& out, const format_spec& spec, std::string_view prefix,
                  std::string_view digits);
// A text of one column a character, to the left by default.
void write_ascii(output& out, const format_spec& spec, std::string_view text);

// What stands before a number's digits: its sign, and its base under '#'.
class number_prefix {
public:
    number_prefix(const format_spec& spec, bool negative, bool is_zero) {
        if (negative || spec.sign != '-') {
            put(negative ? '-' : spec.sign);
        }
        if (spec.alternate && is_integer_type(spec.type) && spec.type != 'd') {
            if (spec.type != 'o') {
                put('0');
                put(spec.type);
            } else if (!is_zero) {
                put('0');
            }
        }
    }

    [[nodiscard]] std::string_view view() const { return {text_, size_}; }

private:
    void put(char c) { text_[size_++] = c; }

    char text_[3];
    unsigned char size_ = 0;
};

// Writes value's digits before end, in the base of an integer's presentation type, and returns
// their begin.
template <class T>
char* write_digits(char* end, T value, char type) {
    const auto write_in = [&](auto base, const char* alphabet) {
        do {
            *--end = alphabet[static_cast<unsigned>(value % base())];
            value /= base();
        } while (value != 0);
    };
    const char* const lower = "0123456789abcdef";
    switch (type) {
    case 'b':
    case 'B':
        write_in(std::integral_constant<unsigned, 2>(), lower);
        break;
    case 'o':
        write_in(std::integral_constant<unsigned, 8>(), lower);
        break;
    case 'x':
        write_in(std::integral_constant<unsigned, 16>(), lower);
        break;
    case 'X':
        write_in(std::integral_constant<unsigned, 16>(), "0123456789ABCDEF");
        break;
    default:
        write_in(std::integral_constant<unsigned, 10>(), lower);
        break;
    }
    return end;
}

} // namespace rt0::detail
