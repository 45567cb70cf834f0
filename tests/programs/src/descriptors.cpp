// Which descriptors there are: opens a file and writes there what the standard ones can do.
#include <cstddef>
#include <span>

#include <rt0/format.h>
#include <rt0/os.h>
#include <rt0/print.h>

namespace {

template <class T>
std::string_view name(const std::expected<T, rt0::error>& answer) {
    return answer ? "works" : answer.error().name();
}

} // namespace

int main(int argc, char** argv) {
    auto report = rt0::file::create(argv[argc - 1]);
    if (!report) {
        return 1;
    }
    std::byte byte[1]{std::byte{'x'}};
    const auto read = rt0::file::standard_input().read(byte);
    const auto out = rt0::println("text");
    const auto err = rt0::eprintln("text");
    const std::string text = rt0::format("opened {}, stdin {}, stdout {}, stderr {}\n",
                                         report->descriptor(), name(read), name(out), name(err));
    return report->write(std::as_bytes(std::span(text))) && report->close() ? 0 : 1;
}
