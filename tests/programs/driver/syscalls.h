// docs/syscalls.md, as the tests read it.
#pragma once

#include <string>
#include <vector>

namespace driver {

// A fenced list, and arch_prctl for a kernel that does not let programs write FS.
std::vector<int> documented_list(const std::string& name);

// What a row of the table says of a call: when the runtime makes it, what happens where it is
// refused from the start, and where it is refused later.
struct documented_use {
    std::string when;
    std::string refused;
    std::string refused_later;
};
struct documented_call {
    std::string name;
    int number = -1;
    std::vector<documented_use> uses;
};
// All calls of the table, by name.
std::vector<documented_call> documented_table();

// What is between backquotes.
std::vector<std::string> quoted(const std::string& text);

} // namespace driver
