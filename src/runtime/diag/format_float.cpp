// float and double. A program that formats neither does not link this file.
#include "diag/format_float.h"

namespace rt0::detail {

void write_special(output& out, const format_spec& spec, const float_parts& number) {
    format_spec padded = spec;
    padded.zero = false;
    const bool upper = spec.type >= 'A' && spec.type <= 'Z';
    const char* const text =
        number.kind == float_class::infinite ? (upper ? "INF" : "inf") : (upper ? "NAN" : "nan");
    write_number(out, padded, number_prefix(spec, number.negative, false).view(), text);
}

void write_hexadecimal(output& out, const format_spec& spec, const float_parts& number) {
    int64_t places = number.hex_fraction_bits / 4;
    uint64_t mantissa = number.hex_mantissa;
    int exponent = number.mantissa == 0 ? 0 : number.hex_exponent;
    int64_t zeroes = 0;
    if (spec.precision < 0) {
        for (; places > 0 && mantissa % 16 == 0; --places) {
            mantissa /= 16;
        }
    } else if (spec.precision >= places) {
        zeroes = spec.precision - places;
    } else {
        const auto dropped_bits = static_cast<unsigned>(places - spec.precision) * 4;
        const uint64_t half = uint64_t{1} << (dropped_bits - 1);
        const uint64_t dropped = mantissa & (2 * half - 1);
        mantissa >>= dropped_bits;
        if (dropped > half || (dropped == half && mantissa % 2 != 0)) {
            ++mantissa;
        }
        places = spec.precision;
        if (mantissa >> (4 * places) == 16) { // f.ff becomes 10.0
            mantissa >>= 4;
            exponent += 4;
        }
    }
    const bool upper = spec.type == 'A';
    const exponent_text exponent_part(upper ? 'P' : 'p', exponent, 1);
    const bool point = places + zeroes > 0 || spec.alternate;
    const int64_t size = 1 + (point ? 1 : 0) + places + zeroes;
    const number_prefix sign(spec, number.negative, false);
    const size_t after = begin_number(out, spec, sign.view(),
                                      static_cast<size_t>(size) + exponent_part.view().size());
    const char* const alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (int64_t i = places; i >= 0; --i) {
        out.put(alphabet[mantissa >> (4 * i) & 15]);
        if (i == places && point) {
            out.put('.');
        }
    }
    out.fill("0", static_cast<size_t>(zeroes));
    out.write(exponent_part.view());
    out.fill(fill_of(spec), after);
}

namespace {

// An IEEE 754 number with fraction bits behind the implied one.
float_parts take_apart(uint64_t bits, int fraction_bits, int exponent_bits) {
    const uint64_t fraction = bits & ((uint64_t{1} << fraction_bits) - 1);
    const int largest = (1 << exponent_bits) - 1;
    const int biased = static_cast<int>(bits >> fraction_bits) & largest;
    const bool normal = biased != 0;
    const int unit = (normal ? biased : 1) - largest / 2;
    const int hex_bits = (fraction_bits + 3) / 4 * 4;
    float_parts parts{};
    parts.mantissa = fraction | (normal ? uint64_t{1} << fraction_bits : 0);
    parts.exponent = unit - fraction_bits;
    parts.negative = bits >> (fraction_bits + exponent_bits) != 0;
    parts.kind = biased != largest ? float_class::finite
                 : fraction == 0   ? float_class::infinite
                                   : float_class::nan;
    parts.even_gap = fraction != 0 || biased <= 1;
    parts.hex_fraction_bits = hex_bits;
    parts.hex_mantissa = parts.mantissa << (hex_bits - fraction_bits);
    parts.hex_exponent = unit;
    return parts;
}

// A float is a double with fewer digits: the same code serves both.
void write_parts(format_context& ctx, const format_spec& spec, const float_parts& number) {
    // A half way of two doubles: 1076 places behind the point, or 309 digits before it.
    write_floating<limbs_for(1076, 309), uint64_t>(ctx, spec, number);
}

} // namespace

void write_float(format_context& ctx, const format_spec& spec, float value) {
    write_parts(ctx, spec, take_apart(std::bit_cast<uint32_t>(value), 23, 8));
}

void write_double(format_context& ctx, const format_spec& spec, double value) {
    write_parts(ctx, spec, take_apart(std::bit_cast<uint64_t>(value), 52, 11));
}

void format_float(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_float(ctx, parse_run_time(parse_ctx, value_kind::floating), arg.float_value);
}

void format_double(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_double(ctx, parse_run_time(parse_ctx, value_kind::floating), arg.double_value);
}

} // namespace rt0::detail
