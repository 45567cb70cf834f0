#include "diag/format.h"

namespace rt0::detail {

namespace {

struct unit {
    int64_t numerator;
    int64_t denominator;
    const char* name;
};

constexpr int64_t kilo = 1000;
constexpr int64_t mega = kilo * kilo;
constexpr int64_t giga = kilo * mega;
constexpr int64_t tera = kilo * giga;
constexpr int64_t peta = kilo * tera;
constexpr int64_t exa = kilo * peta;

// NOLINTBEGIN(modernize-use-designated-initializers): a table
constexpr unit units[] = {
    {1, exa, "as"},  {1, peta, "fs"}, {1, tera, "ps"}, {1, giga, "ns"}, {1, mega, "µs"},
    {1, kilo, "ms"}, {1, 100, "cs"},  {1, 10, "ds"},   {1, 1, "s"},     {10, 1, "das"},
    {100, 1, "hs"},  {kilo, 1, "ks"}, {mega, 1, "Ms"}, {giga, 1, "Gs"}, {tera, 1, "Ts"},
    {peta, 1, "Ps"}, {exa, 1, "Es"},  {60, 1, "min"},  {3600, 1, "h"},  {86400, 1, "d"},
};
// NOLINTEND(modernize-use-designated-initializers)

} // namespace

void write_unit(format_context& ctx, int64_t numerator, int64_t denominator) {
    output& out = ctx.out().sink();
    for (const unit& u : units) {
        if (u.numerator == numerator && u.denominator == denominator) {
            out.write(u.name);
            return;
        }
    }
    out.put('[');
    write_signed(ctx, {}, numerator);
    if (denominator != 1) {
        out.put('/');
        write_signed(ctx, {}, denominator);
    }
    out.write("]s");
}

} // namespace rt0::detail
