// The floor of the benchmark of channels: words handed over between two stacks of one thread, one
// by one or as many as the buffer takes.

#include <array>
#include <cstdio>

#include "floors.h"
#include "rows.h"

namespace {

using floors::here;
using floors::prepare;
using floors::switch_stack;
using floors::there;

long ball;

[[noreturn]] void answers() {
    for (;;) {
        ++ball;
        switch_stack(&there, here);
    }
}

double ping_pong() {
    prepare(answers);
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            ball = i;
            switch_stack(&here, there);
            bench::check(ball == i + 1);
        }
    });
}

struct ring {
    static constexpr unsigned long size = bench::capacity;
    std::array<long, size> items{};
    unsigned long sent = 0;
    unsigned long received = 0;

    bool send(long item) {
        if (sent - received == size)
            return false;
        items[sent++ % size] = item;
        bench::keep(this);
        return true;
    }
    bool receive(long& item) {
        if (sent == received)
            return false;
        item = items[received++ % size];
        return true;
    }
};

ring buffer;

double buffered() {
    return bench::measure([](long n) {
        for (long i = 0; i < n; ++i) {
            long item = 0;
            bench::check(buffer.send(i) && buffer.receive(item) && item == i);
        }
    });
}

[[noreturn]] void produces() {
    for (long i = 0;; ++i) {
        while (!buffer.send(i))
            switch_stack(&there, here);
    }
}

double prod_cons() {
    return bench::measure([](long n) {
        buffer = {};
        prepare(produces);
        for (long i = 0; i < n; ++i) {
            long item = 0;
            while (!buffer.receive(item))
                switch_stack(&here, there);
            bench::check(item == i);
        }
    });
}

constexpr bench::row rows[] = {
    {"ping_pong_1p", ping_pong},
    {"ping_pong", ping_pong},
    {"buffered", buffered},
    {"prod_cons", prod_cons},
};

} // namespace

int main(int argc, char** argv) {
    return bench::answer(rows, argc, argv, [](double number) { std::printf("%.6g\n", number); });
}
