// Programs whose last words are about many goroutines: dumps HOW [COUNT].
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string_view>

#include <rt0/rt0.h>

namespace {

using clock = std::chrono::steady_clock;

rt0::wait_group never; // nobody calls done
std::atomic<int> there = 0;

void wait_for(int count) {
    while (there < count) {
        rt0::yield();
    }
}

void wait_for_ever() {
    ++there;
    never.wait();
}

// So many goroutines that wait, each with a name of its own.
void park_named(int count) {
    for (int i = 0; i < count; ++i) {
        rt0::go([i] {
            rt0::set_name(rt0::format("waiter {}", i));
            wait_for_ever();
        });
    }
    wait_for(count);
    // The last one has counted itself and may not be parked yet.
    for (int i = 0; i < 100; ++i) {
        rt0::yield();
    }
}

[[gnu::noinline]] void deep(int levels) {
    if (levels > 0) {
        deep(levels - 1);
        asm volatile("");
    } else if (there != 0) {
        rt0::fatal("deep");
    }
}

void names() {
    rt0::set_name("main");
    rt0::go([] {
        rt0::set_name("first");
        rt0::set_name("second");
        wait_for_ever();
    });
    rt0::go([] {
        rt0::set_name("taken away");
        rt0::set_name("");
        wait_for_ever();
    });
    rt0::go([] {
        rt0::set_name("a \"quote\",\na [bracket]");
        wait_for_ever();
    });
    rt0::go([] {
        // 62 bytes and a character of two, which does not fit.
        rt0::set_name("12345678901234567890123456789012345678901234567890123456789012\u00e9");
        wait_for_ever();
    });
    wait_for(4);
    // A goroutine that is over leaves its name to nobody.
    rt0::wait_group ended;
    ended.go([] { rt0::set_name("over"); });
    ended.wait();
    rt0::go(wait_for_ever);
    wait_for(5);
    never.wait();
}

void states() {
    std::mutex taken;
    taken.lock();
    rt0::go([&taken] {
        ++there;
        taken.lock();
    });
    rt0::go([] {
        rt0::lock_os_thread();
        wait_for_ever();
    });
    wait_for(2);
    never.wait();
}

// All but one of the p's compute or read; that one gives up.
void busy() {
    rt0::go([] {
        ++there;
        for (;;) {
            asm volatile("");
        }
    });
    rt0::go([] {
        std::byte byte{};
        ++there;
        (void)rt0::file(0).read({&byte, 1});
    });
    wait_for(2);
    const auto end = clock::now() + std::chrono::milliseconds(20);
    while (clock::now() < end) { // until the reader is in the kernel
        rt0::yield();
    }
    rt0::fatal("busy");
}

// All wait, one of them in the kernel, until there is nothing more to read.
void idle() {
    rt0::wait_group reader;
    reader.go([] {
        std::byte byte{};
        (void)rt0::file(0).read({&byte, 1});
    });
    reader.wait();
    rt0::println("read");
}

// All die at the same moment.
void race() {
    constexpr int racers = 2;
    for (int i = 0; i < racers; ++i) {
        rt0::go([i] {
            ++there;
            while (there < racers) {
            }
            rt0::panic(rt0::format("racer {}", i));
        });
    }
    never.wait();
}

// For schedtrace: two loops, and some goroutines that wait, for so many milliseconds.
void work(int milliseconds) {
    std::atomic<bool> stop = false;
    rt0::wait_group group;
    for (int i = 0; i < 2; ++i) {
        group.go([&stop] {
            while (!stop) {
                rt0::yield();
            }
        });
    }
    park_named(3);
    const auto end = clock::now() + std::chrono::milliseconds(milliseconds);
    while (clock::now() < end) {
        rt0::yield();
    }
    stop = true;
    group.wait();
    rt0::println("worked");
}

// In main alone, before any goroutine is started.
void compute(int milliseconds) {
    const auto end = clock::now() + std::chrono::milliseconds(milliseconds);
    while (clock::now() < end) {
    }
    if (there != 0) {
        rt0::go([] {}); // so that what goroutines need is in the program
    }
    rt0::println("computed");
}

// A thread for each goroutine.
void threads(int count) {
    for (int i = 0; i < count; ++i) {
        rt0::go([] {
            rt0::lock_os_thread();
            wait_for_ever();
        });
        wait_for(i + 1);
    }
}

} // namespace

int main(int argc, char** argv) {
    never.add(1);
    const std::string_view how = argc > 1 ? argv[1] : "";
    int count = 0;
    if (argc > 2) {
        std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), count);
    }
    if (how == "panic") {
        park_named(count);
        rt0::panic("it is broken");
    } else if (how == "fatal") {
        park_named(count);
        rt0::fatal("it is broken");
    } else if (how == "deadlock") {
        park_named(count);
        never.wait();
    } else if (how == "deep") {
        park_named(count);
        rt0::go([] { deep(30); });
        never.wait();
    } else if (how == "names") {
        names();
    } else if (how == "states") {
        states();
    } else if (how == "busy") {
        busy();
    } else if (how == "idle") {
        idle();
    } else if (how == "race") {
        race();
    } else if (how == "work") {
        work(count);
    } else if (how == "compute") {
        compute(count);
    } else if (how == "threads") {
        threads(count);
    }
}
