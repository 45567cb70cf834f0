// Format strings that must not compile: with FAILING, each with the message that stands beside it.
// Without, all compiles.
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
    rt0::println("{} {:x} {:>{}} {} {:!}", string, 1, 2, 3, numbers, picky());
    rt0::println("{:L} {:L} {:L} {:L} {:Lc} {:Ls}", 1, 'c', true, 1.5, 1, true);
#ifdef FAILING
    // clang-format off
    rt0::println("{", 1); // EXPECT a '{' is not closed
    rt0::println("}"); // EXPECT a '}' closes nothing
    rt0::println("{}"); // EXPECT names an argument that is not there
    rt0::println("{} {}", 1); // EXPECT names an argument that is not there
    rt0::println("{1}", 1); // EXPECT names an argument that is not there
    rt0::println("{} {0}", 1); // EXPECT manual {0} after automatic {}
    rt0::println("{0} {}", 1); // EXPECT automatic {} after manual {0}
    rt0::println("{:d}", string); // EXPECT type does not take this format specification
    rt0::println("{:s}", 1); // EXPECT type does not take this format specification
    rt0::println("{:.2}", 1); // EXPECT a precision needs
    rt0::println("{:+}", "text"); // EXPECT a sign or '#' needs
    rt0::println("{:{}}", 1, "wide"); // EXPECT a width or precision argument must be an integer
    rt0::println("{}", unformattable()); // EXPECT an argument's type has no rt0::formatter
    rt0::println("{}", &number); // EXPECT an argument's type has no rt0::formatter
    rt0::println("{}", L"wide"); // EXPECT an argument's type has no rt0::formatter
    rt0::println("{}", picky()); // EXPECT picky wants a !
    rt0::println("{::s}", numbers); // EXPECT type does not take this format specification
    rt0::println("{:s}", numbers); // EXPECT 's' needs a range of char
    rt0::println("{:m}", numbers); // EXPECT 'm' needs a range of pairs
    rt0::println("{}", std::tuple(1, picky())); // EXPECT picky wants a !
    rt0::println(string.c_str()); // EXPECT not a constant expression|not usable in a constant
    (void)rt0::format("{:xx}", 1); // EXPECT the format specification goes on after its type
    (void)rt0::format("{:99999999999}", 1); // EXPECT a number in the format string is too large
    rt0::println("{0", 1); // EXPECT a replacement field has neither ':' nor '}'
    rt0::println("{:#}", true); // EXPECT a sign or '#' needs
    rt0::println("{:08}", 'c'); // EXPECT '0' needs
    rt0::println("{:L}", string); // EXPECT 'L' needs
    rt0::println("{:L}", nullptr); // EXPECT 'L' needs
    rt0::println("{:s}", 'c'); // EXPECT type does not take this format specification
    rt0::println("{:s}", 1.5); // EXPECT type does not take this format specification
    rt0::println("{:c}", true); // EXPECT type does not take this format specification
    rt0::println("{:c}", "text"); // EXPECT type does not take this format specification
    rt0::println("{:?}", 1); // EXPECT type does not take this format specification
    rt0::println("{:?}", true); // EXPECT type does not take this format specification
    rt0::println("{:p}", 1); // EXPECT type does not take this format specification
    rt0::println("{:p}", "text"); // EXPECT type does not take this format specification
    rt0::println("{:x}", 1.5); // EXPECT type does not take this format specification
    rt0::println("{:f}", 1); // EXPECT type does not take this format specification
    rt0::println("{:+}", 'c'); // EXPECT a sign or '#' needs
    rt0::println("{:+s}", true); // EXPECT a sign or '#' needs
    rt0::println("{:#}", nullptr); // EXPECT a sign or '#' needs
    rt0::println("{:05}", true); // EXPECT '0' needs
    rt0::println("{:.2}", 'c'); // EXPECT a precision needs
    rt0::println("{:.2}", nullptr); // EXPECT a precision needs
    rt0::println("{:.}", 1.5); // EXPECT the precision is missing
    rt0::println("{:00}", 1); // EXPECT the width starts with 0
    rt0::println("{:{}}", 1, true); // EXPECT a width or precision argument must be an integer
    rt0::println("{:{}}", 1, 'c'); // EXPECT a width or precision argument must be an integer
    rt0::println("{:.{}}", 1.5, 2.0); // EXPECT a width or precision argument must be an integer
    rt0::println("{:{1}}", 1, 2); // EXPECT manual {0} after automatic {}
    rt0::println("{0:{}}", 1, 2); // EXPECT automatic {} after manual {0}
    rt0::println("{:{<5}", 1, 2); // EXPECT a nested replacement field is not closed
    rt0::println("{:ns}", std::vector{'c'}); // EXPECT has no brackets for 'n'
    rt0::println("{:s:d}", std::vector{'c'}); // EXPECT has no specification of elements
    rt0::println("{:nm}", std::vector{1L}); // EXPECT 'm' needs a range of pairs
    rt0::println("{:m}", std::tuple(1, 2, 3)); // EXPECT 'm' needs a pair or a tuple of two
    // clang-format on
#endif
}
