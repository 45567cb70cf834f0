#include <memory>
#include <memory_resource>
#include <new>
#include <scoped_allocator>
#include <string>
#include <vector>

#include "check.h"

namespace {

int alive;

struct counted {
    int value;
    explicit counted(int n)
        : value(n) {
        ++alive;
    }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    virtual ~counted() { --alive; }
    [[nodiscard]] virtual int get() const { return value; }
};

struct derived final : counted, std::enable_shared_from_this<derived> {
    using counted::counted;
    [[nodiscard]] int get() const override { return 2 * value; }
};

struct alignas(256) aligned {
    char room[300];
};

void pointers() {
    {
        std::unique_ptr<counted> one = std::make_unique<derived>(4);
        check(one->get() == 8 && alive == 1);
        const auto several = std::make_unique<std::string[]>(10);
        check(several[9].empty());
        std::shared_ptr<counted> shared = std::move(one);
        const std::shared_ptr<counted> second = shared;
        const std::weak_ptr<counted> weak = shared;
        check(shared.use_count() == 2 && weak.lock()->get() == 8);
        const auto made = std::make_shared<derived>(5);
        check(made->shared_from_this() == made && alive == 2);
        const std::shared_ptr<int> inner(made, &made->value);
        check(*inner == 5 && made.use_count() == 2);
        const std::atomic<std::shared_ptr<int>> atomic(inner);
        check(*atomic.load() == 5);
    }
    check(alive == 0);
}

void operators() {
    auto* const over = new aligned;
    check(reinterpret_cast<uintptr_t>(over) % 256 == 0);
    delete over;
    auto* const several = new aligned[3];
    check(reinterpret_cast<uintptr_t>(several + 1) % 256 == 0);
    delete[] several;
    volatile size_t far_too_much = SIZE_MAX / 2;
    char* volatile none = new (std::nothrow) char[far_too_much]; // volatile: not left out
    check(none == nullptr);
    alignas(counted) char room[sizeof(counted)];
    auto* const placed = new (room) counted(3);
    check(placed->get() == 3 && std::launder(placed)->value == 3);
    std::destroy_at(placed);
    check(alive == 0);
}

void resources() {
    char room[2048];
    std::pmr::monotonic_buffer_resource arena(room, sizeof room);
    std::pmr::vector<std::pmr::string> strings(&arena);
    for (int i = 0; i < 100; ++i) {
        strings.emplace_back(50, 'x');
    }
    check(strings.size() == 100 && strings[99].size() == 50);
    std::pmr::unsynchronized_pool_resource pool;
    std::pmr::vector<int> numbers(1000, 1, &pool);
    check(numbers.get_allocator().resource() == &pool && numbers[999] == 1);
    check(std::pmr::get_default_resource() == std::pmr::new_delete_resource());
}

} // namespace

int main() {
    pointers();
    operators();
    resources();
    return failures;
}
