// The process and its files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <rt0/error.h>

namespace rt0 {

/// The program's arguments, its name first, as main gets them. Empty where the kernel was given
/// none. Any goroutine, constructors included.
std::span<char* const> args();

/// The environment: strings of the form NAME=VALUE, as the program was started with. Any goroutine.
std::span<char* const> environment();

/// The value of an environment variable, or nothing where it is not set. The first counts, where a
/// name occurs twice. Any goroutine.
std::optional<std::string_view> getenv(std::string_view name);

/// An entry of the auxiliary vector: what the kernel tells a program beside its arguments. The
/// types are the AT_ constants of <linux/auxvec.h>.
struct auxv_entry {
    std::uint64_t type;
    std::uint64_t value;
};

/// The auxiliary vector, without the entry that ends it. Any goroutine.
std::span<const auxv_entry> auxv();

/// Ends the program as a return from main does: destructors of the calling thread's thread_locals,
/// atexit handlers and static destructors, newest first, then exit with the low 8 bits of status.
/// Other goroutines just stop. Any goroutine. As std::exit.
[[noreturn]] void exit(int status);

/// An open file. Closes it when it goes, but for descriptors 0, 1 and 2, which belong to the whole
/// program. Movable, not copyable. One goroutine at a time.
class file {
public:
    /// Takes over a descriptor that is open; -1 is no file.
    explicit file(int descriptor)
        : descriptor_(descriptor) {}

    file(file&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)) {}
    file& operator=(file&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file();

    /// Opens a file for reading. Blocks as the kernel's open does. After Go's os.Open.
    static std::expected<file, error> open(const char* path);

    /// Opens a file for writing, empties it, or creates it with mode 0666 before umask. Blocks as
    /// the kernel's open does. After Go's os.Create.
    static std::expected<file, error> create(const char* path);

    static file standard_input() { return file(0); }
    static file standard_output() { return file(1); }
    static file standard_error() { return file(2); }

    /// Reads what is there, at most buffer.size() bytes; 0 is the end of the file. Waits where
    /// there is nothing yet, non-blocking descriptors included; goes on after an interrupting
    /// signal.
    std::expected<std::size_t, error> read(std::span<std::byte> buffer);

    /// Writes all of data, in as many steps as it takes. Waits where there is no room, non-blocking
    /// descriptors included. After an error, how much was written is not known.
    std::expected<void, error> write(std::span<const std::byte> data);

    /// Closes the file and tells what the destructor could not: an error of a delayed write.
    std::expected<void, error> close();

    /// The kernel's number for it; -1 after close or move.
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

} // namespace rt0
