#include <rt0/error.h>
#include <rt0/format.h>
#include <rt0/print.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <random>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/fatal.h"
#include "os/os.h"

// The floors below, for the test: writes are kept, mappings can be refused.
namespace {

struct kernel {
    std::vector<std::pair<int, std::string>> writes;
    int write_result = 0;
    bool has_memory = true;
    long mappings = 0;
    long map_calls = 0;
} host;

struct runtime_panic : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace

namespace runtime {

void panic(std::string_view text) {
    throw runtime_panic(std::string(text));
}

namespace os {

int write_all(int fd, const char* data, size_t size) {
    host.writes.emplace_back(fd, std::string(data, size));
    return host.write_result;
}

void* map(size_t size, int* error) {
    ++host.map_calls;
    if (!host.has_memory) {
        *error = -ENOMEM;
        return nullptr;
    }
    ++host.mappings;
    return std::calloc(1, size);
}

int unmap(void* address, size_t /*size*/) {
    --host.mappings;
    std::free(address);
    return 0;
}

} // namespace os
} // namespace runtime

// User types, as one would write them for std::formatter.
namespace {

struct point {
    int x;
    int y;
};

struct color {
    std::string_view name;
};

struct box {
    int value;
};

// Ranges that say how they are written.
struct letters_as_string : std::list<char> {};
struct letters_in_quotes : std::list<char> {};

// Only formattable where it may be changed.
struct counter {
    int calls = 0;
};

} // namespace

template <>
inline constexpr rt0::range_format rt0::format_kind<letters_as_string> = rt0::range_format::string;
template <>
inline constexpr rt0::range_format rt0::format_kind<letters_in_quotes> =
    rt0::range_format::debug_string;

template <>
struct rt0::formatter<point> {
    constexpr auto parse(rt0::format_parse_context& ctx) {
        auto it = ctx.begin();
        if (it != ctx.end() && (*it == 'p' || *it == 'c')) {
            polar_ = *it++ == 'p';
        }
        if (it != ctx.end() && *it != '}') {
            throw rt0::format_error("bad point");
        }
        return it;
    }
    auto format(const point& p, rt0::format_context& ctx) const {
        return polar_ ? rt0::format_to(ctx.out(), "<{};{}>", p.x, p.y)
                      : rt0::format_to(ctx.out(), "({}, {})", p.x, p.y);
    }

private:
    bool polar_ = false;
};

template <>
struct rt0::formatter<color> : rt0::formatter<std::string_view> {
    auto format(color c, auto& ctx) const {
        return rt0::formatter<std::string_view>::format(c.name, ctx);
    }
};

template <>
struct rt0::formatter<box, char> {
    template <class ParseContext>
    constexpr typename ParseContext::iterator parse(ParseContext& ctx) {
        return inner_.parse(ctx);
    }
    template <class FormatContext>
    typename FormatContext::iterator format(const box& b, FormatContext& ctx) const {
        auto out = ctx.out();
        *out++ = '[';
        ctx.advance_to(out);
        out = inner_.format(b.value, ctx);
        return std::ranges::copy(std::string_view("]"), out).out;
    }

private:
    rt0::formatter<int> inner_;
};

template <>
struct rt0::formatter<counter> {
    constexpr auto parse(rt0::format_parse_context& ctx) { return ctx.begin(); }
    auto format(counter& c, rt0::format_context& ctx) const {
        return rt0::format_to(ctx.out(), "{}", ++c.calls);
    }
};

namespace {

using rt0::format;
using namespace std::string_literals;

template <class... Args>
std::string run_time(std::string_view fmt, const Args&... args) {
    return rt0::vformat(fmt, rt0::make_format_args(args...));
}

std::string panic_of(auto&& call) {
    try {
        call();
    } catch (const runtime_panic& e) {
        return e.what();
    }
    return "no panic";
}

template <class... Args>
std::string run_time_panic(std::string_view fmt, const Args&... args) {
    return panic_of([&] { (void)run_time(fmt, args...); });
}

std::string printf_text(const char* fmt, auto... args) {
    static char text[20000];
    const int size = std::snprintf(text, sizeof text, fmt, args...);
    return {text, static_cast<size_t>(size)};
}

TEST(format_fields, text_and_braces) {
    EXPECT_EQ(format(""), "");
    EXPECT_EQ(format("plain"), "plain");
    EXPECT_EQ(format("{{}}"), "{}");
    EXPECT_EQ(format("{{{}}}", 1), "{1}");
    EXPECT_EQ(format("}}{{"), "}{");
    EXPECT_EQ(format("a{}b{}c", 1, 2), "a1b2c");
    EXPECT_EQ(format("{}{}{}", 1, 2, 3), "123");
    EXPECT_EQ(format(std::string_view("a\0b{}", 5), 1), "a\0b1"s);
    EXPECT_EQ(format("{1}{0}{1}", 1, 2), "212");
    EXPECT_EQ(format("{:}", 7), "7");
    EXPECT_EQ(format("unused", 1, 2), "unused");
    EXPECT_EQ(format("naïve – {}", 1), "naïve – 1");
}

TEST(format_fields, fill_align_width) {
    EXPECT_EQ(format("{:5}|", 42), "   42|");
    EXPECT_EQ(format("{:<5}|", 42), "42   |");
    EXPECT_EQ(format("{:^5}|", 42), " 42  |");
    EXPECT_EQ(format("{:*>5}|", 42), "***42|");
    EXPECT_EQ(format("{:*^6}|", "ab"), "**ab**|");
    EXPECT_EQ(format("{:5}|", "ab"), "ab   |");
    EXPECT_EQ(format("{:>5}|", "ab"), "   ab|");
    EXPECT_EQ(format("{:<<4}|", 1), "1<<<|");
    EXPECT_EQ(format("{:é^5}|", "x"), "ééxéé|");
    EXPECT_EQ(format("{:😀>3}|", 1), "😀😀1|");
    EXPECT_EQ(format("{:1}", 1234), "1234");
    EXPECT_EQ(format("{:300}", 1).size(), 300u);
    EXPECT_EQ(format("{:>1000}", "x"), std::string(999, ' ') + "x");
}

TEST(format_fields, dynamic_width_and_precision) {
    EXPECT_EQ(format("{:{}}|", 42, 5), "   42|");
    EXPECT_EQ(format("{:*<{}}|", 42, 5), "42***|");
    EXPECT_EQ(format("{1:{0}}|", 5, 42), "   42|");
    EXPECT_EQ(format("{:.{}}", "abcdef", 3), "abc");
    EXPECT_EQ(format("{:{}.{}f}|", 3.14159, 8, 2), "    3.14|");
    EXPECT_EQ(format("{0:{2}.{1}}|", "abcdef", 3L, 5ULL), "abc  |");
    EXPECT_EQ(format("{:{}}|", 7, static_cast<unsigned char>(3)), "  7|");
    EXPECT_EQ(format("{:{}}|", "a", 0), "a|");
    EXPECT_EQ(panic_of([] { (void)format("{:{}}", 1, -1); }),
              "format: a width or precision argument is negative or too large");
    EXPECT_EQ(panic_of([] { (void)format("{:{}}", 1, 1ULL << 31); }),
              "format: a width or precision argument is negative or too large");
    EXPECT_EQ(panic_of([] { (void)format("{:.{}}", "x", std::numeric_limits<int64_t>::min()); }),
              "format: a width or precision argument is negative or too large");
    EXPECT_EQ(format("{:.{}}", "x", std::numeric_limits<int>::max()), "x");
}

TEST(format_fields, run_time_strings_panic_where_wrong) {
    EXPECT_EQ(run_time("{:>{}}", 1, 3), "  1");
    EXPECT_TRUE(run_time_panic("{").starts_with("format: a '{' is not closed"));
    EXPECT_TRUE(run_time_panic("}").starts_with("format: a '}' closes nothing"));
    EXPECT_TRUE(run_time_panic("{}").starts_with("format: the format string names an argument"));
    EXPECT_TRUE(
        run_time_panic("{1}", 1).starts_with("format: the format string names an argument"));
    EXPECT_TRUE(
        run_time_panic("{:{}}", 1).starts_with("format: the format string names an argument"));
    EXPECT_TRUE(run_time_panic("{0}{}", 1).starts_with("format: automatic"));
    EXPECT_TRUE(run_time_panic("{}{0}", 1).starts_with("format: manual"));
    EXPECT_TRUE(run_time_panic("{00}", 1).starts_with("format: an argument number"));
    EXPECT_TRUE(run_time_panic("{0", 1).starts_with("format: a replacement field has neither"));
    EXPECT_TRUE(run_time_panic("{:", 1).starts_with("format: a replacement field is not closed"));
    EXPECT_TRUE(run_time_panic("{:x", 1).starts_with("format: a replacement field is not closed"));
    EXPECT_TRUE(run_time_panic("{:s}", 1).starts_with("format: the argument's type"));
    EXPECT_TRUE(run_time_panic("{:xx}", 1).starts_with("format: the format specification goes on"));
    EXPECT_TRUE(run_time_panic("{:99999999999}", 1).starts_with("format: a number in the format"));
    EXPECT_TRUE(run_time_panic("{:2147483648}", 1).starts_with("format: a number in the format"));
    EXPECT_TRUE(run_time_panic("{:00}", 1).starts_with("format: the width starts with 0"));
    EXPECT_TRUE(run_time_panic("{:.}", 1.0).starts_with("format: the precision is missing"));
    EXPECT_TRUE(run_time_panic("{:.2}", 1).starts_with("format: a precision needs"));
    EXPECT_TRUE(run_time_panic("{:+}", "x").starts_with("format: a sign or '#' needs"));
    EXPECT_TRUE(run_time_panic("{:#c}", 1).starts_with("format: a sign or '#' needs"));
    EXPECT_TRUE(run_time_panic("{:010}", "x").starts_with("format: '0' needs"));
    for (const char* const spec : {"{:L}", "{:Ls}"}) {
        EXPECT_TRUE(run_time_panic(spec, "x").starts_with("format: 'L' needs")) << spec;
    }
    EXPECT_TRUE(run_time_panic("{:L}", nullptr).starts_with("format: 'L' needs"));
    EXPECT_TRUE(run_time_panic("{:LL}", 1).starts_with("format: the argument's type"));
    EXPECT_TRUE(run_time_panic("{:L+}", 1).starts_with("format: the argument's type"));
    EXPECT_TRUE(
        run_time_panic("{:{}}", 1, true).starts_with("format: a width or precision argument must"));
    EXPECT_TRUE(
        run_time_panic("{:{}}", 1, 2.0).starts_with("format: a width or precision argument must"));
    EXPECT_TRUE(run_time_panic("{:{", 1, 2).starts_with("format: a nested replacement field"));
    EXPECT_TRUE(run_time_panic("{:d", "x").starts_with("format: the argument's type"));
    // A sequence that the string cuts off is not looked for behind its end.
    EXPECT_TRUE(run_time_panic("{:\xf0", 1).starts_with("format: the argument's type"));
}

TEST(format_integers, presentation_types) {
    EXPECT_EQ(format("{} {:d}", 42, -42), "42 -42");
    EXPECT_EQ(format("{:b} {:B} {:o} {:x} {:X}", 10, 10, 10, 0xabc, 0xabc), "1010 1010 12 abc ABC");
    EXPECT_EQ(format("{:#b} {:#B} {:#o} {:#x} {:#X} {:#d}", 10, 10, 10, 0xabc, 0xabc, 7),
              "0b1010 0B1010 012 0xabc 0XABC 7");
    EXPECT_EQ(format("{:#x} {:#o} {:#b}", 0, 0, 0), "0x0 0 0b0");
    EXPECT_EQ(format("{:x} {:#x} {:b}", -255, -255, -5), "-ff -0xff -101");
    EXPECT_EQ(format("{:c}{:c}", 65, 0x7fL), "A\x7f");
    EXPECT_EQ(format("{:4c}|", 65), "A   |");
    EXPECT_EQ(format("{:c}", -128), "\x80");
    EXPECT_EQ(panic_of([] { (void)format("{:c}", 128); }),
              "format: an integer is out of range for type c");
    EXPECT_EQ(panic_of([] { (void)format("{:c}", -129); }),
              "format: an integer is out of range for type c");
    EXPECT_EQ(format("{:L} {:+08Ld} {:#Lx} {:Lc}|{:*<4L}|", 1234567, 1234, 255, 65, 7),
              "1234567 +0001234 0xff A|7***|");
    EXPECT_EQ(format("{:{}L}|{:0{}L}", 7, 3, 7, 3), "  7|007");
}

TEST(format_integers, signs_and_zeroes) {
    EXPECT_EQ(format("{:+} {:+} {: } {: } {:-}", 1, -1, 1, -1, 1), "+1 -1  1 -1 1");
    EXPECT_EQ(format("{:+} {: }", 0, 0), "+0  0");
    EXPECT_EQ(format("{:05}|{:05}|{:+05}", 42, -42, 42), "00042|-0042|+0042");
    EXPECT_EQ(format("{:#06x}|{:#010b}", 10, 5), "0x000a|0b00000101");
    EXPECT_EQ(format("{:<05}|{:^05}|{:>05}", 42, 42, 42), "42   | 42  |   42");
    EXPECT_EQ(format("{:02}", 12345), "12345");
}

TEST(format_integers, limits_of_all_types) {
    EXPECT_EQ(format("{} {}", std::numeric_limits<signed char>::min(),
                     std::numeric_limits<unsigned char>::max()),
              "-128 255");
    EXPECT_EQ(format("{} {}", std::numeric_limits<short>::min(),
                     std::numeric_limits<unsigned short>::max()),
              "-32768 65535");
    EXPECT_EQ(
        format("{} {}", std::numeric_limits<int>::min(), std::numeric_limits<unsigned>::max()),
        "-2147483648 4294967295");
    EXPECT_EQ(format("{} {}", std::numeric_limits<long>::min(),
                     std::numeric_limits<unsigned long>::max()),
              "-9223372036854775808 18446744073709551615");
    EXPECT_EQ(format("{} {}", std::numeric_limits<long long>::min(),
                     std::numeric_limits<unsigned long long>::max()),
              "-9223372036854775808 18446744073709551615");
    EXPECT_EQ(format("{:b}", std::numeric_limits<unsigned long>::max()), std::string(64, '1'));
    EXPECT_EQ(format("{:#b}", std::numeric_limits<long>::min()), "-0b1" + std::string(63, '0'));
}

TEST(format_integers, of_128_bits) {
    using rt0::detail::int128;
    using rt0::detail::uint128;
    const uint128 most = ~uint128{0};
    EXPECT_EQ(format("{}", most), "340282366920938463463374607431768211455");
    EXPECT_EQ(format("{}", static_cast<int128>(uint128{1} << 127)),
              "-170141183460469231731687303715884105728");
    EXPECT_EQ(format("{:x} {:#X}", most, most),
              std::string(32, 'f') + " 0X" + std::string(32, 'F'));
    EXPECT_EQ(format("{:b}", most), std::string(128, '1'));
    EXPECT_EQ(format("{:#o}", most), "03" + std::string(42, '7'));
    EXPECT_EQ(format("{} {:+} {:05}", int128{0}, int128{7}, int128{-7}), "0 +7 -0007");
    EXPECT_EQ(format("{:c}", int128{65}), "A");
    EXPECT_EQ(panic_of([&] { (void)format("{:c}", most); }),
              "format: an integer is out of range for type c");
    EXPECT_EQ(panic_of([&] { (void)format("{:c}", uint128{128}); }),
              "format: an integer is out of range for type c");
}

TEST(format_integers, agree_with_printf) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        const auto bits = random() >> (random() % 64);
        const auto value = static_cast<long long>(bits);
        const int width = static_cast<int>(random() % 30);
        ASSERT_EQ(format("{:{}}", value, width), printf_text("%*lld", width, value));
        ASSERT_EQ(format("{:+0{}}", value, width), printf_text("%+0*lld", width, value));
        ASSERT_EQ(format("{:<{}x}", bits, width), printf_text("%-*llx", width, bits));
        ASSERT_EQ(format("{: {}}", static_cast<short>(value), width),
                  printf_text("% *hd", width, static_cast<short>(value)));
        ASSERT_EQ(format("{:#o}", bits), printf_text("%#llo", bits));
        ASSERT_EQ(format("{:X}", static_cast<unsigned>(bits)),
                  printf_text("%X", static_cast<unsigned>(bits)));
    }
}

TEST(format_bool, all) {
    EXPECT_EQ(format("{} {}", true, false), "true false");
    EXPECT_EQ(format("{:s} {:d} {:#x} {:b}", true, true, true, false), "true 1 0x1 0");
    EXPECT_EQ(format("{:6}|{:>6}|{:6d}|{:06d}", true, true, true, true),
              "true  |  true|     1|000001");
    const std::vector<bool> bits{true, false};
    EXPECT_EQ(format("{}", bits[0]), "true");
    std::vector<bool> changing{true, false};
    EXPECT_EQ(format("{} {:6}|{:d}", changing[0], changing[1], changing[0]), "true false |1");
    EXPECT_EQ(format("{:L} {:Ls} {:8L}| {:Ld}", true, false, true, true), "true false true    | 1");
}

TEST(format_char, all) {
    EXPECT_EQ(format("{} {:c}", 'a', 'b'), "a b");
    EXPECT_EQ(format("{:d} {:#x} {:o}", 'a', 'a', 'a'), "97 0x61 141");
    EXPECT_EQ(format("{:d}", '\xff'), "255");
    EXPECT_EQ(format("{:3}|{:>3}|{:3d}|{:+d}", 'a', 'a', 'a', 'a'), "a  |  a| 97|+97");
    EXPECT_EQ(format("{:?} {:?} {:?} {:?} {:?}", 'a', '\n', '\'', '"', '\\'),
              R"('a' '\n' '\'' '"' '\\')");
    EXPECT_EQ(format("{:?} {:?}", '\0', '\xe9'), R"('\u{0}' '\x{e9}')");
    EXPECT_EQ(format("{:6?}|", 'a'), "'a'   |");
    EXPECT_EQ(format("{:L} {:Lc} {:3L}|{:Ld}", 'a', 'b', 'c', 'd'), "a b c  |100");
    EXPECT_EQ(format("{}", '\0'), "\0"s);
}

TEST(format_strings, kinds) {
    const char* pointer = "pointer";
    char array[] = "array";
    const std::string string = "string";
    const std::string_view view = "view";
    EXPECT_EQ(format("{} {} {} {} {}", "literal", pointer, array, string, view),
              "literal pointer array string view");
    EXPECT_EQ(format("{:s}{:s}", array, &array[3]), "arrayay");
    const char cut[8] = "ab\0cd";
    EXPECT_EQ(format("{}", cut), "ab");
    EXPECT_EQ(format("{}", "a\0b"s), "a\0b"s);
    EXPECT_EQ(format("{}|{:3}", "", ""s), "|   ");
    EXPECT_EQ(format("{}", static_cast<const char*>(nullptr)), "(null)");
    EXPECT_EQ(format("{}", std::string(1000, 'x')), std::string(1000, 'x'));
    EXPECT_EQ(format("{}", std::string("moved")), "moved");
}

TEST(format_strings, precision) {
    EXPECT_EQ(format("{:.3}|{:.0}|{:.9}", "abcdef", "abc", "abc"), "abc||abc");
    EXPECT_EQ(format("{:5.3}|{:>5.3}", "abcdef", "abcdef"), "abc  |  abc");
    EXPECT_EQ(format("{:.2}", "äöü"), "äö");
    EXPECT_EQ(format("{:.3}|", "漢字"), "漢|");
    EXPECT_EQ(format("{:4.3}|", "漢字"), "漢  |");
}

TEST(format_strings, columns) {
    EXPECT_EQ(format("{:5}|", "äöü"), "äöü  |");
    EXPECT_EQ(format("{:6}|", "漢字"), "漢字  |");
    EXPECT_EQ(format("{:>6}|", "ひら"), "  ひら|");
    EXPECT_EQ(format("{:4}|", "😀"), "😀  |");
    EXPECT_EQ(format("{:3}|", "e\u0301"), "e\u0301  |");
    EXPECT_EQ(format("{:4}|", "👩\u200d👩\u200d👧"), "👩\u200d👩\u200d👧  |");
    EXPECT_EQ(format("{:4}|", "👍🏽"), "👍🏽  |");
    EXPECT_EQ(format("{:3}|", "\xff"), "\xff  |");
    EXPECT_EQ(format("{:4}|", "\xe6\xbc"), "\xe6\xbc  |");
    EXPECT_EQ(format("{:3}|", "\uff21"), "\uff21 |");
}

TEST(format_strings, escaped) {
    EXPECT_EQ(format("{:?}", "a\tb\nc\rd\"e\\f'g"), R"("a\tb\nc\rd\"e\\f'g")");
    EXPECT_EQ(format("{:?}", "\x1b\x7f\0"s), R"("\u{1b}\u{7f}\u{0}")");
    EXPECT_EQ(format("{:?}", "naïve 漢字 😀"), "\"naïve 漢字 😀\"");
    EXPECT_EQ(format("{:?}", "\u00a0\u200b\ufeff\ue000"), R"("\u{a0}\u{200b}\u{feff}\u{e000}")");
    // Invalid: a lone byte, a cut sequence, an overlong one, a surrogate, beyond Unicode.
    EXPECT_EQ(format("{:?}", "\xc3\x28"), R"("\x{c3}(")");
    EXPECT_EQ(format("{:?}", "\xe6\xbc"), R"("\x{e6}\x{bc}")");
    EXPECT_EQ(format("{:?}", "\xc0\x80"), R"("\x{c0}\x{80}")");
    EXPECT_EQ(format("{:?}", "\xed\xa0\x80"), R"("\x{ed}\x{a0}\x{80}")");
    EXPECT_EQ(format("{:?}", "\xf4\x90\x80\x80"), R"("\x{f4}\x{90}\x{80}\x{80}")");
    EXPECT_EQ(format("{:?}", "\u0301e\u0301\n\u0301"), "\"\\u{301}e\u0301\\n\\u{301}\"");
    EXPECT_EQ(format("{:6?}|{:->6?}|{:^7?}|", "ab"s, "ab"s, "ab"), R"("ab"  |--"ab"| "ab"  |)");
    EXPECT_EQ(format("{:.3?}|{:5.3?}|", "abc", "abc"), "\"ab|\"ab  |");
    EXPECT_EQ(format("{:?}", ""), "\"\"");
}

TEST(format_pointers, all) {
    const auto* const pointer = reinterpret_cast<const void*>(0x1f0a);
    EXPECT_EQ(format("{} {:p} {:P}", pointer, const_cast<void*>(pointer), pointer),
              "0x1f0a 0x1f0a 0X1F0A");
    EXPECT_EQ(format("{}", nullptr), "0x0");
    EXPECT_EQ(format("{}", static_cast<void*>(nullptr)), "0x0");
    EXPECT_EQ(format("{:8}|{:<8}|{:010}", pointer, pointer, pointer),
              "  0x1f0a|0x1f0a  |0x00001f0a");
}

TEST(format_floats, shortest) {
    EXPECT_EQ(format("{} {} {} {}", 0.0, -0.0, 1.0, -1.5), "0 -0 1 -1.5");
    EXPECT_EQ(format("{} {} {}", 0.1, 0.1f, 0.1L), "0.1 0.1 0.1");
    EXPECT_EQ(format("{} {}", 1.0 / 3, 1.0f / 3), "0.3333333333333333 0.33333334");
    EXPECT_EQ(format("{} {} {} {} {}", 1e5, 123456.0, 0.00012, 1e-4, 1e-5),
              "1e+05 123456 0.00012 1e-04 1e-05");
    EXPECT_EQ(format("{} {}", 12345678901234567890.0, 16777216.0f),
              "12345678901234567168 16777216");
    EXPECT_EQ(
        format("{} {}", std::numeric_limits<double>::max(), std::numeric_limits<double>::min()),
        "1.7976931348623157e+308 2.2250738585072014e-308");
    EXPECT_EQ(format("{} {}", std::numeric_limits<double>::denorm_min(),
                     std::numeric_limits<float>::denorm_min()),
              "5e-324 1e-45");
    EXPECT_EQ(format("{}", std::numeric_limits<long double>::max()), "1.189731495357231765e+4932");
    EXPECT_EQ(format("{}", std::numeric_limits<long double>::denorm_min()), "4e-4951");
    EXPECT_EQ(format("{} {}", 9007199254740993.0L, 5e-324), "9007199254740993 5e-324");
    // Halfway cases and powers of two, where the gap below is half the gap above.
    EXPECT_EQ(format("{} {}", 9007199254740992.0, 2251799813685248.5),
              "9007199254740992 2251799813685248.5");
    EXPECT_EQ(format("{} {} {}", 2e-44f, 9.5367431640625e-07, 1e23),
              "2e-44 9.5367431640625e-07 1e+23");
    EXPECT_EQ(format("{} {}", 1e22, 9.999999999999999e22), "1e+22 1e+23");
    EXPECT_EQ(format("{} {}", 1.0000000000000001e23, 9.99999999999999e22),
              "1.0000000000000001e+23 9.99999999999999e+22");
}

TEST(format_floats, special) {
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(format("{} {} {} {}", inf, -inf, nan, -nan), "inf -inf nan -nan");
    EXPECT_EQ(format("{:F} {:E} {:G} {:A} {:f}", inf, nan, -inf, nan, inf), "INF NAN -INF NAN inf");
    EXPECT_EQ(format("{:+} {: } {:06}|{:<06}|{:6.2f}", inf, nan, inf, inf, -inf),
              "+inf  nan    inf|inf   |  -inf");
    EXPECT_EQ(format("{} {} {}", static_cast<float>(inf), static_cast<long double>(-inf),
                     static_cast<long double>(nan)),
              "inf -inf nan");
    EXPECT_EQ(format("{:#}", inf), "inf");
}

TEST(format_floats, precision) {
    EXPECT_EQ(format("{:.2f} {:.0f} {:f}", 3.14159, 2.5, 1.0), "3.14 2 1.000000");
    EXPECT_EQ(format("{:.0f} {:.0f} {:.0f} {:.0f}", 0.5, 1.5, 0.4, 0.6), "0 2 0 1");
    EXPECT_EQ(format("{:.1f} {:.1f} {:.2f}", 0.25, 0.75, 1.005), "0.2 0.8 1.00");
    EXPECT_EQ(format("{:.1f} {:.0f} {:.2f} {:.0f}", 9.96, 9.5, 999.999, 99.5),
              "10.0 10 1000.00 100");
    EXPECT_EQ(format("{:.3f} {:.3f} {:.3f}", 0.0004, 0.0005, 0.0006), "0.000 0.001 0.001");
    EXPECT_EQ(format("{:e} {:.0e} {:.2E} {:.1e}", 12345.678, 12345.678, 0.000123, 9.96),
              "1.234568e+04 1e+04 1.23E-04 1.0e+01");
    EXPECT_EQ(format("{:e} {:.2f} {:g} {:.3}", 0.0, -0.0, 0.0, 0.0), "0.000000e+00 -0.00 0 0");
    EXPECT_EQ(format("{:g} {:g} {:g} {:g} {:G}", 100000.0, 1000000.0, 0.0001, 0.00001, 1e-10),
              "100000 1e+06 0.0001 1e-05 1E-10");
    EXPECT_EQ(format("{:.3} {:.3} {:.0} {:.10}", 1234.5, 1.0, 1234.5, 0.1), "1.23e+03 1 1e+03 0.1");
    EXPECT_EQ(format("{:.3g} {:.3g}", 999.9, 9995.0), "1e+03 1e+04");
    EXPECT_EQ(format("{:.20f}", 0.1), "0.10000000000000000555");
    EXPECT_EQ(format("{:.1074f}", std::numeric_limits<double>::denorm_min()),
              printf_text("%.1074f", std::numeric_limits<double>::denorm_min()));
    EXPECT_EQ(format("{:.2000f}", 0.1), printf_text("%.2000f", 0.1));
    EXPECT_EQ(format("{:.2000e}", 1e300), printf_text("%.2000e", 1e300));
    EXPECT_EQ(format("{:.2000g}", 1e300), printf_text("%.2000g", 1e300));
    EXPECT_EQ(format("{:L} {:.3Lf} {:8.1Le}|{:LG}", 1234.5, 1.0, 1234.5, 1e10),
              "1234.5 1.000  1.2e+03|1E+10");
    EXPECT_EQ(format("{:L} {:.0Lf}", 1234.5f, 123456.0L), "1234.5 123456");
}

TEST(format_floats, alternate_form) {
    EXPECT_EQ(format("{:#} {:#} {:#}", 1.0, 1.5, 1e20), "1. 1.5 1.e+20");
    EXPECT_EQ(format("{:#.0f} {:#.0e} {:#g} {:#.3g} {:#g}", 1.0, 1.0, 1.0, 0.0, 1e10),
              "1. 1.e+00 1.00000 0.00 1.00000e+10");
    EXPECT_EQ(format("{:#a}", 1.0), "1.p+0");
}

TEST(format_floats, padding) {
    EXPECT_EQ(format("{:8}|{:<8}|{:^8}|{:08}|{:+08.2f}", 1.5, 1.5, 1.5, -1.5, 3.14159),
              "     1.5|1.5     |  1.5   |-00001.5|+0003.14");
    EXPECT_EQ(format("{:*>10.2e}|{:010a}", 1.5, -1.5), "**1.50e+00|-0001.8p+0");
    EXPECT_EQ(format("{:10}|{:10.1f}|{:<10g}|", 1e100, 1e3, 1e-7),
              "    1e+100|    1000.0|1e-07     |");
}

// The bits of random numbers of all magnitudes, and the neighbourhoods of powers of two and ten.
template <class T, class Bits>
std::vector<T> samples(int count) {
    std::mt19937_64 random(2);
    std::vector<T> values;
    for (int i = 0; i < count; ++i) {
        const auto value = std::bit_cast<T>(static_cast<Bits>(random()));
        if (std::isfinite(value)) {
            values.push_back(value);
        }
        values.push_back(static_cast<T>(static_cast<double>(random() % 2000000) / 1000));
    }
    for (int e = std::numeric_limits<T>::min_exponent - 60;
         e < std::numeric_limits<T>::max_exponent; ++e) {
        const T power = std::ldexp(T{1}, e);
        values.insert(values.end(),
                      {power, std::nextafter(power, T{0}), std::nextafter(power, power * 2)});
    }
    for (int e = std::numeric_limits<T>::min_exponent10;
         e <= std::numeric_limits<T>::max_exponent10; ++e) {
        const T power = static_cast<T>(std::pow(10.0L, e));
        values.insert(values.end(),
                      {power, std::nextafter(power, T{0}), std::nextafter(power, power * 2)});
    }
    return values;
}

template <class T>
std::string to_chars_text(T value, auto... options) {
    std::array<char, 6000> text; // NOLINT(*-member-init): only what to_chars wrote is read
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, options...);
    return {text.data(), end.ptr};
}

template <class T>
void compare_with_to_chars(T value) {
    ASSERT_EQ(format("{}", value), to_chars_text(value));
    ASSERT_EQ(format("{:a}", value), to_chars_text(value, std::chars_format::hex));
    for (const int precision : {0, 1, 2, 6, 15, 17, 25, 60}) {
        ASSERT_EQ(format("{:.{}e}", value, precision),
                  to_chars_text(value, std::chars_format::scientific, precision));
        ASSERT_EQ(format("{:.{}f}", value, precision),
                  to_chars_text(value, std::chars_format::fixed, precision));
        ASSERT_EQ(format("{:.{}g}", value, precision),
                  to_chars_text(value, std::chars_format::general, precision));
        ASSERT_EQ(format("{:.{}a}", value, precision),
                  to_chars_text(value, std::chars_format::hex, precision));
    }
}

TEST(format_floats, float_agrees_with_to_chars) {
    for (const float value : samples<float, uint32_t>(3000)) {
        ASSERT_NO_FATAL_FAILURE(compare_with_to_chars(value)) << to_chars_text(value);
    }
}

TEST(format_floats, double_agrees_with_to_chars) {
    for (const double value : samples<double, uint64_t>(3000)) {
        ASSERT_NO_FATAL_FAILURE(compare_with_to_chars(value)) << to_chars_text(value);
    }
}

TEST(format_floats, agree_with_printf) {
    for (const double value : samples<double, uint64_t>(300)) {
        ASSERT_EQ(format("{:+12.3f}", value), printf_text("%+12.3f", value));
        ASSERT_EQ(format("{:<30.18e}", value), printf_text("%-30.18e", value));
        ASSERT_EQ(format("{:#.17g}", value), printf_text("%#.17g", value));
        ASSERT_EQ(format("{:040.10G}", value), printf_text("%040.10G", value));
        ASSERT_EQ(std::strtod(format("{}", value).c_str(), nullptr), value);
    }
}

TEST(format_floats, long_double_agrees_with_printf) {
    std::mt19937_64 random(3);
    std::vector<long double> values{std::numeric_limits<long double>::max(),
                                    std::numeric_limits<long double>::min(),
                                    std::numeric_limits<long double>::denorm_min(),
                                    0.0L,
                                    -0.0L,
                                    0.5L,
                                    2.5L,
                                    9.995L,
                                    1e23L,
                                    1e4931L};
    for (int i = 0; i < 60; ++i) {
        const long double mantissa = static_cast<long double>(random()) * (i % 2 == 0 ? 1 : -1);
        values.push_back(std::ldexp(mantissa, static_cast<int>(random() % 32000) - 16300));
        values.push_back(std::ldexp(mantissa, static_cast<int>(random() % 140) - 100));
        const long double power = std::ldexp(1.0L, static_cast<int>(random() % 32800) - 16440);
        values.insert(values.end(), {power, std::nextafter(power, 0.0L)});
    }
    for (const long double value : values) {
        if (!std::isfinite(value)) {
            continue;
        }
        for (const int precision : {0, 1, 2, 6, 17, 20, 25, 60}) {
            ASSERT_EQ(format("{:.{}e}", value, precision), printf_text("%.*Le", precision, value));
            ASSERT_EQ(format("{:.{}f}", value, precision), printf_text("%.*Lf", precision, value));
            ASSERT_EQ(format("{:.{}g}", value, precision), printf_text("%.*Lg", precision, value));
            ASSERT_EQ(format("{:.{}a}", value, precision),
                      to_chars_text(value, std::chars_format::hex, precision));
        }
        ASSERT_EQ(format("{:a}", value), to_chars_text(value, std::chars_format::hex));
        // The shortest: reads back, and is as long as libstdc++'s.
        const std::string text = format("{}", value);
        ASSERT_EQ(std::strtold(text.c_str(), nullptr), value) << text;
        ASSERT_EQ(text, to_chars_text(value));
    }
    EXPECT_EQ(format("{:.12000f}", std::numeric_limits<long double>::denorm_min()),
              printf_text("%.12000Lf", std::numeric_limits<long double>::denorm_min()));
    EXPECT_EQ(format("{:.16500e}", std::nextafter(0.1L, 1.0L)),
              printf_text("%.16500Le", std::nextafter(0.1L, 1.0L)));
}

TEST(format_user_types, own_parse_and_format) {
    EXPECT_EQ(format("{} {:p} {:c}", point{1, 2}, point{3, 4}, point{5, 6}), "(1, 2) <3;4> (5, 6)");
    EXPECT_EQ(format("{0:p}{0}", point{1, 2}), "<1;2>(1, 2)");
    const point constant{.x = 7, .y = 8};
    EXPECT_EQ(format("{}", constant), "(7, 8)");
}

TEST(format_user_types, inherited_and_wrapped) {
    EXPECT_EQ(format("{:>6}|{:.1}|{:?}", color{"red"}, color{"blue"}, color{"x"}),
              "   red|b|\"x\"");
    EXPECT_EQ(format("{:04x} {:{}}", box{255}, box{1}, 3), "[00ff] [  1]");
}

TEST(format_user_types, changed_by_formatting) {
    counter c;
    EXPECT_EQ(format("{} {}", c, c), "1 2");
    EXPECT_EQ(c.calls, 2);
}

static_assert(rt0::formattable<int>);
static_assert(rt0::formattable<const std::string&>);
static_assert(rt0::formattable<counter>);
static_assert(!rt0::formattable<const counter>);
static_assert(!rt0::formattable<int*>);
static_assert(!rt0::formattable<wchar_t>);
static_assert(!rt0::formattable<char32_t>);
static_assert(!rt0::formattable<const wchar_t*>);
static_assert(!rt0::formattable<std::vector<int*>>);
static_assert(rt0::formattable<std::vector<std::vector<int>>>);
static_assert(std::output_iterator<rt0::format_context::iterator, char>);
static_assert(std::is_trivially_copyable_v<rt0::error> && sizeof(rt0::error) == sizeof(int));

TEST(format_ranges, sequences) {
    EXPECT_EQ(format("{}", std::vector{1, 2, 3}), "[1, 2, 3]");
    EXPECT_EQ(format("{}", std::vector<int>{}), "[]");
    EXPECT_EQ(format("{} {}", std::array{1.5, 2.0}, std::list{'a', '\n'}),
              R"([1.5, 2] ['a', '\n'])");
    const int raw[] = {1, 2};
    EXPECT_EQ(format("{} {}", raw, std::span(raw)), "[1, 2] [1, 2]");
    EXPECT_EQ(format("{}", std::vector<std::string>{"a", "b\n"}), R"(["a", "b\n"])");
    EXPECT_EQ(format("{}", std::vector<std::vector<int>>{{1}, {}, {2, 3}}), "[[1], [], [2, 3]]");
    EXPECT_EQ(format("{}", std::vector<bool>{true, false}), "[true, false]");
    EXPECT_EQ(format("{}", std::vector{point{1, 2}}), "[(1, 2)]");
    EXPECT_EQ(format("{}", std::views::iota(1, 4)), "[1, 2, 3]");
    const std::vector<int> numbers{1, 2, 3, 4};
    EXPECT_EQ(format("{}", numbers | std::views::filter([](int n) { return n % 2 == 0; })),
              "[2, 4]");
}

TEST(format_ranges, specifications) {
    const std::vector<int> numbers{1, 20};
    EXPECT_EQ(format("{:n}|{::02x}|{:n:+}", numbers, numbers, numbers), "1, 20|[01, 14]|+1, +20");
    EXPECT_EQ(format("{:10}|{:*>10}|{:^10n}|", numbers, numbers, numbers),
              "[1, 20]   |***[1, 20]|  1, 20   |");
    EXPECT_EQ(format("{:{}}|", numbers, 9), "[1, 20]  |");
    EXPECT_EQ(format("{::{}}|", numbers, 3), "[  1,  20]|");
    EXPECT_EQ(format("{:>12::>3}|", std::vector<std::vector<int>>{{1}, {2}}), "[[  1], [  2]]|");
    EXPECT_EQ(format("{::}", std::vector<std::string>{"a"}), "[a]");
    const std::vector<char> letters{'a', '\t', 'b'};
    EXPECT_EQ(format("{:s}|{:?s}|{:>6s}|{}|{::d}", letters, letters, letters, letters, letters),
              "a\tb|\"a\\tb\"|   a\tb|['a', '\\t', 'b']|[97, 9, 98]");
    EXPECT_EQ(format("{:9}|", std::vector<std::string>{"漢"}), "[\"漢\"]   |");
    const std::vector<std::pair<int, int>> pairs{{1, 2}, {3, 4}};
    EXPECT_EQ(format("{:nm}|{:*^16nm}|{:n:m}", pairs, pairs, pairs),
              "1: 2, 3: 4|***1: 2, 3: 4***|1: 2, 3: 4");
    EXPECT_EQ(run_time_panic("{:ns}", letters),
              "format: a range written as a string has no brackets for 'n'");
    EXPECT_EQ(run_time_panic("{:s:d}", letters),
              "format: a range written as a string has no specification of elements");
    std::vector<std::string> many(100, "漢字");
    EXPECT_EQ(format("{:900n:}|", many),
              format("{:n:}", many) + std::string(900 - 100 * 4 - 99 * 2, ' ') + "|");
}

// Ranges of char that have no array: the same as the string of the same characters.
TEST(format_ranges, strings_in_pieces) {
    for (const std::string& text : {"a\tb"s, ""s, "naïve \"漢字\" \u0301😀\u0301"s, "\xff\xe6\xbc"s,
                                    "\n\u0301\0x"s, "漢"s + std::string(300, 'x') + "字\xc3"}) {
        const std::list<char> list(text.begin(), text.end());
        EXPECT_EQ(format("{:s}", list), text);
        EXPECT_EQ(format("{:?s}", list), format("{:?}", text));
        EXPECT_EQ(format("{:-^20s}|", list), format("{:-^20}|", text));
        EXPECT_EQ(format("{:>{}?s}|", list, 400), format("{:>{}?}|", text, 400));
        const letters_as_string as_string{list};
        EXPECT_EQ(format("{}|{:.3}|{:8.2s}|", as_string, as_string, as_string),
                  format("{}|{:.3}|{:8.2s}|", text, text, text));
        const letters_in_quotes in_quotes{list};
        EXPECT_EQ(format("{}|{:s}|{:12}|", in_quotes, in_quotes, in_quotes),
                  format("{:?}|{:?}|{:12?}|", text, text, text));
    }
    const auto upper = std::string_view("abc") |
                       std::views::transform([](char c) { return static_cast<char>(c - 32); });
    EXPECT_EQ(format("{:s} {:?s} {:>5s}", upper, upper, upper), "ABC \"ABC\"   ABC");
}

TEST(format_ranges, maps_and_sets) {
    const std::map<std::string, int> ages{{"a", 1}, {"b", 2}};
    EXPECT_EQ(format("{}", ages), R"({"a": 1, "b": 2})");
    EXPECT_EQ(format("{}", std::set{3, 1}), "{1, 3}");
    EXPECT_EQ(format("{:n}|{:25}|", ages, ages), R"("a": 1, "b": 2|{"a": 1, "b": 2}         |)");
    EXPECT_EQ(format("{:m}|{:nm}", ages, ages), R"({"a": 1, "b": 2}|"a": 1, "b": 2)");
    EXPECT_EQ(format("{}", std::map<int, std::vector<int>>{{1, {2}}}), "{1: [2]}");
    EXPECT_EQ(format("{:m}", std::vector<std::pair<int, char>>{{1, 'a'}}), "{1: 'a'}");
    EXPECT_EQ(format("{}", std::set<std::string>{}), "{}");
}

TEST(format_tuples, all) {
    EXPECT_EQ(format("{} {}", std::pair{1, "a"}, std::tuple{1, 'b', 2.5, "c"s}),
              R"((1, "a") (1, 'b', 2.5, "c"))");
    EXPECT_EQ(format("{} {}", std::tuple<>{}, std::tuple{1}), "() (1)");
    EXPECT_EQ(format("{:n}|{:m}|{:>8}|{:m}", std::pair{1, 2}, std::pair{1, 2}, std::pair{1, 2},
                     std::tuple{1, "x"}),
              "1, 2|1: 2|  (1, 2)|1: \"x\"");
    EXPECT_EQ(format("{}", std::pair{std::pair{1, 2}, std::vector{3}}), "((1, 2), [3])");
    int x = 1;
    EXPECT_EQ(format("{}", std::tie(x)), "(1)");
}

TEST(format_durations, all) {
    using namespace std::chrono_literals;
    EXPECT_EQ(format("{} {} {} {} {}", 1500ms, 2s, 3us, 4ns, 1min), "1500ms 2s 3µs 4ns 1min");
    EXPECT_EQ(format("{} {} {}", 1h, std::chrono::days(2), -5s), "1h 2d -5s");
    EXPECT_EQ(format("{:>8}|{:*<8}|{:^6}|", 1500ms, 2s, 3us), "  1500ms|2s******| 3µs  |");
    EXPECT_EQ(format("{}", std::chrono::duration<double>(1.5)), "1.5s");
    EXPECT_EQ(format("{}", std::chrono::duration<int, std::ratio<1, 3>>(2)), "2[1/3]s");
    EXPECT_EQ(format("{}", std::chrono::duration<int, std::ratio<5>>(2)), "2[5]s");
    EXPECT_EQ(format("{}", std::chrono::weeks(1)), "1[604800]s");
    EXPECT_EQ(format("{}", std::vector{1ms, 2ms}), "[1ms, 2ms]");
}

TEST(format_to, iterators) {
    std::string text = "x";
    rt0::format_to(std::back_inserter(text), "{}-{}", 1, 2);
    EXPECT_EQ(text, "x1-2");
    char buffer[8] = "#######";
    char* const end = rt0::format_to(buffer, "{:03}", 7);
    EXPECT_EQ(end, buffer + 3);
    EXPECT_STREQ(buffer, "007####");
    std::vector<char> list;
    rt0::format_to(std::back_inserter(list), "{:>1000}", 1);
    EXPECT_EQ(list.size(), 1000u);
    EXPECT_EQ(list.back(), '1');
    // All sizes around that of the internal buffer.
    for (size_t size = 250; size < 262; ++size) {
        std::string out;
        rt0::format_to(std::back_inserter(out), "{}{}", std::string(size, 'a'), 'b');
        ASSERT_EQ(out, std::string(size, 'a') + 'b');
    }
}

TEST(format_to_n, truncates_and_counts) {
    char buffer[8] = "#######";
    const auto result = rt0::format_to_n(buffer, 4, "{}", 1234567);
    EXPECT_EQ(result.out, buffer + 4);
    EXPECT_EQ(result.size, 7);
    EXPECT_STREQ(buffer, "1234###");
    EXPECT_EQ(rt0::format_to_n(buffer, 0, "{}", 9).size, 1);
    EXPECT_EQ(rt0::format_to_n(buffer, -1, "{}", 9).out, buffer);
    EXPECT_STREQ(buffer, "1234###");
    std::string text;
    EXPECT_EQ(rt0::format_to_n(std::back_inserter(text), 300, "{:500}", "x").size, 500);
    EXPECT_EQ(text, "x" + std::string(299, ' '));
}

TEST(formatted_size, counts) {
    EXPECT_EQ(rt0::formatted_size("{}", 12345), 5u);
    EXPECT_EQ(rt0::formatted_size("{:>1000}é", 1), 1002u);
    EXPECT_EQ(rt0::formatted_size(""), 0u);
}

TEST(error, names_and_messages) {
    EXPECT_EQ(rt0::error(EPIPE).name(), "EPIPE");
    EXPECT_EQ(rt0::error(EPIPE).message(), "Broken pipe");
    for (int code = 0; code < 300; ++code) {
        const char* const name = strerrorname_np(code);
        const rt0::error e(code);
        if (name == nullptr) {
            ASSERT_EQ(e.name(), "") << code;
            ASSERT_EQ(e.message(), "Unknown error") << code;
        } else {
            ASSERT_EQ(e.message(), strerrordesc_np(code)) << code;
            ASSERT_EQ(e.name(), name) << code;
        }
    }
    EXPECT_EQ(rt0::error(-1).message(), "Unknown error");
    EXPECT_EQ(rt0::error(std::numeric_limits<int>::min()).name(), "");
}

TEST(error, values) {
    EXPECT_FALSE(rt0::error());
    EXPECT_TRUE(rt0::error(EPERM));
    EXPECT_EQ(rt0::error(EPIPE), rt0::error::broken_pipe);
    EXPECT_NE(rt0::error(EPERM), rt0::error::broken_pipe);
    EXPECT_EQ(rt0::error(ENOENT).code(), ENOENT);
    EXPECT_EQ(format("{}|{:>14}|{:.6}", rt0::error(ENOENT), rt0::error(EPIPE), rt0::error(EPIPE)),
              "No such file or directory|   Broken pipe|Broken");
    const std::pair<rt0::error, int> named[] = {
        {rt0::error::operation_not_permitted, EPERM},
        {rt0::error::no_such_file_or_directory, ENOENT},
        {rt0::error::interrupted, EINTR},
        {rt0::error::io_error, EIO},
        {rt0::error::bad_file_descriptor, EBADF},
        {rt0::error::resource_unavailable_try_again, EAGAIN},
        {rt0::error::not_enough_memory, ENOMEM},
        {rt0::error::permission_denied, EACCES},
        {rt0::error::bad_address, EFAULT},
        {rt0::error::device_or_resource_busy, EBUSY},
        {rt0::error::file_exists, EEXIST},
        {rt0::error::not_a_directory, ENOTDIR},
        {rt0::error::is_a_directory, EISDIR},
        {rt0::error::invalid_argument, EINVAL},
        {rt0::error::too_many_files_open, EMFILE},
        {rt0::error::file_too_large, EFBIG},
        {rt0::error::no_space_on_device, ENOSPC},
        {rt0::error::read_only_file_system, EROFS},
        {rt0::error::broken_pipe, EPIPE},
        {rt0::error::filename_too_long, ENAMETOOLONG},
        {rt0::error::function_not_supported, ENOSYS},
        {rt0::error::directory_not_empty, ENOTEMPTY},
        {rt0::error::address_in_use, EADDRINUSE},
        {rt0::error::connection_aborted, ECONNABORTED},
        {rt0::error::connection_reset, ECONNRESET},
        {rt0::error::not_connected, ENOTCONN},
        {rt0::error::timed_out, ETIMEDOUT},
        {rt0::error::connection_refused, ECONNREFUSED},
        {rt0::error::operation_in_progress, EINPROGRESS},
        {rt0::error::operation_canceled, ECANCELED},
    };
    for (const auto& [constant, code] : named) {
        EXPECT_EQ(constant.code(), code);
    }
}

// NOLINTBEGIN(bugprone-unused-return-value): results of print may be ignored

// What the calls wrote: one write each, or the test fails.
class print : public testing::Test {
protected:
    void SetUp() override { host = {}; }
    void TearDown() override { EXPECT_EQ(host.mappings, 0); }

    static std::string written(int fd) {
        EXPECT_EQ(host.writes.size(), 1u);
        if (host.writes.size() != 1) {
            return "";
        }
        EXPECT_EQ(host.writes[0].first, fd);
        std::string text = host.writes[0].second;
        host.writes.clear();
        return text;
    }
};

TEST_F(print, literals) {
    rt0::println("Hello, world");
    EXPECT_EQ(written(1), "Hello, world\n");
    rt0::print("a{{b}}c");
    EXPECT_EQ(written(1), "a{b}c");
    rt0::eprint("{{}}");
    EXPECT_EQ(written(2), "{}");
    rt0::eprintln("error");
    EXPECT_EQ(written(2), "error\n");
    rt0::println();
    EXPECT_EQ(written(1), "\n");
    rt0::eprintln();
    EXPECT_EQ(written(2), "\n");
    rt0::print("");
    EXPECT_EQ(written(1), "");
    EXPECT_EQ(host.map_calls, 0);
}

TEST_F(print, arguments) {
    rt0::println("{} {}", 1, "two");
    EXPECT_EQ(written(1), "1 two\n");
    rt0::print("{:>3}", 1);
    EXPECT_EQ(written(1), "  1");
    rt0::eprint("{}", 1.5);
    EXPECT_EQ(written(2), "1.5");
    rt0::eprintln("{}", std::vector{1, 2});
    EXPECT_EQ(written(2), "[1, 2]\n");
    EXPECT_EQ(host.map_calls, 0);
}

template <size_t size>
struct constant_text {
    char text[size + 1] = {};
    consteval constant_text() { std::fill_n(text, size, 'x'); }
    constexpr operator std::string_view() const { return {text, size}; }
};

// One byte below the limits of the literal path, at them, and above.
constexpr constant_text<510> text_510;
constexpr constant_text<511> text_511;
constexpr constant_text<512> text_512;
constexpr constant_text<40000> text_40000;

TEST_F(print, long_literals) {
    rt0::println(text_510);
    EXPECT_EQ(written(1), std::string(510, 'x') + "\n");
    rt0::println(text_511);
    EXPECT_EQ(written(1), std::string(511, 'x') + "\n");
    EXPECT_EQ(host.map_calls, 0);
    rt0::println(text_512);
    EXPECT_EQ(written(1), std::string(512, 'x') + "\n");
    rt0::eprint(text_40000);
    EXPECT_EQ(written(2), std::string(40000, 'x'));
}

TEST_F(print, long_texts_are_one_write) {
    for (const size_t size : {size_t{510}, size_t{511}, size_t{512}, size_t{513}, size_t{16383},
                              size_t{16384}, size_t{16385}, size_t{1000000}}) {
        const std::string text(size, 'y');
        host.map_calls = 0;
        rt0::println("{}", text);
        ASSERT_EQ(written(1), text + "\n");
        ASSERT_EQ(host.map_calls > 0, size + 1 > 512) << size;
        rt0::print("{:*<{}}", 1, size);
        ASSERT_EQ(written(1), "1" + std::string(size - 1, '*'));
    }
}

// NOLINTEND(bugprone-unused-return-value)

TEST_F(print, errors_are_returned) {
    EXPECT_TRUE(rt0::println("fine").has_value());
    EXPECT_TRUE(rt0::println("{}", 1).has_value());
    host.write_result = -EPIPE;
    EXPECT_EQ(rt0::println("x").error(), rt0::error::broken_pipe);
    EXPECT_EQ(rt0::print("{}", 1).error(), rt0::error::broken_pipe);
    host.write_result = -EBADF;
    EXPECT_EQ(rt0::eprintln("x").error(), rt0::error::bad_file_descriptor);
    EXPECT_EQ(rt0::eprint("{}", 1).error(), rt0::error::bad_file_descriptor);
}

TEST_F(print, without_memory_nothing_is_written) {
    host.has_memory = false;
    EXPECT_EQ(rt0::println("{}", std::string(100000, 'z')).error(), rt0::error::not_enough_memory);
    EXPECT_TRUE(host.writes.empty());
    EXPECT_TRUE(rt0::println("{}", std::string(511, 'z')).has_value());
    EXPECT_EQ(written(1), std::string(511, 'z') + "\n");
}

TEST_F(print, through_a_wrapper) {
    const auto log = []<class... Args>(rt0::format_string<Args...> fmt, Args&&... args) {
        return rt0::println(fmt, std::forward<Args>(args)...);
    };
    EXPECT_TRUE(log("{}-{}", 1, "a").has_value());
    EXPECT_EQ(written(1), "1-a\n");
    EXPECT_TRUE(log("plain {{}}").has_value());
    EXPECT_EQ(written(1), "plain {}\n");
}

} // namespace
