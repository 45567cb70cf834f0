#include "os/os.h"

namespace runtime::os {

int write_all(int fd, const char* data, size_t size) {
    while (size > 0) {
        const long written = write(fd, data, size);
        if (written >= 0) {
            // A device may accept nothing without an error; trying again is what C libraries do.
            data += written;
            size -= static_cast<size_t>(written);
            continue;
        }
        if (written == -EINTR_) {
            continue;
        }
        if (written != -EAGAIN_) {
            return static_cast<int>(written);
        }
        pollfd waited{fd, poll_out, 0};
        const int ready = poll(&waited, 1, -1);
        if (ready < 0 && ready != -EINTR_) {
            return ready;
        }
    }
    return 0;
}

} // namespace runtime::os
