#include "driver/syscalls.h"

#include <fstream>
#include <map>
#include <stdexcept>

#include <sys/syscall.h>

#include "driver/run.h"

namespace driver {

namespace {

int number_of(const std::string& name) {
    const int number = call_number(name);
    if (number < 0) {
        throw std::runtime_error("docs/syscalls.md: no such call: " + name);
    }
    return number;
}

std::ifstream page_from(const std::string& line) {
    std::ifstream page(DOCUMENTATION_DIR "/syscalls.md");
    std::string other;
    while (std::getline(page, other)) {
        if (other == line) {
            return page;
        }
    }
    throw std::runtime_error("docs/syscalls.md has no such line: " + line);
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string::npos ? ""
                                      : text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

// What is between the bars.
std::vector<std::string> cells(const std::string& row) {
    std::vector<std::string> all;
    for (std::size_t bar = 0, next = 0; (next = row.find('|', bar + 1)) != std::string::npos;
         bar = next) {
        all.push_back(trimmed(row.substr(bar + 1, next - bar - 1)));
    }
    return all;
}

} // namespace

std::vector<int> documented_list(const std::string& name) {
    std::vector<int> calls{SYS_arch_prctl};
    std::ifstream page = page_from("```" + name);
    std::string line;
    while (std::getline(page, line) && line != "```") {
        calls.push_back(number_of(line));
    }
    return calls;
}

std::vector<documented_call> documented_table() {
    std::ifstream page = page_from("## Each call");
    std::map<std::string, documented_call> calls;
    std::vector<std::string> names; // of the row, or of the last that has some
    std::string line;
    while (std::getline(page, line) && !line.starts_with("## ")) {
        const std::vector<std::string> row = cells(line);
        if (!line.starts_with('|') || row.at(0) == "call" || row.at(0).starts_with('-')) {
            continue;
        }
        if (row.size() != 4) {
            throw std::runtime_error("docs/syscalls.md: a row of other than four cells: " + line);
        }
        if (!row[0].empty()) {
            names = quoted(row[0]);
        }
        for (const std::string& name : names) {
            documented_call& call = calls[name];
            call.name = name;
            call.number = number_of(name);
            call.uses.push_back({row[1], row[2], row[3].starts_with("the same") ? row[2] : row[3]});
        }
    }
    std::vector<documented_call> all;
    all.reserve(calls.size());
    for (auto& [name, call] : calls) {
        all.push_back(std::move(call));
    }
    return all;
}

std::vector<std::string> quoted(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t open = 0; (open = text.find('`', open)) != std::string::npos;) {
        const std::size_t close = text.find('`', open + 1);
        all.push_back(text.substr(open + 1, close - open - 1));
        open = close + 1;
    }
    return all;
}

} // namespace driver
