// What runs before main and after it, and in which order.
#include <cstdlib>

#include <rt0/print.h>

namespace {

class announced {
public:
    explicit announced(const char* name)
        : name_(name) {
        rt0::println("constructor {}", name_);
    }
    ~announced() { rt0::println("destructor {}", name_); }
    announced(const announced&) = delete;
    announced& operator=(const announced&) = delete;

private:
    const char* name_;
};

announced first("first");
announced second("second");
thread_local announced mine("thread_local");

[[gnu::constructor]] void before_main() {
    rt0::println("gnu::constructor");
}

[[gnu::destructor]] void after_main() {
    rt0::println("gnu::destructor");
}

announced& on_first_use() {
    static announced local("function-local");
    return local;
}

} // namespace

int main() {
    rt0::println("main");
    std::atexit([] { rt0::println("atexit"); });
    on_first_use();
    (void)&mine;
}
