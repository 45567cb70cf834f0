// Initialised pointers: a static-PIE must relocate each. Linked a second time with RELR.
#include <rt0/print.h>

namespace {

struct node {
    const node* next;
    const char* name;
    int (*function)(int);
};

int twice(int n) {
    return 2 * n;
}

struct table {
    node nodes[300];
    constexpr explicit table(int (*function)(int))
        : nodes() {
        for (int i = 0; i < 300; ++i) {
            nodes[i] = {i < 299 ? &nodes[i + 1] : nullptr, i % 2 == 0 ? "even" : "odd", function};
        }
    }
};

constinit table chain(twice);

struct shape {
    virtual ~shape() = default;
    [[nodiscard]] virtual int sides() const = 0;
};
struct square final : shape {
    [[nodiscard]] int sides() const override { return 4; }
};

} // namespace

int main() {
    int count = 0;
    int sum = 0;
    const node* last = nullptr;
    for (const node* at = chain.nodes; at != nullptr; at = at->next) {
        ++count;
        sum += at->function(1);
        last = at;
    }
    const square a_square;
    const volatile auto* hidden = &a_square;
    const shape* const s = const_cast<const square*>(hidden);
    rt0::println("{} {} {} {}", count, sum, last->name, s->sides());
}
