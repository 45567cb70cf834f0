// All forms of operator new and delete. This program's own are replaced by the runtime's, so it
// must be an executable of its own, without sanitizers that bring theirs.
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host_os.h"
#include "mem/heap.h"

namespace {

using host_os::call;
using runtime::mem::usable_size;

constexpr size_t huge = size_t{1} << 46;
constexpr std::align_val_t line{64};
constexpr std::align_val_t page{4096};

size_t opaque(size_t n) {
    asm("" : "+r"(n));
    return n;
}

bool is_aligned(const void* pointer, std::align_val_t alignment) {
    return reinterpret_cast<uintptr_t>(pointer) % static_cast<size_t>(alignment) == 0;
}

// usable_size ends the program for memory that is not from the runtime's heap.
bool is_ours(const void* pointer, size_t size) {
    return pointer != nullptr && usable_size(pointer) >= size;
}

TEST(operator_new, all_forms) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{100000}}) {
        void* p = ::operator new(opaque(size));
        EXPECT_TRUE(is_ours(p, size));
        ::operator delete(p);
        p = ::operator new(opaque(size));
        ::operator delete(p, size);
        p = ::operator new[](opaque(size));
        EXPECT_TRUE(is_ours(p, size));
        ::operator delete[](p);
        p = ::operator new[](opaque(size));
        ::operator delete[](p, size);

        p = ::operator new(opaque(size), std::nothrow);
        EXPECT_TRUE(is_ours(p, size));
        ::operator delete(p, std::nothrow);
        p = ::operator new[](opaque(size), std::nothrow);
        EXPECT_TRUE(is_ours(p, size));
        ::operator delete[](p, std::nothrow);

        for (const std::align_val_t alignment : {line, page}) {
            p = ::operator new(opaque(size), alignment);
            EXPECT_TRUE(is_ours(p, size) && is_aligned(p, alignment));
            ::operator delete(p, alignment);
            p = ::operator new(opaque(size), alignment);
            ::operator delete(p, size, alignment);
            p = ::operator new[](opaque(size), alignment);
            EXPECT_TRUE(is_ours(p, size) && is_aligned(p, alignment));
            ::operator delete[](p, alignment);
            p = ::operator new[](opaque(size), alignment);
            ::operator delete[](p, size, alignment);

            p = ::operator new(opaque(size), alignment, std::nothrow);
            EXPECT_TRUE(is_ours(p, size) && is_aligned(p, alignment));
            ::operator delete(p, alignment, std::nothrow);
            p = ::operator new[](opaque(size), alignment, std::nothrow);
            EXPECT_TRUE(is_ours(p, size) && is_aligned(p, alignment));
            ::operator delete[](p, alignment, std::nothrow);
        }
    }
    ::operator delete(nullptr);
}

TEST(operator_new, delete_really_frees) {
    const auto each_twice = [](auto get, auto release) {
        const auto address_after_free = [&] {
            void* block = get();
            const auto address = reinterpret_cast<uintptr_t>(block);
            release(block);
            return address; // NOLINT(clang-analyzer-cplusplus.NewDelete): a number by now.
        };
        const uintptr_t first = address_after_free();
        EXPECT_EQ(first, address_after_free()); // The lowest free slot, and nothing else moves it.
    };
    const size_t size = opaque(3000);
    each_twice([&] { return ::operator new(size); }, [&](void* p) { ::operator delete(p, size); });
    each_twice([&] { return ::operator new[](size); }, [](void* p) { ::operator delete[](p); });
    each_twice([&] { return ::operator new[](size); },
               [&](void* p) { ::operator delete[](p, size); });
    each_twice([&] { return ::operator new(size, std::nothrow); },
               [](void* p) { ::operator delete(p, std::nothrow); });
    each_twice([&] { return ::operator new[](size, std::nothrow); },
               [](void* p) { ::operator delete[](p, std::nothrow); });
    each_twice([&] { return ::operator new(size, line); },
               [&](void* p) { ::operator delete(p, size, line); });
    each_twice([&] { return ::operator new[](size, line); },
               [&](void* p) { ::operator delete[](p, size, line); });
    each_twice([&] { return ::operator new[](size, line, std::nothrow); },
               [](void* p) { ::operator delete[](p, line, std::nothrow); });
}

TEST(operator_new, nothrow_returns_null) {
    EXPECT_EQ(::operator new(opaque(huge), std::nothrow), nullptr);
    EXPECT_EQ(::operator new[](opaque(huge), std::nothrow), nullptr);
    EXPECT_EQ(::operator new(opaque(huge), line, std::nothrow), nullptr);
    EXPECT_EQ(::operator new[](opaque(huge), line, std::nothrow), nullptr);
}

TEST(operator_new_death_test, out_of_memory_ends_the_program) {
    const auto dies = testing::ExitedWithCode(2);
    const std::string text = "fatal error: out of memory: cannot allocate 70368744177664 bytes";
    EXPECT_EXIT(::operator delete(::operator new(opaque(huge))), dies, text);
    EXPECT_EXIT(::operator delete[](::operator new[](opaque(huge))), dies, text);
    EXPECT_EXIT(::operator delete(::operator new(opaque(huge), line), line), dies, text);
    EXPECT_EXIT(::operator delete[](::operator new[](opaque(huge), line), line), dies, text);
}

int handler_calls;

TEST(operator_new, new_handler_is_asked_until_it_resigns) {
    for (const bool throwing : {true, false}) {
        handler_calls = 0;
        host_os::reset();
        host_os::fail(call::map, ENOMEM);
        std::set_new_handler([] {
            if (++handler_calls == 3) {
                host_os::reset();
            }
        });
        const size_t size = opaque(size_t{64} << 20);
        void* p = throwing ? ::operator new(size) : ::operator new(size, std::nothrow);
        EXPECT_EQ(handler_calls, 3);
        EXPECT_NE(p, nullptr);
        ::operator delete(p);
        std::set_new_handler(nullptr);
    }

    handler_calls = 0;
    host_os::reset();
    host_os::fail(call::map, ENOMEM);
    std::set_new_handler([] {
        ++handler_calls;
        std::set_new_handler(nullptr);
    });
    EXPECT_EQ(::operator new(opaque(size_t{64} << 20), std::nothrow), nullptr);
    EXPECT_EQ(handler_calls, 1);
    host_os::reset();
}

} // namespace
