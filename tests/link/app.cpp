// The program that is linked in every way: a constructor, the heap, the formatter, a thread_local,
// a function of libstdc++.a that needs much stack.
#include <charconv>
#include <map>
#include <string>
#include <vector>

#include <rt0/rt0.h>

namespace {

const std::string from_constructor = "constructed before main, too long for the string itself";
thread_local int mine = 42;

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv, argv + argc);
    std::map<std::string, int> lengths;
    for (const std::string& argument : arguments) {
        lengths[argument] += static_cast<int>(argument.size());
    }
    rt0::println("{} {} {}", lengths["argument"], mine, from_constructor.size());
    double number = 0;
    const std::string digits = "42.";
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return lengths["argument"] == 8 && mine == static_cast<int>(number) ? 0 : 1;
}
