#include "diag/format.h"

namespace rt0::detail {

namespace {

void write_integer(format_context& ctx, const format_spec& unresolved, bool negative,
                   uint128 magnitude) {
    if (unresolved.type == 'c') {
        if (magnitude > 128) {
            report_format_error("an integer is out of range for type c");
        }
        const auto small = static_cast<int64_t>(magnitude);
        write_signed(ctx, unresolved, negative ? -small : small);
        return;
    }
    const format_spec spec = resolve(unresolved, ctx);
    const number_prefix prefix(spec, negative, magnitude == 0);
    char digits[128];
    char* const end = digits + sizeof digits;
    write_number(ctx.out().sink(), spec, prefix.view(),
                 {write_digits(end, magnitude, spec.type), end});
}

} // namespace

void write_signed_128(format_context& ctx, const format_spec& spec, int128 value) {
    const auto bits = static_cast<uint128>(value);
    write_integer(ctx, spec, value < 0, value < 0 ? 0 - bits : bits);
}

void write_unsigned_128(format_context& ctx, const format_spec& spec, uint128 value) {
    write_integer(ctx, spec, false, value);
}

void format_signed_128(const format_arg& arg, format_parse_context& parse_ctx,
                       format_context& ctx) {
    write_signed_128(ctx, parse_run_time(parse_ctx, value_kind::integer),
                     *static_cast<const int128*>(arg.pointer));
}

void format_unsigned_128(const format_arg& arg, format_parse_context& parse_ctx,
                         format_context& ctx) {
    write_unsigned_128(ctx, parse_run_time(parse_ctx, value_kind::integer),
                       *static_cast<const uint128*>(arg.pointer));
}

} // namespace rt0::detail
