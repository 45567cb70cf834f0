// The memory and string functions against byte loops, with every combination of processor features.
// Data ends, or begins, at a page that must not be touched.
#include "base/cpu.h"
#include "base/fatal.h"
#include "tests/unit/abi_host.h"

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <vector>

// The runtime's code has no unwind tables, so its fatal cannot throw here: it jumps back to the
// test.
static std::jmp_buf after_fatal;
static std::string fatal_text;

namespace runtime {

[[noreturn]] void fatal(std::string_view text) {
    fatal_text = text;
    std::longjmp(after_fatal,
                 1); // NOLINT(modernize-avoid-setjmp-longjmp,cert-err52-cpp): see above
}

} // namespace runtime

namespace {

using runtime::cpu;

constexpr size_t page = 4096;
constexpr size_t big_area = size_t{300} << 10;

// Pages with a forbidden one on either side.
class fenced {
public:
    explicit fenced(size_t size)
        : size_((size + page - 1) / page * page) {
        void* p = mmap(nullptr, size_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            throw std::bad_alloc();
        base_ = static_cast<char*>(p);
        if (mprotect(begin(), size_, PROT_READ | PROT_WRITE) != 0)
            throw std::bad_alloc();
    }
    ~fenced() { munmap(base_, size_ + 2 * page); }
    fenced(const fenced&) = delete;
    fenced& operator=(const fenced&) = delete;

    [[nodiscard]] char* begin() const { return base_ + page; }
    [[nodiscard]] char* end() const { return begin() + size_; }
    // `size` bytes that end `gap` bytes before the fence.
    [[nodiscard]] char* last(size_t size, size_t gap = 0) const { return end() - size - gap; }

private:
    char* base_;
    size_t size_;
};

char pattern(size_t i) {
    return static_cast<char>(i * 131 + (i >> 8) * 17 + 1);
}

// What the processor can do is what cpuinit finds; each test runs with less of it, too.
struct features {
    const char* name;
    bool known, avx2, avx512, rep;
};

class memory : public testing::TestWithParam<features> {
protected:
    void SetUp() override {
        runtime::cpuinit();
        const features& f = GetParam();
        if ((f.avx2 && !cpu.avx2) || (f.avx512 && !cpu.avx512) || (f.rep && !cpu.erms))
            GTEST_SKIP() << "this processor lacks it";
        cpu.known = f.known;
        cpu.avx2 = f.avx2;
        cpu.avx512 = f.avx512;
        cpu.rep_movsb = f.rep;
        cpu.rep_stosb = f.rep;
    }
    void TearDown() override { runtime::cpuinit(); }
};

INSTANTIATE_TEST_SUITE_P(with, memory,
                         testing::Values(features{"unknown", false, false, false, false},
                                         features{"sse2", true, false, false, false},
                                         features{"sse2_rep", true, false, false, true},
                                         features{"avx2", true, true, false, false},
                                         features{"avx2_rep", true, true, false, true},
                                         features{"avx512", true, true, true, false}),
                         [](const auto& variant) { return std::string(variant.param.name); });

constexpr size_t small = 300;
constexpr size_t alignments[] = {0, 1, 7, 15, 16, 17, 31, 32, 33, 63};

// Around the thresholds of every path, with room for the misalignment of both ends.
const std::vector<size_t>& large() {
    static const std::vector<size_t> sizes = [] {
        std::vector<size_t> all;
        for (const size_t n : {512UL, 1024UL, 4096UL, 8192UL, 65536UL, 262144UL}) {
            for (const size_t d : {0UL, 1UL, 2UL, 32UL, 65UL, 129UL}) {
                all.push_back(n - d);
                all.push_back(n + d);
            }
        }
        all.push_back((16UL << 20) - 1);
        all.push_back(16UL << 20);
        all.push_back((16UL << 20) + 77);
        return all;
    }();
    return sizes;
}

void fill(char* p, size_t size) {
    for (size_t i = 0; i < size; ++i)
        p[i] = pattern(i);
}

// Exactly [to, to + size) has become what `from` was.
void expect_copied(const char* to, const char* was, size_t size, const char* what) {
    for (size_t i = 0; i < size; ++i) {
        if (to[i] != was[i]) {
            FAIL() << what << " size " << size << " wrong at " << i;
        }
    }
}

TEST_P(memory, memcpy_small_between_fences) {
    const fenced a(page);
    const fenced b(page);
    std::vector<char> expected(page);
    for (size_t size = 0; size <= small; ++size) {
        for (const size_t x : alignments) {
            for (const size_t y : alignments) {
                for (const bool at_end : {true, false}) {
                    char* const from = at_end ? b.last(size, y) : b.begin() + y;
                    char* const to = at_end ? a.last(size, x) : a.begin() + x;
                    std::ranges::fill(a, 'z');
                    fill(from, size);
                    std::ranges::copy(a, expected.begin());
                    for (size_t i = 0; i < size; ++i)
                        expected[static_cast<size_t>(to - a.begin()) + i] = pattern(i);
                    ASSERT_EQ(rt0_memcpy(to, from, size), to);
                    ASSERT_EQ(std::memcmp(a.begin(), expected.data(), page), 0)
                        << size << ' ' << x << ' ' << y << ' ' << at_end;
                }
            }
        }
    }
}

TEST_P(memory, memmove_small_every_overlap) {
    const fenced area(page);
    std::vector<char> expected(page);
    for (size_t size = 0; size <= small; ++size) {
        for (ptrdiff_t distance = -static_cast<ptrdiff_t>(size) - 3;
             distance <= static_cast<ptrdiff_t>(size) + 3; ++distance) {
            const size_t misaligned = size % 67;
            char* const from = area.begin() + 1024 + misaligned;
            char* const to = from + distance;
            fill(area.begin(), page);
            std::ranges::copy(area, expected.begin());
            for (size_t i = 0; i < size; ++i) {
                expected[static_cast<size_t>(to - area.begin()) + i] =
                    pattern(1024 + misaligned + i);
            }
            ASSERT_EQ(rt0_memmove(to, from, size), to);
            ASSERT_EQ(std::memcmp(area.begin(), expected.data(), page), 0)
                << size << ' ' << distance;
        }
    }
}

TEST_P(memory, memmove_large) {
    const size_t room = (16UL << 20) + 3 * page;
    const fenced a(room);
    const fenced b(room);
    std::vector<char> was(room);
    fill(b.begin(), room);
    for (const size_t size : large()) {
        for (const auto& [x, y] : {std::pair{0UL, 0UL}, std::pair{1UL, 0UL}, std::pair{0UL, 5UL},
                                   std::pair{33UL, 7UL}, std::pair{100UL, 2049UL}}) {
            if (size > 1 << 20 && x + y > 1 && x != 33)
                continue;
            char* const to = a.last(size, x);
            const char* const from = b.last(size, y);
            to[-1] = 'L';
            if (x != 0)
                to[size] = 'R';
            ASSERT_EQ(rt0_memmove(to, from, size), to);
            ASSERT_NO_FATAL_FAILURE(expect_copied(to, from, size, "apart"));
            ASSERT_EQ(to[-1], 'L');
            if (x != 0) {
                ASSERT_EQ(to[size], 'R');
            }
        }
    }
    for (const size_t size : large()) {
        for (const ptrdiff_t distance :
             {-1L, 1L, -31L, 33L, 64L, -64L, -100L, 127L, 4095L, -4097L}) {
            if (size > 1 << 20 && distance != 33 && distance != -31)
                continue;
            char* const from = a.begin() + page + 3;
            char* const to = from + distance;
            fill(from - 1, size + 2);
            std::memcpy(was.data(), from, size);
            rt0_memmove(to, from, size);
            ASSERT_NO_FATAL_FAILURE(expect_copied(to, was.data(), size, "overlapping"));
            if (distance > 0) {
                ASSERT_EQ(from[-1], pattern(0));
            } else {
                ASSERT_EQ(from[size], pattern(size + 1));
            }
        }
    }
}

TEST_P(memory, mempcpy_returns_the_end) {
    char to[32];
    EXPECT_EQ(rt0_mempcpy(to, "abc", 3), to + 3);
    EXPECT_EQ(std::string_view(to, 3), "abc");
}

TEST_P(memory, memset_between_fences) {
    const fenced a(page);
    for (size_t size = 0; size <= small; ++size) {
        for (size_t x = 0; x < 65; ++x) {
            for (const bool at_end : {true, false}) {
                char* const to = at_end ? a.last(size, x) : a.begin() + x;
                std::ranges::fill(a, 'z');
                // Only the low byte of the value counts.
                ASSERT_EQ(rt0_memset(to, 0x7fffff80 + static_cast<int>(size % 100), size), to);
                const auto wanted = static_cast<char>(0x80 + size % 100);
                ASSERT_TRUE(std::all_of(to, to + size, [&](char c) { return c == wanted; }));
                ASSERT_EQ(std::count(a.begin(), a.end(), 'z'), page - size) << size << ' ' << x;
            }
        }
    }
    const fenced b((32UL << 20) + page);
    std::vector<size_t> sizes = large();
    sizes.push_back((32UL << 20) - 1);
    sizes.push_back(32UL << 20);
    for (const size_t size : sizes) {
        for (const size_t x : {0UL, 1UL, 33UL}) {
            char* const to = b.last(size, x);
            to[-1] = 'L';
            if (x != 0)
                to[size] = 'R';
            ASSERT_EQ(rt0_memset(to, static_cast<int>(x) + 1, size), to);
            ASSERT_EQ(static_cast<size_t>(std::count(to, to + size, static_cast<char>(x + 1))),
                      size);
            ASSERT_EQ(to[-1], 'L');
            if (x != 0) {
                ASSERT_EQ(to[size], 'R');
            }
        }
    }
}

int sign(int x) {
    return (x > 0) - (x < 0);
}

TEST_P(memory, memcmp_between_fences) {
    const fenced a(page);
    const fenced b(page);
    for (size_t size = 0; size <= small; ++size) {
        for (const size_t x : {0UL, 1UL, 16UL, 37UL}) {
            for (const size_t y : {0UL, 3UL, 32UL}) {
                for (const bool at_end : {true, false}) {
                    char* const p = at_end ? a.last(size, x) : a.begin() + x;
                    char* const q = at_end ? b.last(size, y) : b.begin() + y;
                    // What follows, or precedes, differs.
                    std::ranges::fill(a, 'x');
                    std::ranges::fill(b, 'y');
                    fill(p, size);
                    fill(q, size);
                    ASSERT_EQ(rt0_memcmp(p, q, size), 0) << size << ' ' << x << ' ' << y;
                    for (size_t i = 0; i < size; ++i) {
                        const char kept = q[i];
                        // Bytes are unsigned; later differences the other way do not count.
                        p[i] = static_cast<char>(0x7f);
                        q[i] = static_cast<char>(0x80);
                        const char last = p[size - 1];
                        if (i + 1 < size) {
                            p[size - 1] = static_cast<char>(q[size - 1] + 1);
                        }
                        ASSERT_LT(rt0_memcmp(p, q, size), 0) << size << ' ' << i;
                        ASSERT_GT(rt0_memcmp(q, p, size), 0) << size << ' ' << i;
                        ASSERT_NE(rt0_bcmp(p, q, size), 0);
                        if (i + 1 < size)
                            p[size - 1] = last;
                        p[i] = q[i] = kept;
                    }
                }
            }
        }
    }
}

TEST_P(memory, memcmp_large) {
    const fenced a(big_area);
    const fenced b(big_area);
    fill(a.begin(), big_area);
    fill(b.begin(), big_area);
    for (const size_t size : {511UL, 1000UL, 4096UL, 8191UL, 262144UL}) {
        char* const p = a.last(size);
        char* const q = b.last(size, 1);
        std::copy(p, p + size, q);
        ASSERT_EQ(rt0_memcmp(p, q, size), 0);
        for (size_t i = 0; i < size; i += size > 10000 ? 997 : 1) {
            for (const int d : {1, 0x80}) {
                const char kept = q[i];
                q[i] = static_cast<char>(q[i] ^ d);
                ASSERT_EQ(sign(rt0_memcmp(p, q, size)), sign(std::memcmp(p, q, size))) << i;
                q[i] = kept;
            }
        }
    }
}

TEST_P(memory, memchr_between_fences) {
    const fenced a(page);
    for (size_t size = 0; size <= small; ++size) {
        for (size_t gap = 0; gap < 70; gap += 3) {
            char* const p = a.last(size, gap);
            std::ranges::fill(a, 'a');
            if (gap != 0)
                p[size] = '\xff';
            p[-1] = '\xff';
            ASSERT_EQ(rt0_memchr(p, 0xff, size), nullptr) << size;
            ASSERT_EQ(rt0_memrchr(p, 0xff, size), nullptr);
            for (size_t i = 0; i < size; ++i) {
                p[i] = '\xff';
                p[size - 1] = '\xff';
                ASSERT_EQ(rt0_memchr(p, 0x1ff, size), p + i) << size << ' ' << i;
                ASSERT_EQ(rt0_memrchr(p, 0xff, size), p + size - 1);
                // The limit may lie far beyond what is there.
                ASSERT_EQ(rt0_memchr(p, 0xff, SIZE_MAX), p + i);
                p[size - 1] = 'a';
                ASSERT_EQ(rt0_memrchr(p, 0xff, size), i + 1 < size ? p + i : nullptr);
                p[i] = 'a';
            }
        }
    }
    const fenced b(big_area);
    std::ranges::fill(b, 'a');
    for (const size_t size : {1000UL, 4096UL, 262144UL}) {
        for (size_t back = 1; back < 200; ++back) {
            char* const p = b.last(size, back % 5);
            p[size - back] = 'b';
            ASSERT_EQ(rt0_memchr(p, 'b', size), p + size - back);
            ASSERT_EQ(rt0_memchr(p, 'b', size - back), nullptr);
            p[size - back] = 'a';
        }
    }
}

TEST_P(memory, strlen_between_fences) {
    const fenced a(2 * page);
    for (size_t length = 0; length <= 600; ++length) {
        for (size_t gap = 0; gap < 200; gap += length < small ? 1 : 13) {
            char* const s = a.last(length + 1, gap);
            std::fill(s, s + length, 'a');
            s[length] = 0;
            s[-1] = 0;
            ASSERT_EQ(rt0_strlen(s), length) << gap;
        }
    }
    // Strings that begin anywhere in a page and end in the next.
    for (size_t start = page - 300; start < page; ++start) {
        for (const size_t length :
             {1UL, 15UL, 31UL, 32UL, 33UL, 64UL, 100UL, 161UL, 290UL, 1000UL}) {
            std::ranges::fill(a, 'a');
            a.begin()[start + length] = 0;
            ASSERT_EQ(rt0_strlen(a.begin() + start), length) << start;
        }
    }
    const fenced b(big_area);
    std::ranges::fill(b, 'a');
    for (const size_t length : {4095UL, 10000UL, 262144UL}) {
        for (size_t gap = 0; gap < 130; ++gap) {
            char* const s = b.last(length + 1, gap);
            s[length] = 0;
            ASSERT_EQ(rt0_strlen(s), length);
            ASSERT_EQ(rt0_strnlen(s, length - 1), length - 1);
            ASSERT_EQ(rt0_strnlen(s, SIZE_MAX), length);
            s[length] = 'a';
        }
    }
}

// The rest does not depend on the processor.

TEST(memory_str, compare) {
    EXPECT_EQ(rt0_strcmp("", ""), 0);
    EXPECT_EQ(rt0_strcmp("abc", "abc"), 0);
    EXPECT_LT(rt0_strcmp("ab", "abc"), 0);
    EXPECT_GT(rt0_strcmp("abc", "ab"), 0);
    EXPECT_GT(rt0_strcmp("\x80", "\x7f"), 0);
    EXPECT_EQ(rt0_strncmp("abc", "abd", 2), 0);
    EXPECT_LT(rt0_strncmp("abc", "abd", 3), 0);
    EXPECT_EQ(rt0_strncmp("a", "b", 0), 0);
    EXPECT_EQ(rt0_strncmp("a\0x", "a\0y", 3), 0);
}

TEST(memory_str, compare_stops_at_the_fence) {
    const fenced a(page);
    const fenced b(page);
    std::memcpy(a.last(3), "abc", 3);
    std::memcpy(b.last(3), "abc", 3);
    EXPECT_EQ(rt0_strncmp(a.last(3), b.last(3), 3), 0);
    EXPECT_EQ(rt0_strnlen(a.last(3), 3), 3U);
}

TEST(memory_str, search) {
    const char s[] = "abcabc";
    EXPECT_EQ(rt0_strchr(s, 'b'), s + 1);
    EXPECT_EQ(rt0_strrchr(s, 'b'), s + 4);
    EXPECT_EQ(rt0_strchr(s, 'x'), nullptr);
    EXPECT_EQ(rt0_strrchr(s, 'x'), nullptr);
    EXPECT_EQ(rt0_strchr(s, 0), s + 6);
    EXPECT_EQ(rt0_strrchr(s, 0), s + 6);
    EXPECT_EQ(rt0_strchr(s, 256 + 'c'), s + 2);
    EXPECT_EQ(rt0_strstr(s, ""), s);
    EXPECT_EQ(rt0_strstr(s, "ca"), s + 2);
    EXPECT_EQ(rt0_strstr(s, "abc"), s);
    EXPECT_EQ(rt0_strstr(s, "bca"), s + 1);
    EXPECT_EQ(rt0_strstr(s, "abcd"), nullptr);
    EXPECT_EQ(rt0_strstr("aaab", "aab"), std::string_view("aab"));
    EXPECT_EQ(rt0_strstr("", "a"), nullptr);
}

TEST(memory_str, copy) {
    char to[16];
    std::memset(to, 'z', sizeof to);
    EXPECT_EQ(rt0_strcpy(to, "abc"), to);
    EXPECT_EQ(std::string_view(to, 5), std::string_view("abc\0z", 5));
    EXPECT_EQ(rt0_stpcpy(to, "de"), to + 2);
    EXPECT_EQ(std::string_view(to, 4), std::string_view("de\0\0", 4));
    EXPECT_EQ(rt0_strcat(to, "fgh"), to);
    EXPECT_STREQ(to, "defgh");
    EXPECT_EQ(rt0_strncat(to, "ijk", 2), to);
    EXPECT_STREQ(to, "defghij");
    rt0_strncat(to, "k", 5);
    EXPECT_STREQ(to, "defghijk");
    std::memset(to, 'z', sizeof to);
    EXPECT_EQ(rt0_strncpy(to, "abc", 2), to);
    EXPECT_EQ(std::string_view(to, 3), "abz");
    rt0_strncpy(to, "a", 4);
    EXPECT_EQ(std::string_view(to, 5), std::string_view("a\0\0\0z", 5));
}

TEST(memory_wide, all) {
    const wchar_t s[] = L"abcabc";
    wchar_t to[8] = {};
    EXPECT_EQ(rt0_wcslen(s), 6U);
    EXPECT_EQ(rt0_wcslen(L""), 0U);
    EXPECT_EQ(rt0_wmemcpy(to, s, 7), to);
    EXPECT_STREQ(to, s);
    EXPECT_EQ(rt0_wmemmove(to + 1, to, 6), to + 1);
    EXPECT_STREQ(to, L"aabcabc");
    EXPECT_EQ(rt0_wmemset(to, L'\x12345', 2), to);
    EXPECT_EQ(to[0], L'\x12345');
    EXPECT_EQ(to[1], L'\x12345');
    EXPECT_EQ(to[2], L'b');
    EXPECT_EQ(rt0_wmemcmp(s, s + 3, 3), 0);
    // wchar_t is signed here, and its low byte comes first in memory.
    const wchar_t negative = WCHAR_MIN;
    const wchar_t big = 0x100;
    const wchar_t one = 1;
    EXPECT_LT(rt0_wmemcmp(&negative, &one, 1), 0);
    EXPECT_GT(rt0_wmemcmp(&big, &one, 1), 0);
    EXPECT_EQ(rt0_wmemchr(s, L'c', 6), s + 2);
    EXPECT_EQ(rt0_wmemchr(s, L'c', 2), nullptr);
}

template <class F>
void expect_overflow(const F& f) {
    fatal_text.clear();
    if (setjmp(after_fatal) == 0) { // NOLINT(modernize-avoid-setjmp-longjmp,cert-err52-cpp)
        f();
        FAIL() << "not noticed";
    }
    EXPECT_EQ(fatal_text, "buffer overflow detected");
}

TEST(memory_fortify, room_enough) {
    char to[8];
    EXPECT_EQ(rt0___memcpy_chk(to, "abcdefg", 8, 8), to);
    EXPECT_STREQ(to, "abcdefg");
    EXPECT_EQ(rt0___memmove_chk(to + 1, to, 7, 7), to + 1);
    EXPECT_EQ(std::string_view(to, 8), "aabcdefg");
    EXPECT_EQ(rt0___mempcpy_chk(to, "xy", 2, 8), to + 2);
    EXPECT_EQ(rt0___memset_chk(to, 0, 8, SIZE_MAX), to);
    EXPECT_EQ(rt0___strcpy_chk(to, "abcdefg", 8), to);
    EXPECT_EQ(rt0___stpcpy_chk(to, "abc", 4), to + 3);
    EXPECT_EQ(rt0___strcat_chk(to, "defg", 8), to);
    EXPECT_STREQ(to, "abcdefg");
    EXPECT_EQ(rt0___strncpy_chk(to, "q", 8, 8), to);
    EXPECT_EQ(rt0___strncat_chk(to, "rstuvwxyz", 6, 8), to);
    EXPECT_STREQ(to, "qrstuvw");
    wchar_t wide[2];
    EXPECT_EQ(rt0___wmemset_chk(wide, L'a', 2, 2), wide);
    EXPECT_EQ(rt0___wmemcpy_chk(wide, L"b", 2, 2), wide);
    EXPECT_EQ(rt0___wmemmove_chk(wide + 1, wide, 1, 1), wide + 1);
    EXPECT_EQ(wide[1], L'b');
}

TEST(memory_fortify, overflow_is_fatal_and_writes_nothing) {
    char to[8] = "abcdefg";
    expect_overflow([&] { rt0___memcpy_chk(to, "xxxxxxxx", 8, 7); });
    expect_overflow([&] { rt0___memmove_chk(to, to + 1, 7, 6); });
    expect_overflow([&] { rt0___mempcpy_chk(to, "x", 1, 0); });
    expect_overflow([&] { rt0___memset_chk(to, 'x', 8, 7); });
    expect_overflow([&] { rt0___strcpy_chk(to, "xxxxxxx", 7); });
    expect_overflow([&] { rt0___stpcpy_chk(to, "xxxxxxx", 7); });
    expect_overflow([&] { rt0___strncpy_chk(to, "x", 8, 7); });
    expect_overflow([&] { rt0___strcat_chk(to, "x", 8); });
    expect_overflow([&] { rt0___strncat_chk(to, "xy", 1, 8); });
    // No terminator within the room.
    expect_overflow([&] { rt0___strcat_chk(to, "", 7); });
    wchar_t wide[2] = {};
    expect_overflow([&] { rt0___wmemset_chk(wide, L'a', 2, 1); });
    expect_overflow([&] { rt0___wmemcpy_chk(wide, L"b", 2, 1); });
    expect_overflow([&] { rt0___wmemmove_chk(wide, wide, 2, 1); });
    expect_overflow([] { rt0___chk_fail(); });
    EXPECT_STREQ(to, "abcdefg");
    EXPECT_EQ(wide[0], 0);
}

TEST(memory_cpu, known_features_agree_with_the_compiler) {
    runtime::cpuinit();
    EXPECT_TRUE(cpu.known);
    EXPECT_EQ(cpu.avx2, __builtin_cpu_supports("avx2") != 0);
    EXPECT_EQ(cpu.avx512, __builtin_cpu_supports("avx512f") != 0 &&
                              __builtin_cpu_supports("avx512bw") != 0 &&
                              __builtin_cpu_supports("avx512vl") != 0);
    const std::string_view vendor(reinterpret_cast<const char*>(cpu.vendor), 12);
    EXPECT_EQ(vendor == "GenuineIntel", __builtin_cpu_is("intel") != 0);
    EXPECT_EQ(vendor == "AuthenticAMD", __builtin_cpu_is("amd") != 0);
    EXPECT_GE(cpu.max_leaf, 1U);
    EXPECT_GE(cpu.family, 6U);
    if (cpu.avx2) {
        EXPECT_GE(runtime::cpu_xsave_size(), 512U + 64 + 256);
    }
}

TEST(memory_cpu, asked_when_it_pays) {
    std::memset(static_cast<void*>(&cpu), 0, sizeof cpu);
    std::vector<char> a(1000, 'a');
    std::vector<char> b(1000);
    for (size_t moved = 0; moved < 64000; moved += 64)
        rt0_memcpy(b.data(), a.data(), 64);
    EXPECT_FALSE(cpu.known) << "calls that wide vectors cannot help do not count";
    for (size_t moved = 0; moved < runtime::cpu_patience + 1000; moved += 1000)
        rt0_memcpy(b.data(), a.data(), 1000);
    EXPECT_TRUE(cpu.known);
    EXPECT_EQ(b, a);
}

} // namespace
