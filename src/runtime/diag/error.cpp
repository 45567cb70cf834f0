// The names and messages of Linux's errors, the C library's usual wording.
#include <rt0/error.h>

#include <cstddef>

namespace rt0 {

namespace {

// Name and message of each number from 0 on, each ended by a NUL: no pointers, so nothing to
// relocate, and no slower to walk than a failed call was. 41 and 58 are numbers that Linux does not
// use.
constexpr char table[] = "0\0Success\0"
                         "EPERM\0Operation not permitted\0"
                         "ENOENT\0No such file or directory\0"
                         "ESRCH\0No such process\0"
                         "EINTR\0Interrupted system call\0"
                         "EIO\0Input/output error\0"
                         "ENXIO\0No such device or address\0"
                         "E2BIG\0Argument list too long\0"
                         "ENOEXEC\0Exec format error\0"
                         "EBADF\0Bad file descriptor\0"
                         "ECHILD\0No child processes\0"
                         "EAGAIN\0Resource temporarily unavailable\0"
                         "ENOMEM\0Cannot allocate memory\0"
                         "EACCES\0Permission denied\0"
                         "EFAULT\0Bad address\0"
                         "ENOTBLK\0Block device required\0"
                         "EBUSY\0Device or resource busy\0"
                         "EEXIST\0File exists\0"
                         "EXDEV\0Invalid cross-device link\0"
                         "ENODEV\0No such device\0"
                         "ENOTDIR\0Not a directory\0"
                         "EISDIR\0Is a directory\0"
                         "EINVAL\0Invalid argument\0"
                         "ENFILE\0Too many open files in system\0"
                         "EMFILE\0Too many open files\0"
                         "ENOTTY\0Inappropriate ioctl for device\0"
                         "ETXTBSY\0Text file busy\0"
                         "EFBIG\0File too large\0"
                         "ENOSPC\0No space left on device\0"
                         "ESPIPE\0Illegal seek\0"
                         "EROFS\0Read-only file system\0"
                         "EMLINK\0Too many links\0"
                         "EPIPE\0Broken pipe\0"
                         "EDOM\0Numerical argument out of domain\0"
                         "ERANGE\0Numerical result out of range\0"
                         "EDEADLK\0Resource deadlock avoided\0"
                         "ENAMETOOLONG\0File name too long\0"
                         "ENOLCK\0No locks available\0"
                         "ENOSYS\0Function not implemented\0"
                         "ENOTEMPTY\0Directory not empty\0"
                         "ELOOP\0Too many levels of symbolic links\0"
                         "\0\0" // 41
                         "ENOMSG\0No message of desired type\0"
                         "EIDRM\0Identifier removed\0"
                         "ECHRNG\0Channel number out of range\0"
                         "EL2NSYNC\0Level 2 not synchronized\0"
                         "EL3HLT\0Level 3 halted\0"
                         "EL3RST\0Level 3 reset\0"
                         "ELNRNG\0Link number out of range\0"
                         "EUNATCH\0Protocol driver not attached\0"
                         "ENOCSI\0No CSI structure available\0"
                         "EL2HLT\0Level 2 halted\0"
                         "EBADE\0Invalid exchange\0"
                         "EBADR\0Invalid request descriptor\0"
                         "EXFULL\0Exchange full\0"
                         "ENOANO\0No anode\0"
                         "EBADRQC\0Invalid request code\0"
                         "EBADSLT\0Invalid slot\0"
                         "\0\0" // 58
                         "EBFONT\0Bad font file format\0"
                         "ENOSTR\0Device not a stream\0"
                         "ENODATA\0No data available\0"
                         "ETIME\0Timer expired\0"
                         "ENOSR\0Out of streams resources\0"
                         "ENONET\0Machine is not on the network\0"
                         "ENOPKG\0Package not installed\0"
                         "EREMOTE\0Object is remote\0"
                         "ENOLINK\0Link has been severed\0"
                         "EADV\0Advertise error\0"
                         "ESRMNT\0Srmount error\0"
                         "ECOMM\0Communication error on send\0"
                         "EPROTO\0Protocol error\0"
                         "EMULTIHOP\0Multihop attempted\0"
                         "EDOTDOT\0RFS specific error\0"
                         "EBADMSG\0Bad message\0"
                         "EOVERFLOW\0Value too large for defined data type\0"
                         "ENOTUNIQ\0Name not unique on network\0"
                         "EBADFD\0File descriptor in bad state\0"
                         "EREMCHG\0Remote address changed\0"
                         "ELIBACC\0Can not access a needed shared library\0"
                         "ELIBBAD\0Accessing a corrupted shared library\0"
                         "ELIBSCN\0.lib section in a.out corrupted\0"
                         "ELIBMAX\0Attempting to link in too many shared libraries\0"
                         "ELIBEXEC\0Cannot exec a shared library directly\0"
                         "EILSEQ\0Invalid or incomplete multibyte or wide character\0"
                         "ERESTART\0Interrupted system call should be restarted\0"
                         "ESTRPIPE\0Streams pipe error\0"
                         "EUSERS\0Too many users\0"
                         "ENOTSOCK\0Socket operation on non-socket\0"
                         "EDESTADDRREQ\0Destination address required\0"
                         "EMSGSIZE\0Message too long\0"
                         "EPROTOTYPE\0Protocol wrong type for socket\0"
                         "ENOPROTOOPT\0Protocol not available\0"
                         "EPROTONOSUPPORT\0Protocol not supported\0"
                         "ESOCKTNOSUPPORT\0Socket type not supported\0"
                         "EOPNOTSUPP\0Operation not supported\0"
                         "EPFNOSUPPORT\0Protocol family not supported\0"
                         "EAFNOSUPPORT\0Address family not supported by protocol\0"
                         "EADDRINUSE\0Address already in use\0"
                         "EADDRNOTAVAIL\0Cannot assign requested address\0"
                         "ENETDOWN\0Network is down\0"
                         "ENETUNREACH\0Network is unreachable\0"
                         "ENETRESET\0Network dropped connection on reset\0"
                         "ECONNABORTED\0Software caused connection abort\0"
                         "ECONNRESET\0Connection reset by peer\0"
                         "ENOBUFS\0No buffer space available\0"
                         "EISCONN\0Transport endpoint is already connected\0"
                         "ENOTCONN\0Transport endpoint is not connected\0"
                         "ESHUTDOWN\0Cannot send after transport endpoint shutdown\0"
                         "ETOOMANYREFS\0Too many references: cannot splice\0"
                         "ETIMEDOUT\0Connection timed out\0"
                         "ECONNREFUSED\0Connection refused\0"
                         "EHOSTDOWN\0Host is down\0"
                         "EHOSTUNREACH\0No route to host\0"
                         "EALREADY\0Operation already in progress\0"
                         "EINPROGRESS\0Operation now in progress\0"
                         "ESTALE\0Stale file handle\0"
                         "EUCLEAN\0Structure needs cleaning\0"
                         "ENOTNAM\0Not a XENIX named type file\0"
                         "ENAVAIL\0No XENIX semaphores available\0"
                         "EISNAM\0Is a named type file\0"
                         "EREMOTEIO\0Remote I/O error\0"
                         "EDQUOT\0Disk quota exceeded\0"
                         "ENOMEDIUM\0No medium found\0"
                         "EMEDIUMTYPE\0Wrong medium type\0"
                         "ECANCELED\0Operation canceled\0"
                         "ENOKEY\0Required key not available\0"
                         "EKEYEXPIRED\0Key has expired\0"
                         "EKEYREVOKED\0Key has been revoked\0"
                         "EKEYREJECTED\0Key was rejected by service\0"
                         "EOWNERDEAD\0Owner died\0"
                         "ENOTRECOVERABLE\0State not recoverable\0"
                         "ERFKILL\0Operation not possible due to RF-kill\0"
                         "EHWPOISON\0Memory page has hardware error\0";

constexpr int count = 134;

// The text with this number, counted over names and messages.
std::string_view entry(int number) {
    const char* text = table;
    for (; number > 0; --number) {
        text += std::string_view(text).size() + 1;
    }
    return text;
}

} // namespace

std::string_view error::name() const noexcept {
    return code_ >= 0 && code_ < count ? entry(code_ * 2) : std::string_view();
}

std::string_view error::message() const noexcept {
    const std::string_view text =
        code_ >= 0 && code_ < count ? entry(code_ * 2 + 1) : std::string_view();
    return text.empty() ? "Unknown error" : text;
}

} // namespace rt0
