// A simulated kernel for whole programs on the real scheduler: threads, futexes, pipes, a clock,
// memory, signals to threads; and a fate for each run, which follows from its seed: who gets the
// processor when and for how long, which thread stalls, which call is interrupted, which is
// refused. The same seed is the same run, to the last step.
//
// Below it is the explorer's interface (tests/explore/explore.h), by which the runtime's atomics
// are points where another thread may go on. Other than there, atomics are just memory: what weaker
// orderings do is the explorer's to find, in models that are small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace simulate {

// The run's choices.
std::uint64_t below(std::uint64_t n);
bool one_in(std::uint64_t n);

// Nanoseconds since the run began. Each step takes some; when all threads wait, it is the next
// deadline's time at once.
std::int64_t now();
// The processor's counter, three a nanosecond. To read it takes a nanosecond, so that who waits for
// it does not wait for ever.
std::uint64_t cycles();

// Each call to the kernel begins with this: it takes a while, and others may go on.
void enter_kernel(std::string_view call);
// A call that refuses when fate says so: its error, or 0. Who gets one is told by refused_once.
int refusal(std::string_view call);
// Some call has been refused what the runtime cannot do without, or may have been.
bool refused_once();
// The call is interrupted by a signal here.
bool interrupted();

// The calling thread sleeps until somebody calls wake_all with the same key, or until the clock is
// past deadline, where that is not negative. Whether it was woken.
bool wait(const void* key, std::int64_t deadline);
void wake_all(const void* key);

// What a signal does to the calling thread at its next step.
void on_signal(void (*deliver)());
// Sends one to the thread with that number, the order in which they began. False: it is over.
bool signal(std::size_t thread);
std::size_t thread_number();

// The program has done something of a number of things that has an end: it does not go round in
// circles.
void comes_on();

// Ends the run: the program has come to its end, which is text.
[[noreturn]] void end(std::string_view text);

// main: [SEED [COUNT]] [--seconds S] [--trace] [--expect-failure]. Each run is a process of its
// own.
int run(int argc, char** argv, void (*program)());

} // namespace simulate
