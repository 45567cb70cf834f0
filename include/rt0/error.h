// What went wrong in a call to the kernel.
#pragma once

#include <compare>
#include <string_view>

#include <rt0/formatter.h>

namespace rt0 {

/// An errno value. Small and trivially copyable; compares with other errors and with the constants
/// below, which have std::errc's names. Formats as its message. Any goroutine.
class error {
public:
    /// No error.
    constexpr error() noexcept = default;
    /// The error of a positive errno value; 0 is none.
    constexpr explicit error(int code) noexcept
        : code_(code) {}

    /// The errno value, 0 where there is no error.
    [[nodiscard]] constexpr int code() const noexcept { return code_; }
    /// Whether there is an error.
    constexpr explicit operator bool() const noexcept { return code_ != 0; }
    friend constexpr bool operator==(error, error) noexcept = default;

    /// The constant's name in C, "EPIPE"; "0" for no error, empty for a number that Linux does not
    /// use.
    [[nodiscard]] std::string_view name() const noexcept;
    /// The C library's wording, "Broken pipe"; "Success" for no error, "Unknown error" for a number
    /// that Linux does not use.
    [[nodiscard]] std::string_view message() const noexcept;

    /// EPERM
    static const error operation_not_permitted;
    /// ENOENT
    static const error no_such_file_or_directory;
    /// EINTR
    static const error interrupted;
    /// EIO
    static const error io_error;
    /// EBADF
    static const error bad_file_descriptor;
    /// EAGAIN, the same as EWOULDBLOCK
    static const error resource_unavailable_try_again;
    /// ENOMEM
    static const error not_enough_memory;
    /// EACCES
    static const error permission_denied;
    /// EFAULT
    static const error bad_address;
    /// EBUSY
    static const error device_or_resource_busy;
    /// EEXIST
    static const error file_exists;
    /// ENOTDIR
    static const error not_a_directory;
    /// EISDIR
    static const error is_a_directory;
    /// EINVAL
    static const error invalid_argument;
    /// EMFILE
    static const error too_many_files_open;
    /// EFBIG
    static const error file_too_large;
    /// ENOSPC
    static const error no_space_on_device;
    /// EROFS
    static const error read_only_file_system;
    /// EPIPE
    static const error broken_pipe;
    /// ENAMETOOLONG
    static const error filename_too_long;
    /// ENOSYS
    static const error function_not_supported;
    /// ENOTEMPTY
    static const error directory_not_empty;
    /// EADDRINUSE
    static const error address_in_use;
    /// ECONNABORTED
    static const error connection_aborted;
    /// ECONNRESET
    static const error connection_reset;
    /// ENOTCONN
    static const error not_connected;
    /// ETIMEDOUT
    static const error timed_out;
    /// ECONNREFUSED
    static const error connection_refused;
    /// EINPROGRESS
    static const error operation_in_progress;
    /// ECANCELED
    static const error operation_canceled;

private:
    int code_ = 0;
};

inline constexpr error error::operation_not_permitted{1};
inline constexpr error error::no_such_file_or_directory{2};
inline constexpr error error::interrupted{4};
inline constexpr error error::io_error{5};
inline constexpr error error::bad_file_descriptor{9};
inline constexpr error error::resource_unavailable_try_again{11};
inline constexpr error error::not_enough_memory{12};
inline constexpr error error::permission_denied{13};
inline constexpr error error::bad_address{14};
inline constexpr error error::device_or_resource_busy{16};
inline constexpr error error::file_exists{17};
inline constexpr error error::not_a_directory{20};
inline constexpr error error::is_a_directory{21};
inline constexpr error error::invalid_argument{22};
inline constexpr error error::too_many_files_open{24};
inline constexpr error error::file_too_large{27};
inline constexpr error error::no_space_on_device{28};
inline constexpr error error::read_only_file_system{30};
inline constexpr error error::broken_pipe{32};
inline constexpr error error::filename_too_long{36};
inline constexpr error error::function_not_supported{38};
inline constexpr error error::directory_not_empty{39};
inline constexpr error error::address_in_use{98};
inline constexpr error error::connection_aborted{103};
inline constexpr error error::connection_reset{104};
inline constexpr error error::not_connected{107};
inline constexpr error error::timed_out{110};
inline constexpr error error::connection_refused{111};
inline constexpr error error::operation_in_progress{115};
inline constexpr error error::operation_canceled{125};

/// Errors, as their message: fill, alignment, width, precision and type as strings have them.
template <>
struct formatter<error, char> : formatter<std::string_view, char> {
    /// Writes value's message.
    format_context::iterator format(error value, format_context& ctx) const {
        return formatter<std::string_view>::format(value.message(), ctx);
    }
};

} // namespace rt0
