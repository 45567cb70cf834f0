// What nobody catches: uncaught HOW.
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <rt0/go.h>
#include <rt0/print.h>
#include <rt0/sync.h>

namespace outer::inner {
struct own {};
struct silent : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};
template <class T>
struct of {};
} // namespace outer::inner

namespace {

struct hidden : std::logic_error {
    using std::logic_error::logic_error;
};

const int number = 7;

// Not inlined: compilers warn of a noexcept function that they see throwing.
[[gnu::noinline]] void fail(std::string_view how) {
    if (how == "runtime_error") {
        throw std::runtime_error("boom");
    } else if (how == "code") {
        throw std::system_error(std::make_error_code(std::errc::invalid_argument), "open");
    } else if (how == "int") {
        throw 7;
    } else if (how == "text") {
        throw "text";
    } else if (how == "pointer") {
        throw &number; // NOLINT(misc-throw-by-value-catch-by-reference)
    } else if (how == "own") {
        throw outer::inner::own();
    } else if (how == "hidden") {
        throw hidden("one\ntwo");
    } else if (how == "silent") {
        throw outer::inner::silent();
    } else if (how == "template") {
        throw outer::inner::of<int>();
    } else if (how == "long") {
        throw std::runtime_error(std::string(800, 'x'));
    } else if (how == "nothing") {
        throw;
    } else if (how == "library") {
        rt0::println("{}", std::string("abc").substr(4));
    } else if (how == "pointer_kept") {
        std::rethrow_exception(std::make_exception_ptr(std::range_error("kept")));
    } else if (how == "again") {
        try {
            fail("runtime_error");
        } catch (...) {
            throw;
        }
    } else if (how == "other") {
        try {
            fail("int");
        } catch (...) {
            throw std::runtime_error("while catching");
        }
    }
}

// NOLINTNEXTLINE(bugprone-exception-escape)
void does_not_throw(std::string_view how) noexcept {
    fail(how);
}

struct at_the_end {
    explicit at_the_end(std::string_view how)
        : how_(how) {}
    at_the_end(const at_the_end&) = delete;
    at_the_end& operator=(const at_the_end&) = delete;
    ~at_the_end() { fail(how_); } // NOLINT(bugprone-exception-escape)

private:
    std::string_view how_;
};

[[gnu::constructor(101)]] void early(int argc, char** argv, char** /*envp*/) {
    if (argc > 2 && std::string_view(argv[2]) == "constructor") {
        fail(argv[1]);
    }
}

} // namespace

// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "";
    const std::string_view where = argc > 2 ? argv[2] : "";
    if (where == "goroutine") {
        rt0::wait_group group;
        group.go([how] { fail(how); });
        group.wait();
    } else if (where == "noexcept") {
        does_not_throw(how);
    } else if (where == "destructor") {
        try {
            const at_the_end here(how);
        } catch (...) {
            rt0::println("caught");
        }
    } else if (where == "unwinding") {
        try {
            const at_the_end here(how);
            fail("int");
        } catch (...) {
            rt0::println("caught");
        }
    } else if (where == "atexit") {
        static std::string_view then;
        then = how;
        std::atexit([] { fail(then); });
        return 0;
    } else if (where == "handler") {
        std::set_terminate([] {
            try {
                throw;
            } catch (const std::exception& exception) {
                rt0::println("handler: {}", exception.what());
            }
            std::_Exit(3);
        });
        fail(how);
    } else if (where == "restored") {
        std::set_terminate(std::set_terminate(nullptr));
        fail(how);
    } else {
        fail(how);
    }
}
