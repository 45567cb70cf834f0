// Asks several that answer after different times, and waits for each only so long.
#include <chrono>

#include <rt0/rt0.h>

using namespace std::chrono_literals;

int main() {
    for (const auto takes : {1ms, 2000ms, 2ms}) {
        const rt0::chan<int> answer(1); // so that who is too late does not wait for ever
        rt0::go([answer, takes] {
            rt0::sleep_for(takes);
            answer.send(42);
        });
        rt0::select(rt0::recv(answer, [&](auto what) { rt0::println("the answer is {}", *what); }),
                    rt0::recv(rt0::after(200ms), [] { rt0::println("no answer in time"); }));
    }
}
