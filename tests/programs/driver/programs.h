// What the tests have in common: each runs once for the programs at a fixed address, once for their
// static-PIE twins where there are any.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "driver/run.h"

namespace driver {

class programs : public testing::TestWithParam<const char*> {
public:
    // Where the build has put a program of tests/programs or an example.
    [[nodiscard]] static std::string path(std::string_view name) {
        return std::string(PROGRAMS_DIR) + "/" + GetParam() + "/" + std::string(name);
    }
    [[nodiscard]] static result run(std::string_view name, const options& how = {}) {
        return driver::run(path(name), how);
    }
    [[nodiscard]] static result run(std::string_view name, std::vector<std::string> args) {
        options how;
        how.args = std::move(args);
        return run(name, how);
    }
};

// Equal; GoogleTest would print all of two long texts that are not.
inline void expect_text(std::string_view text, std::string_view expected, const result& end) {
    if (expected.size() < 2000 && text.size() < 2000) {
        EXPECT_EQ(text, expected) << describe(end);
    } else {
        EXPECT_TRUE(text == expected) << describe(end);
    }
}

inline void expect_match(const std::string& text, const char* pattern, const result& end) {
    EXPECT_TRUE(matches(text, pattern)) << describe(end);
}

// The whole of what a program has done.
inline void expect_end(const result& end, int status, std::string_view out,
                       std::string_view err = {}) {
    expect_text(end.out, out, end);
    expect_text(end.err, err, end);
    EXPECT_EQ(end.status, status) << describe(end);
}

inline void expect_signal(const result& end, int signal, std::string_view out,
                          std::string_view err = {}) {
    expect_text(end.out, out, end);
    expect_text(end.err, err, end);
    EXPECT_EQ(end.signal, signal) << describe(end);
    EXPECT_FALSE(end.timed_out);
}

// A panic or fatal error of goroutine 1.
inline void expect_failure(const result& end, const std::string& message,
                           std::string_view out = {}) {
    expect_end(end, 2, out, message + "\n\ngoroutine 1 [running]:\n");
}

} // namespace driver

// For each suite of a file.
#define RUN_STATIC_AND_PIE(suite)                                                                  \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::Values(PROGRAM_KINDS),                              \
                             [](const auto& kind) { return std::string(kind.param); })
