// A worker that says from time to time that it is alive, and one who watches over it.
#include <chrono>

#include <rt0/rt0.h>

using namespace std::chrono_literals;

int main() {
    const rt0::chan<int> beats(0);
    rt0::go([beats] {
        const rt0::ticker ticks(5ms);
        for (int n = 1; n <= 5; ++n) {
            ticks.recv();
            beats.send(n);
        }
        // Then it hangs.
    });
    int last = 0;
    bool alive = true;
    rt0::timer patience(300ms);
    while (alive) {
        rt0::select(rt0::recv(beats,
                              [&](auto n) {
                                  last = *n;
                                  patience.reset(300ms);
                              }),
                    rt0::recv(patience, [&] { alive = false; }));
    }
    rt0::println("alive until beat {}, then silent", last);
}
