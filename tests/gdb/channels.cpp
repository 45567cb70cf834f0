// Two goroutines on one p, one of which waits each time that the other one sends.
#include <rt0/rt0.h>

namespace {

[[gnu::noinline]] void send_one(const rt0::chan<int>& to, int n) {
    to.send(n);
    asm volatile("" : : : "memory"); // no tail call
}

// A place to stop at: the channel's lock is this thread's own by now.
[[gnu::noinline]] void owned() {
    asm volatile("" : : : "memory");
}

} // namespace

int main() {
    rt0::gomaxprocs(1);
    const rt0::chan<int> c(0);
    rt0::go([c] {
        for (int sum = 0;; sum += c.recv().value_or(0)) {
            asm volatile("" : : "r"(sum));
        }
    });
    for (int n = 0; n < 3000; ++n) {
        rt0::yield(); // the other one waits then
        if (n == 2900) {
            owned();
        }
        send_one(c, n);
    }
    return 0;
}
