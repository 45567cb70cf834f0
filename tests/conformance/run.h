// A program of named tests. Without a word it runs all of them but those that end it, and prints
// their names; with words, those. Ends with the number of checks that did not hold.
#pragma once

#include <span>
#include <string_view>

#include <rt0/rt0.h>

#include "../headers/check.h"

struct test {
    std::string_view name;
    void (*run)();
    bool ends = false; // the program
};

inline int run_tests(std::span<const test> tests, int argc, char** argv) {
    int wanted = 0;
    for (const test& t : tests) {
        bool named = argc == 1 && !t.ends;
        for (int i = 1; i < argc; ++i) {
            named = named || t.name == argv[i];
        }
        if (named) {
            rt0::println("{}", t.name);
            t.run();
            ++wanted;
        }
    }
    return wanted == 0 ? 99 : failures;
}

// Lets the others run until it is so.
template <class F>
void until(F is_so) {
    while (!is_so()) {
        rt0::yield();
    }
}

// Lets them run for a while: what must not happen has time to.
inline void for_a_while() {
    for (int i = 0; i < 20; ++i) {
        rt0::yield();
    }
}
