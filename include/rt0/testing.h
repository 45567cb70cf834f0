// Tests of code that waits: a clock that stands still while anything runs, and jumps where nothing
// does.
#pragma once

#include <concepts>
#include <utility>

namespace rt0::testing {

namespace detail {

// The clock is held from begin to end. finish: whether no goroutine is left behind; fatal.
void begin();
void finish();
void end() noexcept;

} // namespace detail

/// Calls f() on the current goroutine while the program's clock is held: timers, sleeps, timeouts
/// and deadlines, steady_clock and system_clock go by a time that stands still as long as any
/// goroutine can run, and that jumps to the next deadline when all are parked. So an hour of
/// timeouts takes as long as its work. At first it is midnight UTC on the first of January 2000 by
/// system_clock; steady_clock goes on from where it is. Afterwards both are the kernel's again.
///
/// Waits, when f has returned, until all others are parked or have ended, who is in wait too;
/// meanwhile the time stands still. Fatal, with the list of all goroutines, where one is left that
/// was not there before; and where all are parked, in f or afterwards, and none of them waits for a
/// time: a deadlock. As late as there is a time for, 292 years, is never. What f throws is passed
/// on, and then nobody is looked for.
///
/// A timer that f has started and nobody has stopped is the program's, and stays: it is due when
/// the kernel's clock, or the one that is held in a later run, says what its deadline says.
///
/// All goroutines of the program count, not only those that f starts. One that is in the kernel,
/// reading a file, is not parked: the time waits for it. Parks. Any goroutine, but only one at a
/// time: panics within itself. As Go's synctest.Test.
template <class F>
    requires std::invocable<F>
void run(F&& f) {
    struct held {
        held() { detail::begin(); }
        held(const held&) = delete;
        held& operator=(const held&) = delete;
        ~held() { detail::end(); }
    };
    const held clock;
    (void)std::forward<F>(f)();
    detail::finish();
}

/// Parks until all other goroutines are parked, in it too, or have ended, and before the time goes
/// on: then what they do at this time is done. Panics outside of run. Any goroutine. As Go's
/// synctest.Wait.
void wait();

} // namespace rt0::testing
