// atexit, at_quick_exit, __cxa_atexit and __cxa_thread_atexit: lists of functions to call at the
// end, newest first. A function may register more while its list runs; they run next.
#include <iterator>

#include "base/fatal.h"
#include "base/lock.h"
#include "boot/exit.h"
#include "os/os.h"
#include "sched/sched.h"

namespace runtime {

namespace {

using handler_function = void (*)(void* argument);

struct handler {
    handler_function function;
    void* argument;
};

// A page of handlers. Pages, not the heap: a program that registers a destructor need not have one.
struct page {
    page* previous;
    std::size_t used;
    handler handlers[255];
};
static_assert(sizeof(page) == 4096);

// False where the kernel has no page for it.
bool push(page*& top, handler added) {
    if (top == nullptr || top->used == std::size(top->handlers)) {
        int error = 0;
        auto* const fresh = static_cast<page*>(os::map(sizeof(page), &error));
        if (fresh == nullptr) {
            return false;
        }
        fresh->previous = top;
        top = fresh;
    }
    top->handlers[top->used++] = added;
    return true;
}

// A null function when there is none left. Pages are not given back: the end is near.
handler pop(page*& top) {
    while (top != nullptr && top->used == 0) {
        top = top->previous;
    }
    return top != nullptr ? top->handlers[--top->used] : handler{};
}

// A list that every goroutine shares. Its first page is in .bss, where the lines that are not used
// are not memory: enough for the 32 handlers that the C standard promises without asking the
// kernel.
struct shared_list {
    futex_lock lock;
    page* top;

    bool add(handler added) {
        const lock_guard guard(lock);
        return push(top, added);
    }

    void run() {
        for (;;) {
            handler next{};
            {
                const lock_guard guard(lock);
                next = pop(top);
            }
            if (next.function == nullptr) {
                return;
            }
            next.function(next.argument);
        }
    }
};

constinit page first_exit_page{};
constinit shared_list exit_list{.lock = {}, .top = &first_exit_page};
constinit page first_quick_exit_page{};
constinit shared_list quick_exit_list{.lock = {}, .top = &first_quick_exit_page};

// A thread_local belongs to an m, and so does the list of its destructors. The first m's begins in
// .bss.
constinit page first_thread_page{};
constinit thread_local page* thread_list;

} // namespace

void run_exit_handlers() {
    exit_list.run();
}

void run_quick_exit_handlers() {
    quick_exit_list.run();
}

bool has_thread_exit_handlers() {
    return thread_list != nullptr && (thread_list->used != 0 || thread_list->previous != nullptr);
}

void run_thread_exit_handlers() {
    for (;;) {
        const handler next = pop(thread_list);
        if (next.function == nullptr) {
            return;
        }
        next.function(next.argument);
    }
}

namespace {

// A void() called with an argument that it does not look at: the ABI allows it, the type system
// does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
handler_function without_argument(void (*function)()) {
    return reinterpret_cast<handler_function>(function);
}
#pragma GCC diagnostic pop

// Code that compilers generate does not look at the result of the functions below, and a destructor
// that does not run is lost data: without memory for it the program ends here.
void must(bool added) {
    if (!added) {
        fatal("no memory to register a destructor: raise RLIMIT_AS (ulimit -v)");
    }
}

} // namespace

extern "C" {

int __cxa_atexit(void (*function)(void*), void* argument, void* /*dso*/) {
    must(exit_list.add({function, argument}));
    return 0;
}

int __cxa_thread_atexit(void (*function)(void*), void* argument, void* /*dso*/) {
    const no_preempt here; // the list is this thread's
    if (thread_list == nullptr && getg()->m == &m0) {
        thread_list = &first_thread_page;
    }
    must(push(thread_list, {function, argument}));
    return 0;
}

// These return -1 where there is no memory for the entry.

int atexit(void (*function)()) {
    return exit_list.add({without_argument(function), nullptr}) ? 0 : -1;
}

int at_quick_exit(void (*function)()) {
    return quick_exit_list.add({without_argument(function), nullptr}) ? 0 : -1;
}

} // extern "C"

} // namespace runtime
