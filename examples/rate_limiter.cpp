// Lets through so many requests per second, after a burst at the beginning.
#include <chrono>
#include <cstddef>

#include <rt0/rt0.h>

using namespace std::chrono_literals;

namespace {

class rate_limiter {
public:
    rate_limiter(std::chrono::microseconds interval, int burst)
        : permits_(static_cast<std::size_t>(burst)) {
        for (int i = 0; i < burst; ++i) {
            permits_.send(1);
        }
        rt0::go([permits = permits_, stop = stop_, interval] {
            const rt0::ticker ticks(interval);
            for (bool stopped = false; !stopped;) {
                rt0::select(rt0::recv(ticks, [&] { (void)permits.try_send(1); }),
                            rt0::recv(stop, [&] { stopped = true; }));
            }
        });
    }
    rate_limiter(const rate_limiter&) = delete;
    rate_limiter& operator=(const rate_limiter&) = delete;
    ~rate_limiter() { stop_.close(); }

    void wait() { permits_.recv(); }

private:
    rt0::chan<int> permits_;
    rt0::chan<int> stop_ = rt0::chan<int>(0);
};

} // namespace

int main() {
    constexpr int burst = 5;
    constexpr int requests = 25;
    const auto start = std::chrono::steady_clock::now();
    rate_limiter limit(2ms, burst);
    for (int i = 0; i < requests; ++i) {
        limit.wait();
    }
    const auto took = std::chrono::steady_clock::now() - start;
    rt0::println("{} requests, {}", requests,
                 took >= 2ms * (requests - burst - 1) ? "not too fast" : "too fast");
}
