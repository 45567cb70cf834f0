// panic and fatal: the last words of a program.
#include <linux/errno.h>

#include "base/boot_step.h"
#include "base/fatal.h"
#include "base/if_linked.h"
#include "base/knobs.h"
#include "base/text.h"
#include "os/os.h"
#include "sched/sched.h"

namespace runtime {

namespace {

// Collected here and written at once, so that two dying goroutines do not mix their lines. A text
// that is longer goes out in pieces.
using message = text<512>;

void print(std::string_view part) {
    // Nobody is left to tell if stderr does not take it.
    (void)os::write_all(2, part.data(), part.size());
}

void append(message& out, char c) {
    if (out.view().size() == 500) {
        print(out.view());
        out.clear();
    }
    out.put(c);
}

const char* state_text(const g* gp) {
    switch (gp->status.load(std::memory_order_relaxed)) {
    case g_status::runnable:
        return "runnable";
    case g_status::running:
        return "running";
    case g_status::syscall:
        return "syscall";
    case g_status::waiting:
        return wait_reason_text(gp->waiting_for);
    case g_status::idle:
    case g_status::dead:
        break;
    }
    return "idle";
}

void print_header(message& out, const g* gp) {
    if (out.view().size() > 400) {
        print(out.view());
        out.clear();
    }
    out << "\ngoroutine " << gp->goid << " [" << state_text(gp) << "]:\n";
}

// "goroutine 1 [running]:", the goroutine that fails; where it is none, because the scheduler found
// nothing to run, all of them.
void print_goroutines(message& out) {
    if (knobs.traceback == traceback_level::none) {
        return;
    }
    // During the boot there may be no g, nor a way to ask for one.
    const g* const current = boot_step != nullptr ? &g0 : getg();
    if (boot_step != nullptr || current != current->m->g0) {
        print_header(out, current);
        return;
    }
    if (current->m->curg != nullptr) {
        print_header(out, current->m->curg);
        return;
    }
    const auto visit = [](g* gp, void* to) {
        if (gp->status.load(std::memory_order_relaxed) != g_status::dead) {
            auto* const text = static_cast<message*>(to);
            print_header(*text, gp);
            print(text->view());
            text->clear();
        }
    };
    if (auto* const for_each = if_linked(for_each_g)) {
        for_each(visit, &out);
    } else if (sched.first != nullptr) {
        visit(sched.first, &out);
    }
}

[[noreturn]] void die() {
    if (knobs.traceback == traceback_level::crash) {
        // SIGABRT, as its default action; what a kernel that refuses it leaves is the ordinary
        // status.
        (void)os::default_signal(6);
        (void)os::raise(6);
    }
    os::exit_group(2);
}

} // namespace

void fatal(std::string_view what) {
    message out;
    out << "fatal error: ";
    if (boot_step != nullptr) {
        out << boot_step << ": ";
    }
    for (const char c : what) {
        append(out, c);
    }
    append(out, '\n');
    print_goroutines(out);
    print(out.view());
    die();
}

void fatal_errno(std::string_view what, int error, std::string_view hint) {
    struct known {
        int number;
        char name[12];
    };
    static constexpr known names[] = {
        {EPERM, "EPERM"},   {ENOENT, "ENOENT"}, {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"},
        {EACCES, "EACCES"}, {EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {ENOSYS, "ENOSYS"},
        {ENFILE, "ENFILE"}, {EBADF, "EBADF"},
    };
    if (error < 0) {
        error = -error;
    }
    text<384> line;
    line << what << ": errno " << static_cast<uint64_t>(error);
    for (const known& entry : names) {
        if (entry.number == error) {
            line << " (" << entry.name << ")";
        }
    }
    if (!hint.empty()) {
        line << ": " << hint;
    }
    fatal(line.view());
}

void panic(std::string_view what) {
    message out;
    out << "panic: ";
    for (const char c : what) {
        append(out, c);
        if (c == '\n') {
            append(out, '\t'); // so that no line of the text is taken for one of the traceback
        }
    }
    append(out, '\n');
    print_goroutines(out);
    print(out.view());
    die();
}

} // namespace runtime
