// check(what): the test's exit status is the number of checks that did not hold, each named on
// stderr.
#pragma once

#include <source_location>

#include <rt0/print.h>

inline int failures;

inline void check(bool holds, std::source_location where = std::source_location::current()) {
    if (!holds) {
        rt0::eprintln("{}:{}: does not hold", where.file_name(), where.line());
        ++failures;
    }
}
