// Three stages, each a goroutine of its own: lines in, words, and how often each length comes.
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <rt0/rt0.h>

namespace {

constexpr std::array<std::string_view, 3> text{
    "a goroutine sends what it has",
    "the next takes it out at the other end",
    "and nobody waits but for the other",
};

rt0::recv_only<std::string> lines() {
    const rt0::chan<std::string> out(1);
    rt0::go([out] {
        for (const std::string_view line : text) {
            out.send(std::string(line));
        }
        out.close();
    });
    return out;
}

rt0::recv_only<std::string> words(rt0::recv_only<std::string> in) {
    const rt0::chan<std::string> out(4);
    rt0::go([in = std::move(in), out] {
        for (const std::string& line : in) {
            std::string_view rest = line;
            while (!rest.empty()) {
                const std::size_t end = rest.find(' ');
                out.send(std::string(rest.substr(0, end)));
                rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
            }
        }
        out.close();
    });
    return out;
}

} // namespace

int main() {
    std::array<int, 16> lengths{};
    for (const std::string& word : words(lines())) {
        ++lengths.at(word.size());
    }
    for (std::size_t length = 1; length < lengths.size(); ++length) {
        if (lengths.at(length) != 0) {
            rt0::println("{:2}: {}", length, lengths.at(length));
        }
    }
}
