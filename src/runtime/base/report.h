// What the runtime has to say on stderr.
#pragma once

#include "base/text.h"
#include "os/os.h"

namespace runtime {

// Collects, and writes in few calls, at the ends of lines where they are not too long, so that the
// lines of two threads do not mix. Nobody is left to tell where stderr takes nothing.
class report : public text_output<report> {
public:
    void put(char c) {
        data_[size_++] = c;
        if (size_ == capacity || (c == '\n' && size_ > capacity - long_line)) {
            flush();
        }
    }

    void flush() {
        (void)os::write_all(2, data_, size_);
        size_ = 0;
    }

private:
    static constexpr size_t capacity = 512;
    static constexpr size_t long_line = 160;

    size_t size_ = 0;
    char data_[capacity];
};

} // namespace runtime
