#include "base/knobs.h"

namespace runtime {

namespace {

// The whole of text as a decimal number that fits; false otherwise, and then value is untouched.
bool parse_number(std::string_view text, uint32_t& value) {
    if (text.empty()) {
        return false;
    }
    uint64_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + static_cast<uint64_t>(c - '0');
        if (number > INT32_MAX) {
            return false;
        }
    }
    value = static_cast<uint32_t>(number);
    return true;
}

// Not the library's comparison, which is a call of memcmp: every program has this file, few have
// that.
bool same(std::string_view a, const char* b) {
    for (const char c : a) {
        if (c != *b) { // at the latest the zero
            return false;
        }
        ++b;
    }
    return *b == '\0';
}

} // namespace

void parse_gomaxprocs(std::string_view text, knob_values& values) {
    parse_number(text, values.gomaxprocs);
}

void parse_gotraceback(std::string_view text, knob_values& values) {
    struct level_name {
        char name[8];
        char number; // as a digit; 0 for none
        traceback_level level;
    };
    static constexpr level_name names[] = {
        {"none", '0', traceback_level::none}, {"single", 0, traceback_level::single},
        {"all", '1', traceback_level::all},   {"system", '2', traceback_level::system},
        {"crash", 0, traceback_level::crash},
    };
    for (const level_name& entry : names) {
        if (same(text, entry.name) || (text.size() == 1 && text[0] == entry.number)) {
            values.traceback = entry.level;
        }
    }
}

void parse_godebug(std::string_view text, knob_values& values) {
    struct knob {
        char name[16];
        uint32_t knob_values::* value;
    };
    static constexpr knob all[] = {
        {"schedtrace", &knob_values::schedtrace},
        {"scheddetail", &knob_values::scheddetail},
        {"asyncpreemptoff", &knob_values::asyncpreemptoff},
        {"randsched", &knob_values::randsched},
    };
    const char* const end = text.data() + text.size();
    const char* field = text.data();
    while (field < end) {
        const char* equals = nullptr;
        const char* c = field;
        for (; c < end && *c != ','; ++c) {
            if (*c == '=' && equals == nullptr) {
                equals = c;
            }
        }
        if (equals != nullptr) {
            const std::string_view name(field, equals);
            const std::string_view number(equals + 1, c);
            for (const knob& one : all) {
                if (same(name, one.name)) {
                    parse_number(number, values.*one.value);
                }
            }
        }
        field = c + 1;
    }
}

} // namespace runtime
