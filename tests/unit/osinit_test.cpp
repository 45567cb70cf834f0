// Counting processors: the affinity mask's length is the kernel's secret, and sched_getaffinity
// refuses a shorter buffer.
#include "base/boot_step.h"
#include "boot/boot.h"
#include "os/os.h"
#include "os/process.h"

#include <cstring>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace {

// What the kernel has, and whether it tells.
std::vector<uint64_t> kernel_mask;
int kernel_error = 0;

} // namespace

namespace runtime {

const char* boot_step = nullptr;

namespace os {

process_info process{};

int sched_getaffinity(void* mask, size_t size) {
    const size_t length = kernel_mask.size() * sizeof(uint64_t);
    if (kernel_error != 0 || size < length) {
        return kernel_error != 0 ? kernel_error : -EINVAL_;
    }
    std::memcpy(mask, kernel_mask.data(), length);
    return static_cast<int>(length);
}

} // namespace os

namespace {

uint32_t cpus_under(std::vector<uint64_t> mask, int error = 0) {
    kernel_mask = std::move(mask);
    kernel_error = error;
    os::process = {};
    osinit();
    return os::process.cpus;
}

constexpr uint64_t all = ~uint64_t{0};

TEST(Osinit, CountsTheBitsOfTheMask) {
    EXPECT_EQ(cpus_under({1}), 1U);
    EXPECT_EQ(cpus_under({0b1011}), 3U);
    EXPECT_EQ(cpus_under({all}), 64U);
    EXPECT_EQ(cpus_under({0, 1, 0, uint64_t{1} << 63}), 2U);
}

TEST(Osinit, MasksOfAnyLength) {
    for (const size_t words : {1U, 16U, 17U, 64U, 128U, 1024U}) {
        EXPECT_EQ(cpus_under(std::vector<uint64_t>(words, all)), words * 64);
        std::vector<uint64_t> last(words);
        last.back() = uint64_t{1} << 63;
        EXPECT_EQ(cpus_under(last), 1U) << words;
    }
}

TEST(Osinit, OneWhereTheKernelDoesNotSay) {
    EXPECT_EQ(cpus_under({0b1111}, -os::EPERM_), 1U);
    EXPECT_EQ(cpus_under({0b1111}, -os::EINVAL_), 1U);
    EXPECT_EQ(cpus_under({0, 0}), 1U) << "an empty mask";
    EXPECT_EQ(cpus_under(std::vector<uint64_t>(1025, all)), 1U) << "longer than any kernel's";
}

TEST(Osinit, NamesItsStep) {
    boot_step = nullptr;
    cpus_under({1});
    EXPECT_STREQ(boot_step, "runtime.osinit");
}

} // namespace
} // namespace runtime
