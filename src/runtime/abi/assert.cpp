#include "base/fatal.h"
#include "base/text.h"

extern "C" {

// assert of <cassert>.
[[noreturn]] void __assert_fail(const char* expression, const char* file, unsigned line,
                                const char* function) {
    runtime::text<20> number;
    number << uint64_t{line};
    const bool known = function != nullptr;
    runtime::fatal({file, ":", number.view(), known ? ": " : "", known ? function : "",
                    ": assertion failed: ", expression});
}

} // extern "C"

namespace std {

// The same of libstdc++'s own, under -D_GLIBCXX_ASSERTIONS.
[[noreturn]] void __glibcxx_assert_fail(const char* file, int line, const char* function,
                                        const char* condition) noexcept {
    __assert_fail(condition != nullptr ? condition : "unreachable", file != nullptr ? file : "?",
                  static_cast<unsigned>(line), function);
}

} // namespace std
