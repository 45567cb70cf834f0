// Exceptions of the program's own, of the library, and from deep inside.
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

#include <rt0/rt0.h>

namespace {

struct base {
    base() = default;
    base(const base&) = default;
    base& operator=(const base&) = default;
    virtual ~base() = default;
};
struct derived : base {};

int unwound = 0;
struct counted {
    counted() = default;
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { ++unwound; }
};

[[gnu::noinline]] int dive(int depth) {
    const counted here;
    if (depth == 0) {
        throw derived();
    }
    return dive(depth - 1) + 1;
}

} // namespace

int main(int argc, char**) {
    int caught = 0;
    try {
        const std::vector<int> three(3);
        caught += three.at(static_cast<size_t>(argc) + 6);
    } catch (const std::out_of_range&) {
        ++caught;
    }
    try {
        const std::string text = "abc";
        caught += static_cast<int>(text.substr(4).size());
    } catch (const std::logic_error&) {
        ++caught;
    }
    try {
        dive(100);
    } catch (const base& thrown) {
        caught += typeid(thrown) == typeid(derived) ? 1 : 0;
    }
    try {
        try {
            throw 7;
        } catch (...) {
            throw;
        }
    } catch (const int value) {
        caught += value == 7 ? 1 : 0;
    }
    rt0::println("caught {}, unwound {}", caught, unwound);
    if (argc > 1) {
        throw std::runtime_error("nobody catches this");
    }
    return caught == 4 && unwound == 101 ? 0 : 1;
}
