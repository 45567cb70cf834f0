// The environment's knobs, by Go's names. Parsed once in schedinit, read-only afterwards; under
// AT_SECURE they are not read at all, because the environment then belongs to someone less
// privileged.
#pragma once

#include <cstdint>
#include <string_view>

namespace runtime {

// GOTRACEBACK: how much a dying program tells.
enum class traceback_level : int8_t {
    none = -1,  // the message alone
    single = 0, // and the goroutine that failed (the default)
    all,        // and every other goroutine of the program
    system,     // and the runtime's own frames
    crash,      // as system, and then SIGABRT instead of exit status 2
};

struct knob_values {
    // GOMAXPROCS: how many p's; 0 where it is not set or not a positive number.
    uint32_t gomaxprocs = 0;
    traceback_level traceback = traceback_level::single;
    // GODEBUG=schedtrace=N: a line about the scheduler every N milliseconds; 0 is never.
    uint32_t schedtrace = 0;
    // GODEBUG=scheddetail=1: with schedtrace, every m, p and g too.
    uint32_t scheddetail = 0;
    // GODEBUG=asyncpreemptoff=1: no goroutine is interrupted by a signal.
    uint32_t asyncpreemptoff = 0;
    // GODEBUG=randsched=SEED: one p, which runs goroutines in a random order that follows from the
    // seed (sched/randsched.cpp); 0 is no such thing.
    uint32_t randsched = 0;
};

extern knob_values knobs;

// Each parses the text of one variable. What cannot be parsed leaves the value as it was, as Go
// does: a program does not fail over a misspelt knob.
void parse_gomaxprocs(std::string_view text, knob_values& values);
void parse_gotraceback(std::string_view text, knob_values& values);
// A comma-separated list of name=number; unknown names are for other versions and are skipped. Of a
// name given twice the last counts.
void parse_godebug(std::string_view text, knob_values& values);

} // namespace runtime
