// cat: copies files, or stdin for "-" or without arguments, to stdout.
#include <array>
#include <cstddef>
#include <string_view>

#include <rt0/os.h>
#include <rt0/print.h>

namespace {

// Copies to the end of the file. False, after a message, where reading or writing fails.
bool copy(rt0::file& from, std::string_view name) {
    static std::array<std::byte, 65536> buffer;
    rt0::file out = rt0::file::standard_output();
    for (;;) {
        const auto count = from.read(buffer);
        if (!count) {
            rt0::eprintln("cat: {}: {}", name, count.error());
            return false;
        }
        if (*count == 0) {
            return true;
        }
        if (const auto written = out.write(std::span(buffer).first(*count)); !written) {
            rt0::eprintln("cat: standard output: {}", written.error());
            return false;
        }
    }
}

} // namespace

int main() {
    const auto names = rt0::args().size() > 1 ? rt0::args().subspan(1) : rt0::args().first(0);
    bool good = true;
    if (names.empty()) {
        rt0::file in = rt0::file::standard_input();
        good = copy(in, "standard input");
    }
    for (const char* const name : names) {
        if (std::string_view(name) == "-") {
            rt0::file in = rt0::file::standard_input();
            good &= copy(in, "standard input");
            continue;
        }
        auto in = rt0::file::open(name);
        if (!in) {
            rt0::eprintln("cat: {}: {}", name, in.error());
            good = false;
            continue;
        }
        good &= copy(*in, name);
    }
    return good ? 0 : 1;
}
