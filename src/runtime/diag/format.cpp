// The formatting engine: format strings, padding, and the arguments that nearly every program has.
#include "diag/format.h"

#include <cstring>

#include "base/fatal.h"
#include "base/text.h"

namespace rt0 {

void report_format_error(const char* message) {
    runtime::text<128> line;
    line << "format: " << message;
    runtime::panic(line.view());
}

namespace detail {

void output::write(std::string_view text) {
    while (!text.empty()) {
        if (cursor_ == end_) {
            overflow_(*this);
        }
        const auto room = static_cast<size_t>(end_ - cursor_);
        const size_t size = text.size() < room ? text.size() : room;
        std::memcpy(cursor_, text.data(), size);
        cursor_ += size;
        text.remove_prefix(size);
    }
}

void output::fill(std::string_view unit, size_t count) {
    for (; count > 0; --count) {
        for (const char c : unit) {
            put(c);
        }
    }
}

const char* parse_spec_at_run_time(format_parse_context& ctx, format_spec& spec, value_kind kind) {
    return parse_checked_spec(ctx, spec, kind);
}

namespace {

int size_argument(format_args args, int id) {
    if (static_cast<size_t>(id) >= args.count) {
        report_format_error("the format string names an argument that is not there");
    }
    const format_arg& arg = args.data[id];
    const bool is_signed = arg.format == &format_signed;
    if (!is_signed && arg.format != &format_unsigned) {
        report_format_error("a width or precision argument must be an integer");
    }
    if ((is_signed && arg.signed_value < 0) ||
        arg.unsigned_value > uint64_t{std::numeric_limits<int>::max()}) {
        report_format_error("a width or precision argument is negative or too large");
    }
    return static_cast<int>(arg.unsigned_value);
}

} // namespace

format_spec resolve(const format_spec& spec, const format_context& ctx) {
    format_spec resolved = spec;
    if (spec.width_id >= 0) {
        resolved.width = size_argument(ctx.args(), spec.width_id);
    }
    if (spec.precision_id >= 0) {
        resolved.precision = size_argument(ctx.args(), spec.precision_id);
    }
    return resolved;
}

size_t begin_padded(output& out, const format_spec& spec, size_t width, alignment normal) {
    const auto wanted = static_cast<size_t>(spec.width);
    if (wanted <= width) {
        return 0;
    }
    const size_t total = wanted - width;
    const alignment align = spec.align == alignment::none ? normal : spec.align;
    const size_t before = align == alignment::right    ? total
                          : align == alignment::center ? total / 2
                                                       : 0;
    out.fill(fill_of(spec), before);
    return total - before;
}

size_t begin_number(output& out, const format_spec& spec, std::string_view prefix, size_t size) {
    size += prefix.size();
    const auto wanted = static_cast<size_t>(spec.width);
    if (spec.zero && spec.align == alignment::none) {
        out.write(prefix);
        out.fill("0", wanted > size ? wanted - size : 0);
        return 0;
    }
    const size_t after = begin_padded(out, spec, size, alignment::right);
    out.write(prefix);
    return after;
}

void write_number(output& out, const format_spec& spec, std::string_view prefix,
                  std::string_view digits) {
    const size_t after = begin_number(out, spec, prefix, digits.size());
    out.write(digits);
    out.fill(fill_of(spec), after);
}

void write_ascii(output& out, const format_spec& spec, std::string_view text) {
    const size_t after = begin_padded(out, spec, text.size(), alignment::left);
    out.write(text);
    out.fill(fill_of(spec), after);
}

namespace {

void write_integer(format_context& ctx, const format_spec& unresolved, bool negative,
                   uint64_t magnitude) {
    const format_spec spec = resolve(unresolved, ctx);
    output& out = ctx.out().sink();
    if (spec.type == 'c') {
        if (negative ? magnitude > 128 : magnitude > 127) {
            report_format_error("an integer is out of range for type c");
        }
        const char c = static_cast<char>(negative ? 0 - magnitude : magnitude);
        write_ascii(out, spec, {&c, 1});
        return;
    }
    const number_prefix prefix(spec, negative, magnitude == 0);
    char digits[64];
    char* const end = digits + sizeof digits;
    write_number(out, spec, prefix.view(), {write_digits(end, magnitude, spec.type), end});
}

} // namespace

void write_signed(format_context& ctx, const format_spec& spec, int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    write_integer(ctx, spec, value < 0, value < 0 ? 0 - bits : bits);
}

void write_unsigned(format_context& ctx, const format_spec& spec, uint64_t value) {
    write_integer(ctx, spec, false, value);
}

void write_bool(format_context& ctx, const format_spec& spec, bool value) {
    if (is_integer_type(spec.type)) {
        write_unsigned(ctx, spec, value ? 1 : 0);
    } else {
        write_ascii(ctx.out().sink(), resolve(spec, ctx), value ? "true" : "false");
    }
}

void write_pointer(format_context& ctx, const format_spec& spec, const void* value) {
    format_spec number = spec;
    number.alternate = true;
    number.type = spec.type == 'P' ? 'X' : 'x';
    write_unsigned(ctx, number, reinterpret_cast<uintptr_t>(value));
}

void format_signed(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_signed(ctx, parse_run_time(parse_ctx, value_kind::integer), arg.signed_value);
}

void format_unsigned(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_unsigned(ctx, parse_run_time(parse_ctx, value_kind::integer), arg.unsigned_value);
}

void format_bool(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_bool(ctx, parse_run_time(parse_ctx, value_kind::boolean), arg.unsigned_value != 0);
}

void format_pointer(const format_arg& arg, format_parse_context& parse_ctx, format_context& ctx) {
    write_pointer(ctx, parse_run_time(parse_ctx, value_kind::pointer), arg.pointer);
}

void vformat_to(output& out, std::string_view fmt, format_args args) {
    format_parse_context parse_ctx(fmt, args.count);
    format_context ctx(out, args);
    scan_format(
        parse_ctx,
        [&out](const char* from, const char* to) {
            out.write({from, static_cast<size_t>(to - from)});
        },
        [&](size_t id) { args.data[id].format(args.data[id], parse_ctx, ctx); });
}

} // namespace detail
} // namespace rt0
