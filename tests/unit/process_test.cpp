// The environment and the auxiliary vector, as the kernel lays them out.
#include "os/process.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace runtime::os {
namespace {

// The words that lie behind argv: the environment, a null pointer, the auxiliary vector.
struct initial_stack {
    std::vector<uint64_t> words;

    explicit initial_stack(const std::vector<const char*>& environment,
                           const std::vector<auxv_entry>& auxv) {
        for (const char* entry : environment) {
            words.push_back(reinterpret_cast<uint64_t>(entry));
        }
        words.push_back(0);
        for (const auxv_entry& entry : auxv) {
            words.push_back(entry.type);
            words.push_back(entry.value);
        }
        words.push_back(0);
        words.push_back(0);
    }

    char** envp() { return reinterpret_cast<char**>(words.data()); }
};

const char* lookup(initial_stack& stack, std::string_view name) {
    return find_env(stack.envp(), name.data(), name.size());
}

TEST(Auxv, LiesBehindTheEnvironment) {
    initial_stack none({}, {{6, 4096}});
    EXPECT_EQ(auxval(find_auxv(none.envp()), 6, 0), 4096U);
    initial_stack some({"A=1", "B=2", "C=3"}, {{25, 17}, {6, 4096}});
    EXPECT_EQ(auxval(find_auxv(some.envp()), 6, 0), 4096U);
    EXPECT_EQ(auxval(find_auxv(some.envp()), 25, 0), 17U);
}

TEST(Auxv, FirstOfATypeCountsAndMissingFallsBack) {
    initial_stack stack({}, {{6, 1}, {6, 2}, {1, 9}});
    const auxv_entry* const auxv = find_auxv(stack.envp());
    EXPECT_EQ(auxval(auxv, 6, 0), 1U);
    EXPECT_EQ(auxval(auxv, 7, 42), 42U);
    initial_stack empty({}, {});
    EXPECT_EQ(auxval(find_auxv(empty.envp()), 6, 42), 42U);
}

TEST(Environment, FindsByWholeName) {
    initial_stack stack({"PATHS=x", "PATH=/bin", "EMPTY=", "PATH=/other", "EQ=a=b", "=odd", "NOEQ"},
                        {});
    EXPECT_STREQ(lookup(stack, "PATH"), "/bin") << "not PATHS, and the first of two";
    EXPECT_STREQ(lookup(stack, "PATHS"), "x");
    EXPECT_STREQ(lookup(stack, "EMPTY"), "");
    EXPECT_STREQ(lookup(stack, "EQ"), "a=b");
    EXPECT_STREQ(lookup(stack, ""), "odd");
    EXPECT_EQ(lookup(stack, "PAT"), nullptr);
    EXPECT_EQ(lookup(stack, "NOEQ"), nullptr);
    EXPECT_EQ(lookup(stack, "NOEQUAL"), nullptr) << "longer than the entry";
    EXPECT_EQ(lookup(stack, "path"), nullptr);
}

} // namespace
} // namespace runtime::os
