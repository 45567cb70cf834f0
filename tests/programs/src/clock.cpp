// The clocks go forward.
#include <chrono>

#include <rt0/print.h>

int main() {
    using std::chrono::steady_clock;
    using std::chrono::system_clock;
    steady_clock::time_point last = steady_clock::now();
    const steady_clock::time_point start = last;
    bool backwards = false;
    // As long as it takes, because a clock that stands still must not pass.
    while (last - start < std::chrono::milliseconds(2)) {
        const steady_clock::time_point now = steady_clock::now();
        backwards |= now < last;
        last = now;
    }
    rt0::println("steady {}", backwards ? "goes backwards" : "goes forward");
    const auto since_epoch = system_clock::now().time_since_epoch();
    rt0::println("system {}", since_epoch > std::chrono::years(50) ? "is set" : "is not set");
}
