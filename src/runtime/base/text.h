// Lines of text built in a fixed buffer, for messages that must not allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace runtime {

// What both kinds share: how texts and numbers become characters for where.put(c).
template <class Where>
class text_output {
public:
    Where& operator<<(std::string_view part) {
        for (const char c : part) {
            where().put(c);
        }
        return where();
    }

    Where& operator<<(const char* part) {
        for (; *part != '\0'; ++part) {
            where().put(*part);
        }
        return where();
    }

    Where& operator<<(uint64_t number) {
        char digits[20];
        size_t count = 0;
        do {
            digits[count++] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        while (count > 0) {
            where().put(digits[--count]);
        }
        return where();
    }

private:
    friend Where;
    text_output() = default;

    Where& where() { return static_cast<Where&>(*this); }
};

// What does not fit is cut off: a message that is too long is still a message.
template <size_t capacity>
class text : public text_output<text<capacity>> {
public:
    void put(char c) {
        if (size_ < capacity) {
            data_[size_++] = c;
        }
    }

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
