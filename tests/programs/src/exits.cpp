// The ways to end a program: exits HOW [STATUS].
#include <cstdlib>
#include <string_view>
#include <utility>

#include <rt0/os.h>
#include <rt0/panic.h>
#include <rt0/print.h>

#include "go.h"

namespace {

struct goodbye {
    const char* name;
    ~goodbye() { rt0::println("destructor {}", name); }
};

goodbye first{"first"};
goodbye second{"second"};

[[gnu::destructor]] void fini() {
    rt0::println("fini");
}

int destroyed;

struct counted {
    ~counted() { ++destroyed; }
};

template <size_t>
void make_static() {
    static const counted object;
    (void)&object;
}

template <size_t... numbers>
void make_statics(std::index_sequence<numbers...> /*numbers*/) {
    static const struct last {
        ~last() { rt0::println("{} destroyed", destroyed); }
    } object;
    (void)&object;
    // Not a fold: clang nests those no deeper than 256.
    const int each[] = {(make_static<numbers>(), 0)...};
    (void)each;
}

int handlers_run;
void count_down() {
    ++handlers_run;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "return";
    static int status = 0;
    status = argc > 2 ? std::atoi(argv[2]) : 0;
    std::atexit([] { rt0::println("atexit 1"); });
    std::atexit([] { rt0::println("atexit 2"); });
    std::at_quick_exit([] { rt0::println("at_quick_exit 1"); });
    std::at_quick_exit([] { rt0::println("at_quick_exit 2"); });
    if (how == "exit") {
        std::exit(status);
    } else if (how == "rt0_exit") {
        rt0::exit(status);
    } else if (how == "_Exit") {
        std::_Exit(status);
    } else if (how == "quick_exit") {
        std::quick_exit(status);
    } else if (how == "abort") {
        std::abort();
    } else if (how == "many") {
        // The first comes last.
        std::atexit([] { rt0::println("{} handlers before", handlers_run); });
        for (int i = 0; i < 1000; ++i) {
            if (std::atexit(count_down) != 0) {
                rt0::panic("atexit: no memory");
            }
        }
    } else if (how == "destructors") {
        // More than a page of them, which the compiler registers.
        make_statics(std::make_index_sequence<600>());
    } else if (how == "register") {
        std::atexit([] {
            rt0::println("registers one more");
            std::atexit([] { rt0::println("one more"); });
        });
    } else if (how == "exit_in_handler") {
        std::atexit([] {
            rt0::println("calls exit");
            std::exit(status);
        });
        return 1;
    } else if (how == "goroutine") {
        go([] { std::exit(status); });
        runtime::gosched();
        return 1; // not reached
    } else if (how == "two_goroutines") {
        // The first to call exit ends the program, the second just waits.
        std::atexit([] {
            rt0::println("yields");
            runtime::gosched();
            rt0::println("goes on");
        });
        go([] { std::exit(9); });
        std::exit(status);
    }
    return status;
}
