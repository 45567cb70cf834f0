#include "base/boot_step.h"
#include "base/fatal.h"
#include "base/knobs.h"
#include "boot/boot.h"
#include "mem/segment.h"
#include "os/os.h"
#include "os/process.h"
#include "sched/sched.h"

namespace runtime {

namespace {

std::string_view environment(std::string_view name) {
    const char* const value = os::find_env(os::process.envp, name.data(), name.size());
    size_t size = 0;
    while (value != nullptr && value[size] != '\0') {
        ++size;
    }
    return {value, size};
}

void parse_knobs() {
    if (os::process.secure) {
        knobs.traceback = traceback_level::none;
        return;
    }
    parse_gomaxprocs(environment("GOMAXPROCS"), knobs);
    parse_gotraceback(environment("GOTRACEBACK"), knobs);
    parse_godebug(environment("GODEBUG"), knobs);
}

// Puts something on a standard descriptor that is closed, so that the next file that the program
// opens does not become its stdin, stdout or stderr. It is opened the wrong way round: reading from
// a closed stdin and writing to a closed stdout still fail, as they would have.
void occupy(int fd) {
    int opened = os::open("/dev/null", fd == 0 ? os::o_wronly : os::o_rdonly, 0);
    if (opened < 0) {
        // An init process may start without /dev. A path descriptor can be neither read nor
        // written.
        opened = os::open("/", os::o_path, 0);
    }
    if (opened != fd) {
        fatal_errno("cannot open /dev/null in place of a closed standard descriptor",
                    opened < 0 ? opened : -os::EBADF_,
                    "start the program with descriptors 0, 1 and 2 open");
    }
}

void checkfds() {
    os::pollfd fds[3] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
    // One call for three descriptors. It is refused where RLIMIT_NOFILE is below 3 or by a seccomp
    // filter; then each is asked.
    const bool polled = os::poll(fds, 3, 0) >= 0;
    for (int fd = 0; fd < 3; ++fd) {
        const bool closed =
            polled ? (fds[fd].revents & os::poll_nval) != 0 : os::get_fd_flags(fd) == -os::EBADF_;
        if (closed) {
            occupy(fd); // in ascending order: open takes the lowest number that is free
        }
    }
}

} // namespace

void schedinit() {
    boot_step = "runtime.schedinit";
    // For who looks at programs (tools/nosplit.py).
    asm(".globl runtime.nosplit_room\n\t.set runtime.nosplit_room, %c0" : : "i"(mem::nosplit_room));
    checkfds();
    parse_knobs();
    m0.id = sched.mnext++;
    procresize(knobs.gomaxprocs != 0 ? knobs.gomaxprocs : os::process.cpus);
}

} // namespace runtime
