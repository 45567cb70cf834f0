// Two goroutines that hand a ball to each other.
#include <rt0/rt0.h>

int main() {
    constexpr int rounds = 1'000'000;
    const rt0::chan<int> there(0);
    const rt0::chan<int> back(0);
    rt0::go([there, back] {
        for (const int ball : there) {
            back.send(ball + 1);
        }
        back.close();
    });
    int ball = 0;
    for (int i = 0; i < rounds; ++i) {
        there.send(ball);
        ball = back.recv().value_or(0);
    }
    there.close();
    rt0::println("{} times, then {}", ball, back.recv().has_value() ? "once more" : "closed");
}
