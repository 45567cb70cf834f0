// Format strings that must not compile. Compiled once for each CASE, with -fsyntax-only; CASE 0
// must pass, all others must fail with the message that stands beside them.
#include <rt0/format.h>
#include <rt0/print.h>

#include <string>
#include <tuple>
#include <vector>

struct unformattable {};

struct picky {};

template <>
struct rt0::formatter<picky> {
    constexpr auto parse(rt0::format_parse_context& ctx) {
        if (ctx.begin() == ctx.end() || *ctx.begin() != '!') {
            rt0::report_format_error("picky wants a !");
        }
        return ctx.begin() + 1;
    }
    auto format(picky /*value*/, rt0::format_context& ctx) const { return ctx.out(); }
};

void test() {
    [[maybe_unused]] const std::string string;
    [[maybe_unused]] const std::vector<int> numbers;
    [[maybe_unused]] int number = 0;
#if CASE == 0
    rt0::println("{} {:x} {:>{}} {} {:!}", string, 1, 2, 3, numbers, picky());
    rt0::println("{:L} {:L} {:L} {:L} {:Lc} {:Ls}", 1, 'c', true, 1.5, 1, true);
#elif CASE == 1
    rt0::println("{", 1); // EXPECT a '{' is not closed
#elif CASE == 2
    rt0::println("}"); // EXPECT a '}' closes nothing
#elif CASE == 3
    rt0::println("{}"); // EXPECT names an argument that is not there
#elif CASE == 4
    rt0::println("{} {}", 1); // EXPECT names an argument that is not there
#elif CASE == 5
    rt0::println("{1}", 1); // EXPECT names an argument that is not there
#elif CASE == 6
    rt0::println("{} {0}", 1); // EXPECT manual {0} after automatic {}
#elif CASE == 7
    rt0::println("{0} {}", 1); // EXPECT automatic {} after manual {0}
#elif CASE == 8
    rt0::println("{:d}", string); // EXPECT type does not take this format specification
#elif CASE == 9
    rt0::println("{:s}", 1); // EXPECT type does not take this format specification
#elif CASE == 10
    rt0::println("{:.2}", 1); // EXPECT a precision needs
#elif CASE == 11
    rt0::println("{:+}", "text"); // EXPECT a sign or '#' needs
#elif CASE == 12
    rt0::println("{:{}}", 1, "wide"); // EXPECT a width or precision argument must be an integer
#elif CASE == 13
    rt0::println("{}", unformattable()); // EXPECT an argument's type has no rt0::formatter
#elif CASE == 14
    rt0::println("{}", &number); // EXPECT an argument's type has no rt0::formatter
#elif CASE == 15
    rt0::println("{}", L"wide"); // EXPECT an argument's type has no rt0::formatter
#elif CASE == 16
    rt0::println("{}", picky()); // EXPECT picky wants a !
#elif CASE == 17
    rt0::println("{::s}", numbers); // EXPECT type does not take this format specification
#elif CASE == 18
    rt0::println("{:s}", numbers); // EXPECT 's' needs a range of char
#elif CASE == 19
    rt0::println("{:m}", numbers); // EXPECT 'm' needs a range of pairs
#elif CASE == 20
    rt0::println("{}", std::tuple(1, picky())); // EXPECT picky wants a !
#elif CASE == 21
    rt0::println(string.c_str()); // EXPECT not a constant expression|not usable in a constant
#elif CASE == 22
    (void)rt0::format("{:xx}", 1); // EXPECT the format specification goes on after its type
#elif CASE == 23
    (void)rt0::format("{:99999999999}", 1); // EXPECT a number in the format string is too large
#elif CASE == 24
    rt0::println("{0", 1); // EXPECT a replacement field has neither ':' nor '}'
#elif CASE == 25
    rt0::println("{:#}", true); // EXPECT a sign or '#' needs
#elif CASE == 26
    rt0::println("{:08}", 'c'); // EXPECT '0' needs
#elif CASE == 27
    rt0::println("{:L}", string); // EXPECT 'L' needs
#elif CASE == 28
    rt0::println("{:L}", nullptr); // EXPECT 'L' needs
#elif CASE == 29
    rt0::println("{:s}", 'c'); // EXPECT type does not take this format specification
#elif CASE == 30
    rt0::println("{:s}", 1.5); // EXPECT type does not take this format specification
#elif CASE == 31
    rt0::println("{:c}", true); // EXPECT type does not take this format specification
#elif CASE == 32
    rt0::println("{:c}", "text"); // EXPECT type does not take this format specification
#elif CASE == 33
    rt0::println("{:?}", 1); // EXPECT type does not take this format specification
#elif CASE == 34
    rt0::println("{:?}", true); // EXPECT type does not take this format specification
#elif CASE == 35
    rt0::println("{:p}", 1); // EXPECT type does not take this format specification
#elif CASE == 36
    rt0::println("{:p}", "text"); // EXPECT type does not take this format specification
#elif CASE == 37
    rt0::println("{:x}", 1.5); // EXPECT type does not take this format specification
#elif CASE == 38
    rt0::println("{:f}", 1); // EXPECT type does not take this format specification
#elif CASE == 39
    rt0::println("{:+}", 'c'); // EXPECT a sign or '#' needs
#elif CASE == 40
    rt0::println("{:+s}", true); // EXPECT a sign or '#' needs
#elif CASE == 41
    rt0::println("{:#}", nullptr); // EXPECT a sign or '#' needs
#elif CASE == 42
    rt0::println("{:05}", true); // EXPECT '0' needs
#elif CASE == 43
    rt0::println("{:.2}", 'c'); // EXPECT a precision needs
#elif CASE == 44
    rt0::println("{:.2}", nullptr); // EXPECT a precision needs
#elif CASE == 45
    rt0::println("{:.}", 1.5); // EXPECT the precision is missing
#elif CASE == 46
    rt0::println("{:00}", 1); // EXPECT the width starts with 0
#elif CASE == 47
    rt0::println("{:{}}", 1, true); // EXPECT a width or precision argument must be an integer
#elif CASE == 48
    rt0::println("{:{}}", 1, 'c'); // EXPECT a width or precision argument must be an integer
#elif CASE == 49
    rt0::println("{:.{}}", 1.5, 2.0); // EXPECT a width or precision argument must be an integer
#elif CASE == 50
    rt0::println("{:{1}}", 1, 2); // EXPECT manual {0} after automatic {}
#elif CASE == 51
    rt0::println("{0:{}}", 1, 2); // EXPECT automatic {} after manual {0}
#elif CASE == 52
    rt0::println("{:{<5}", 1, 2); // EXPECT a nested replacement field is not closed
#elif CASE == 53
    rt0::println("{:ns}", std::vector{'c'}); // EXPECT has no brackets for 'n'
#elif CASE == 54
    rt0::println("{:s:d}", std::vector{'c'}); // EXPECT has no specification of elements
#elif CASE == 55
    rt0::println("{:nm}", numbers); // EXPECT 'm' needs a range of pairs
#elif CASE == 56
    rt0::println("{:m}", std::tuple(1, 2, 3)); // EXPECT 'm' needs a pair or a tuple of two
#else
#error "no such case"
#endif
}
