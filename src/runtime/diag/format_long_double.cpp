// long double, the x87's: a 64-bit mantissa without an implied bit. Formatting one takes more stack
// than the other types do: 2.3 KiB, for the 4933 digits of the largest.
#include "diag/format_float.h"

namespace rt0::detail {

namespace {

float_parts take_apart(const long double& value) {
    uint64_t mantissa = 0;
    uint16_t sign_and_exponent = 0;
    const char* const bytes = reinterpret_cast<const char*>(&value);
    std::memcpy(&mantissa, bytes, sizeof mantissa);
    std::memcpy(&sign_and_exponent, bytes + sizeof mantissa, sizeof sign_and_exponent);

    constexpr uint64_t one = uint64_t{1} << 63;
    constexpr int largest = 0x7fff;
    const int biased = sign_and_exponent & largest;
    const int unit = (biased != 0 ? biased : 1) - largest / 2;
    float_parts parts{};
    parts.mantissa = mantissa;
    parts.exponent = unit - 63;
    parts.negative = sign_and_exponent >> 15 != 0;
    parts.kind = biased != largest ? float_class::finite
                 : mantissa == one ? float_class::infinite
                                   : float_class::nan;
    parts.even_gap = mantissa != one || biased <= 1;
    parts.hex_fraction_bits = 60;
    parts.hex_mantissa = mantissa;
    parts.hex_exponent = unit - 3;
    return parts;
}

} // namespace

void write_long_double(format_context& ctx, const format_spec& spec, const long double& value) {
    // A half way of two of them: 16447 places behind the point, or 4933 digits before it.
    write_floating<limbs_for(16447, 4933), uint128>(ctx, spec, take_apart(value));
}

void format_long_double(const format_arg& arg, format_parse_context& parse_ctx,
                        format_context& ctx) {
    write_long_double(ctx, parse_run_time(parse_ctx, value_kind::floating),
                      *static_cast<const long double*>(arg.pointer));
}

} // namespace rt0::detail
