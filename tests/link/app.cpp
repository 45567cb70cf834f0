// The program that is linked in every way: a constructor, the heap, the formatter, a thread_local.
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
    return lengths["argument"] == 8 && mine == 42 ? 0 : 1;
}
