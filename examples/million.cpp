// A million goroutines at once: how much memory, how long?
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <rt0/rt0.h>

namespace {

// The bytes of memory that this process uses: the second number of /proc/self/statm, in pages.
long resident() {
    auto file = rt0::file::open("/proc/self/statm");
    char text[128] = {};
    if (!file || !file->read(std::as_writable_bytes(std::span(text, sizeof text - 1)))) {
        return 0;
    }
    const std::string_view line = text;
    return std::stol(std::string(line.substr(line.find(' ') + 1))) * 4096;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

int main(int argc, char** argv) {
    const long count = argc > 1 ? std::stol(argv[1]) : 1'000'000;
    const long before = resident();
    auto start = std::chrono::steady_clock::now();
    rt0::wait_group door;
    rt0::wait_group all;
    door.add(1);
    for (long i = 0; i < count; ++i) {
        all.go([&door] { door.wait(); });
    }
    rt0::yield();
    rt0::eprintln("{} goroutines wait, {} bytes each, after {:.2f} s", count,
                  (resident() - before) / count, seconds_since(start));
    start = std::chrono::steady_clock::now();
    door.done();
    all.wait();
    rt0::eprintln("all have ended, after {:.2f} s", seconds_since(start));
    rt0::println("{}", count);
}
