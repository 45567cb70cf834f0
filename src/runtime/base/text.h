// A line of text built in a fixed buffer, for messages that must not allocate. What does not fit is
// cut off: a message that is too long is still a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace runtime {

template <size_t capacity>
class text {
public:
    text& operator<<(std::string_view part) {
        for (const char c : part) {
            put(c);
        }
        return *this;
    }

    text& operator<<(const char* part) {
        for (; *part != '\0'; ++part) {
            put(*part);
        }
        return *this;
    }

    text& operator<<(uint64_t number) {
        char digits[20];
        size_t count = 0;
        do {
            digits[count++] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        while (count > 0) {
            put(digits[--count]);
        }
        return *this;
    }

    void put(char c) {
        if (size_ < capacity) {
            data_[size_++] = c;
        }
    }

    void clear() { size_ = 0; }

    // The same with a zero behind it.
    const char* c_str() {
        data_[size_] = '\0';
        return data_;
    }

    [[nodiscard]] std::string_view view() const { return {data_, size_}; }

private:
    size_t size_ = 0;
    char data_[capacity + 1];
};

} // namespace runtime
