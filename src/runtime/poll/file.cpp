#include <rt0/os.h>

#include "os/os.h"
#include "sched/sched.h"

namespace rt0 {

namespace os = runtime::os;

namespace {

std::expected<file, error> open_file(const char* path, int flags) {
    const runtime::syscall_scope blocking;
    int descriptor = 0;
    do {
        descriptor = os::open(path, flags | os::o_cloexec, 0666);
    } while (descriptor == -os::EINTR_);
    if (descriptor < 0) {
        return std::unexpected(error(-descriptor));
    }
    return file(descriptor);
}

} // namespace

std::expected<file, error> file::open(const char* path) {
    return open_file(path, os::o_rdonly);
}

std::expected<file, error> file::create(const char* path) {
    return open_file(path, os::o_wronly | os::o_creat | os::o_trunc);
}

file::~file() {
    if (descriptor_ > 2) {
        // Who wants to know calls close.
        (void)os::close(descriptor_);
    }
}

std::expected<size_t, error> file::read(std::span<std::byte> buffer) {
    const runtime::syscall_scope blocking;
    for (;;) {
        const long count = os::read(descriptor_, buffer.data(), buffer.size());
        if (count >= 0) {
            return static_cast<size_t>(count);
        }
        if (count == -os::EAGAIN_) {
            os::pollfd waited{descriptor_, os::poll_in, 0};
            const int ready = os::poll(&waited, 1, -1);
            if (ready < 0 && ready != -os::EINTR_) {
                return std::unexpected(error(-ready));
            }
        } else if (count != -os::EINTR_) {
            return std::unexpected(error(static_cast<int>(-count)));
        }
    }
}

std::expected<void, error> file::write(std::span<const std::byte> data) {
    const runtime::syscall_scope blocking;
    const int failed =
        os::write_all(descriptor_, reinterpret_cast<const char*>(data.data()), data.size());
    if (failed != 0) {
        return std::unexpected(error(-failed));
    }
    return {};
}

std::expected<void, error> file::close() {
    const runtime::syscall_scope blocking;
    const int failed = os::close(std::exchange(descriptor_, -1));
    // Linux has closed the descriptor even where a signal interrupted the call.
    if (failed != 0 && failed != -os::EINTR_) {
        return std::unexpected(error(-failed));
    }
    return {};
}

} // namespace rt0
