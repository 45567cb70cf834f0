#include <cstdlib>
#include <string>

#include "check.h"

namespace {

std::string ends;

// Says when it ends.
struct noisy {
    const char* name;
    explicit noisy(const char* of)
        : name(of) {}
    noisy(const noisy&) = delete;
    noisy& operator=(const noisy&) = delete;
    ~noisy() { ends += name; }
};

// Is made first and ends last.
struct judge {
    judge() = default;
    judge(const judge&) = delete;
    judge& operator=(const judge&) = delete;
    ~judge() {
        if (ends != "thread local global ") {
            rt0::eprintln("ended in this order: {}", ends);
            std::_Exit(1);
        }
    }
} last;

noisy global("global ");
thread_local noisy of_thread("thread ");
thread_local int plain = 3;

const std::string& lazy() {
    static const noisy local("local ");
    static const std::string made = std::to_string(++plain);
    return made;
}

struct abstract {
    abstract() = default;
    abstract(const abstract&) = delete;
    abstract& operator=(const abstract&) = delete;
    virtual ~abstract() = default;
    [[nodiscard]] virtual std::string name() const = 0;
};

struct concrete : abstract {
    [[nodiscard]] std::string name() const override { return "concrete"; }
};

} // namespace

int main() {
    check(of_thread.name == std::string("thread ") && plain == 3);
    check(lazy() == "4" && lazy() == "4" && plain == 4);
    const concrete object;
    const abstract& base = object;
    check(base.name() == "concrete");
    return failures;
}
