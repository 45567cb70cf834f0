// panic and fatal: the last words of a program.
//
// Whoever calls one may be short of stack, so what is to be said goes into the one last_words there
// is, and crash (arch/amd64/crash.S) calls die on a stack that is for nothing else. What is
// read of other goroutines is as it is at that moment: they go on until the process ends.
#include <linux/errno.h>

#include "arch/amd64/offsets.h"
#include "base/atomic.h"
#include "base/boot_step.h"
#include "base/fatal.h"
#include "base/if_linked.h"
#include "base/knobs.h"
#include "base/report.h"
#include "os/os.h"
#include "sched/sched.h"

namespace runtime {

namespace {

struct last_words {
    std::string_view lines; // before all else
    const char* kind;
    std::string_view text; // the only part, where there is one
    const std::string_view* parts;
    size_t count;
    int error; // 0: none
    std::string_view hint;
    bool is_panic;

    void say(const char* what, std::string_view only) {
        kind = what;
        text = only;
        parts = &text;
        count = 1;
    }
    void say(const char* what, std::initializer_list<std::string_view> several) {
        kind = what;
        parts = several.begin();
        count = several.size();
    }
};

} // namespace

extern "C" {
// arch/amd64/crash.S
[[noreturn]] void crash(const last_words* words) asm("runtime.crash");
[[noreturn]] void die(const last_words* words) asm("runtime.die");
alignas(16) extern unsigned char crash_stack[CRASH_STACK_SIZE] asm("runtime.crash_stack");
alignas(16) constinit unsigned char crash_stack[CRASH_STACK_SIZE]{};
}

namespace {

// How many other goroutines a fatal error shows that nobody has asked to show all.
constexpr uint64_t enough = 1000;

const char* state_text(const g* gp) {
    switch (gp->status.load(std::memory_order_relaxed)) {
    case g_status::runnable:
        return "runnable";
    case g_status::running:
        return "running";
    case g_status::syscall:
        return "syscall";
    case g_status::waiting:
        return why(gp->waiting_for);
    case g_status::idle:
    case g_status::dead:
        break;
    }
    return "idle";
}

// goroutine 7 [sync.Mutex.Lock, locked to thread, "reader"]:
void print_header(report& out, const g* gp) {
    out << "\ngoroutine " << gp->goid << " [" << state_text(gp);
    if (gp->locked) {
        out << ", locked to thread";
    }
    if (auto* const print = if_linked(print_name)) {
        print(out, gp);
    }
    out << "]:\n";
}

void print_others(report& out, const g* current) {
    struct others {
        report& out;
        const g* current;
        uint64_t left;
        uint64_t elided;
    } all{out, current, knobs.traceback == traceback_level::single ? enough : ~uint64_t{0}, 0};
    const auto visit = [](g* gp, void* argument) {
        auto* const to = static_cast<others*>(argument);
        if (gp == to->current || !is_alive(gp)) {
            return;
        }
        if (to->left == 0) {
            ++to->elided;
            return;
        }
        --to->left;
        print_header(to->out, gp);
    };
    if (auto* const for_each = if_linked(for_each_g)) {
        for_each(visit, &all);
    } else if (sched.first != nullptr) {
        visit(sched.first, &all);
    }
    if (all.elided != 0) {
        out << "\n..." << all.elided << " goroutines elided (GOTRACEBACK=all shows them)...\n";
    }
}

// As Go does it: a panic is about the goroutine that fails, a fatal error about the program.
void print_goroutines(report& out, bool is_panic) {
    if (knobs.traceback == traceback_level::none) {
        return;
    }
    if (boot_step != nullptr) {
        print_header(out, &g0); // there may be no other, nor a way to ask for one
        return;
    }
    const g* current = getg();
    if (current == current->m->g0) {
        current = current->m->curg; // null where the scheduler has found nothing to run
    }
    if (current != nullptr) {
        print_header(out, current);
    }
    if (current == nullptr || !is_panic || knobs.traceback != traceback_level::single) {
        print_others(out, current);
    }
}

void print_error(report& out, int error) {
    struct known {
        uint8_t number;
        char name[7];
    };
    static constexpr known names[] = {
        {EPERM, "EPERM"},   {ENOENT, "ENOENT"}, {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"},
        {EACCES, "EACCES"}, {EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {ENOSYS, "ENOSYS"},
        {ENFILE, "ENFILE"}, {EBADF, "EBADF"},
    };
    if (error < 0) {
        error = -error;
    }
    out << ": errno " << static_cast<uint64_t>(error);
    for (const known& entry : names) {
        if (entry.number == error) {
            out << " (" << entry.name << ")";
        }
    }
}

constinit last_words said{};

// For the first to fail, which says them by crash.
last_words& first_words() {
    if (boot_step == nullptr) {
        // No signal takes the goroutine off this thread; and inline functions that the runtime
        // shares with the program find room.
        no_preempt::begin();
        get_tcb()->stack_guard = 0;
    }
    // Relaxed: only one may win; nothing is published.
    static constinit atomic<bool> dying{false};
    if (dying.exchange(true, std::memory_order_relaxed)) {
        os::exit_thread();
    }
    return said;
}

} // namespace

void die(const last_words* words) {
    report out;
    out << words->lines << words->kind;
    if (boot_step != nullptr) {
        out << boot_step << ": ";
    }
    for (size_t i = 0; i < words->count; ++i) {
        for (const char c : words->parts[i]) {
            out.put(c);
            if (c == '\n' && words->is_panic) {
                out.put('\t'); // so that no line of the text is taken for one of the traceback
            }
        }
    }
    if (words->error != 0) {
        print_error(out, words->error);
    }
    if (!words->hint.empty()) {
        out << ": " << words->hint;
    }
    out.put('\n');
    print_goroutines(out, words->is_panic);
    out.flush();
    if (knobs.traceback == traceback_level::crash) {
        // SIGABRT, as its default action; what a kernel that refuses it leaves is the ordinary
        // status.
        (void)os::default_signal(6);
        (void)os::raise(6);
    }
    os::exit_group(2);
}

void fatal(std::string_view text) {
    first_words().say("fatal error: ", text);
    crash(&said);
}

void fatal(std::initializer_list<std::string_view> parts) {
    first_words().say("fatal error: ", parts);
    crash(&said);
}

void fatal_after(std::string_view lines, std::string_view text) {
    last_words& words = first_words();
    words.lines = lines;
    words.say("fatal error: ", text);
    crash(&said);
}

void fatal_errno(std::string_view what, int error, std::string_view hint) {
    last_words& words = first_words();
    words.error = error;
    words.hint = hint;
    words.say("fatal error: ", what);
    crash(&said);
}

void panic(std::string_view text) {
    last_words& words = first_words();
    words.is_panic = true;
    words.say("panic: ", text);
    crash(&said);
}

void panic(std::initializer_list<std::string_view> parts) {
    last_words& words = first_words();
    words.is_panic = true;
    words.say("panic: ", parts);
    crash(&said);
}

} // namespace runtime
