// What the sources under test find below them: the kernel's calls, and the end of the program.
#include <string>
#include <string_view>
#include <utility>

#include "arch/amd64/tcb.h"
#include "base/fatal.h"
#include "os/os.h"
#include "tests/explore/explore.h"
#include "tests/explore/machine.h"

namespace machine {

namespace {
const char* expected_fatal = nullptr;
} // namespace

// It is thrown, so that the model goes on.
void expect_fatal(const char* text) {
    expected_fatal = text;
}

} // namespace machine

namespace runtime {

// A thread that has none of its own is preempted by nobody.
tcb* get_tcb() {
    static tcb of_all_others{};
    auto* const own = static_cast<tcb*>(explore::local());
    return own != nullptr ? own : &of_all_others;
}

namespace os {

int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    return explore::futex_wait(word, expected, nanoseconds);
}

int futex_wake(const uint32_t* word, int count) {
    return explore::futex_wake(word, count);
}

void sleep(int64_t /*nanoseconds*/) {
    explore::pause();
}

} // namespace os

void fatal(std::string_view text) {
    if (machine::expected_fatal != nullptr &&
        text == std::exchange(machine::expected_fatal, nullptr)) {
        throw std::string(text);
    }
    explore::fail(("fatal error: " + std::string(text)).c_str());
}

void fatal_errno(std::string_view what, int /*error*/, std::string_view /*hint*/) {
    fatal(what);
}

} // namespace runtime
