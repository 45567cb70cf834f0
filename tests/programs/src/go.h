// Goroutines through the runtime's own functions.
#pragma once

#include <utility>

#include "sched/sched.h"

// newproc alone knows the first goroutine only; the file with the others comes with drop_g.
inline void link_goroutines() {
    asm volatile("" : : "r"(runtime::drop_g));
}

// Starts a goroutine that calls f.
template <class F>
void go(F f) {
    struct closure : runtime::funcval {
        explicit closure(F f)
            : runtime::funcval{[](runtime::funcval* self) {
                auto* const own = static_cast<closure*>(self);
                own->f_();
                delete own;
            }}
            , f_(std::move(f)) {}
        F f_;
    };
    link_goroutines();
    runtime::newproc(new closure(std::move(f)));
}

// Parks until somebody calls ready.
inline void park() {
    runtime::park(nullptr, nullptr, runtime::wait_reason::none);
}
