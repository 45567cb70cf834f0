// Prints: prints HOW [COUNT]. What println returns goes to stderr.
#include <cstdlib>
#include <string>
#include <string_view>

#include <rt0/print.h>

namespace {

void report(const std::expected<void, rt0::error>& printed) {
    rt0::eprintln("{}", printed ? "printed" : printed.error().name());
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "literal";
    const auto count = static_cast<size_t>(argc > 2 ? std::atol(argv[2]) : 1);
    if (how == "literal") {
        report(rt0::println("text"));
    } else if (how == "format") {
        report(rt0::println("{}", 12345));
    } else if (how == "long") {
        // One call.
        std::string text(count, 'x');
        for (size_t i = 0; i < count; i += 10) {
            text[i] = static_cast<char>('a' + i / 10 % 26);
        }
        report(rt0::print("{}", text));
    } else if (how == "lines") {
        for (size_t i = 0; i < count; ++i) {
            if (const auto printed = rt0::println("line {}", i); !printed) {
                report(printed);
                return 1;
            }
        }
    }
}
