// Thread-local storage of programs that have none, some, or more than there is room for at the
// start. FS stays the host's: host_os notes what it would have been.
#include "mem/tls.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <linux/auxvec.h>

#include "base/boot_step.h"
#include "base/elf.h"
#include "host_os.h"
#include "os/process.h"

namespace runtime {

constinit const char* boot_step = nullptr;
// boot/first_page.cpp's.
constinit tls_block first_tls{};

namespace {

elf_image test_image{};

} // namespace

// What mem/tls.cpp has for own_image (CMakeLists.txt).
elf_image image_of_test() {
    return test_image;
}

namespace {

using host_os::call;

uintptr_t place_of(const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer);
}

class ThreadLocals : public testing::Test {
protected:
    ThreadLocals() {
        host_os::reset();
        std::destroy_at(&first_tls);
        new (&first_tls) runtime::tls_block{};
        test_image = {};
    }

    // A program whose thread-locals take size bytes, the first of which are initial_values.
    void program_has(size_t size, size_t align) {
        for (size_t i = 0; i < initial_values.size(); ++i) {
            initial_values[i] = static_cast<unsigned char>(i + 1);
        }
        segment_.p_memsz = size;
        segment_.p_filesz = initial_values.size();
        segment_.p_align = align;
        // The address is congruent to the alignment, as the linker makes it.
        segment_.p_vaddr = 64 * 1024 + place_of(initial_values.data()) % 64;
        test_image.bias = place_of(initial_values.data()) - segment_.p_vaddr;
        test_image.tls = &segment_;
    }

    // As the kernel starts a program that has these.
    tcb* start(std::vector<std::pair<uint64_t, uint64_t>> auxv) {
        stack_ = {0}; // the environment's end
        auxv.emplace_back(AT_NULL, 0);
        for (const auto& [type, value] : auxv) {
            stack_.push_back(type);
            stack_.push_back(value);
        }
        return settls(reinterpret_cast<char**>(stack_.data()));
    }

    // Where the linker has the first thread-local, counted from FS.
    [[nodiscard]] const unsigned char* locals(const tcb* block, size_t align) const {
        const uintptr_t end = segment_.p_vaddr + segment_.p_memsz;
        return reinterpret_cast<const unsigned char*>(block) - segment_.p_memsz -
               ((0 - end) & (align - 1));
    }

    void check_locals(const tcb* block, size_t align) {
        ASSERT_EQ(place_of(block) % align, 0U);
        ASSERT_EQ(std::memcmp(locals(block, align), initial_values.data(), initial_values.size()),
                  0);
    }

    alignas(64) std::array<unsigned char, 40> initial_values{};
    std::array<unsigned char, 16> random{0xff, 1, 2, 3, 4, 5, 6, 7};

private:
    Elf64_Phdr segment_{};
    std::vector<uint64_t> stack_;
};

TEST_F(ThreadLocals, AProgramWithout) {
    tcb* const block = start({{AT_RANDOM, place_of(random.data())}});
    EXPECT_EQ(block, &first_tls.control);
    EXPECT_EQ(block->self, block);
    EXPECT_EQ(host_os::fs_base(), block);
    // Little-endian, and the first byte is zero.
    EXPECT_EQ(block->canary, 0x0706050403020100U);
}

TEST_F(ThreadLocals, FewLieInTheProgramsOwnMemory) {
    for (const size_t align : {0U, 1U, 8U, 64U}) {
        program_has(100, align);
        tcb* const block = start({{AT_RANDOM, place_of(random.data())}});
        EXPECT_EQ(block, &first_tls.control);
        check_locals(block, align != 0 ? align : 1);
        EXPECT_EQ(host_os::calls(call::map), 0);
    }
}

TEST_F(ThreadLocals, ManyGetAMapping) {
    program_has(100'000, 16);
    tcb* const block = start({{AT_RANDOM, place_of(random.data())}});
    EXPECT_NE(block, &first_tls.control);
    EXPECT_EQ(host_os::fs_base(), block);
    check_locals(block, 16);
    EXPECT_EQ(locals(block, 16)[initial_values.size()], 0);
    EXPECT_EQ(host_os::calls(call::map), 1);
}

TEST_F(ThreadLocals, StrictlyAlignedOnesGetAMapping) {
    for (const size_t align : {128U, 4096U}) {
        host_os::reset();
        program_has(100, align);
        check_locals(start({{AT_RANDOM, place_of(random.data())}}), align);
        EXPECT_EQ(host_os::calls(call::map), 1);
    }
}

TEST_F(ThreadLocals, WithoutMemoryItSaysSo) {
    program_has(100'000, 16);
    host_os::fail(call::map, ENOMEM);
    EXPECT_EXIT(start({}), testing::ExitedWithCode(2),
                "cannot map the thread-local storage: errno 12.*RLIMIT_AS");
}

TEST_F(ThreadLocals, WhereFsCannotBeSetItSaysSo) {
    host_os::fail(call::set_fs_base, EPERM);
    EXPECT_EXIT(start({}), testing::ExitedWithCode(2), "arch_prctl.*errno 1.*seccomp");
}

TEST_F(ThreadLocals, TheCanaryIsRandomAllTheSame) {
    // The kernel's, where the loader has none; and without either.
    const uintptr_t first = start({})->canary;
    EXPECT_EQ(host_os::calls(call::getrandom), 1);
    host_os::fail(call::getrandom, ENOSYS);
    const uintptr_t second = start({})->canary;
    const uintptr_t third = start({})->canary;
    for (const uintptr_t canary : {first, second, third}) {
        EXPECT_EQ(canary & 0xff, 0U);
        EXPECT_NE(canary, 0U);
    }
    EXPECT_NE(first, second);
    EXPECT_NE(second, third);
}

TEST_F(ThreadLocals, WhoFailsEarlierHasABlock) {
    std::array<uint64_t, 3> stack{0, AT_NULL, 0};
    settls_for_fatal(reinterpret_cast<char**>(stack.data()));
    EXPECT_EQ(host_os::fs_base(), &first_tls.control);
}

// A further thread's block lies in the memory that was asked for, wherever that begins.
TEST_F(ThreadLocals, FurtherThreads) {
    for (const size_t align : {0U, 1U, 16U, 64U, 4096U}) {
        if (align != 0) {
            program_has(100, align);
        }
        const size_t size = thread_tls_size();
        std::vector<unsigned char> memory(size + 64);
        for (size_t offset = 0; offset < 64; ++offset) {
            std::memset(memory.data(), 0, memory.size());
            unsigned char* const begin = memory.data() + offset;
            auto* const current = reinterpret_cast<g*>(this);
            tcb* const block = make_thread_tls(begin, current);
            ASSERT_LE(place_of(block + 1), place_of(begin + size));
            ASSERT_EQ(place_of(block) % alignof(tcb), 0U);
            ASSERT_EQ(block->self, block);
            ASSERT_EQ(block->current, current);
            ASSERT_EQ(block->nopreempt, 1);
            ASSERT_EQ(block->canary, get_tcb()->canary); // which on the host is glibc's
            if (align == 0) {
                ASSERT_GE(place_of(block), place_of(begin));
            } else {
                check_locals(block, align);
                ASSERT_GE(place_of(locals(block, align)), place_of(begin));
                // Another thread, in the memory of one that is over.
                std::memset(const_cast<void*>(static_cast<const void*>(locals(block, align))), 0x55,
                            place_of(block) - place_of(locals(block, align)));
                block->p = reinterpret_cast<p*>(this);
                ASSERT_EQ(make_thread_tls(begin, current), block);
                check_locals(block, align);
                ASSERT_EQ(block->p, nullptr);
            }
        }
    }
}

} // namespace

} // namespace runtime
