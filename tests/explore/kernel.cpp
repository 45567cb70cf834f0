// What the sources under test find below them: the kernel's calls, and the end of the program.
#include <string>
#include <string_view>

#include "arch/amd64/tcb.h"
#include "base/fatal.h"
#include "os/os.h"
#include "tests/explore/explore.h"

namespace runtime {

// Nobody is preempted here.
tcb* get_tcb() {
    static tcb of_all_threads{};
    return &of_all_threads;
}

namespace os {

int futex_wait(const uint32_t* word, uint32_t expected, int64_t nanoseconds) {
    return explore::futex_wait(word, expected, nanoseconds);
}

int futex_wake(const uint32_t* word, int count) {
    return explore::futex_wake(word, count);
}

} // namespace os

void fatal(std::string_view text) {
    explore::fail(("fatal error: " + std::string(text)).c_str());
}

} // namespace runtime
