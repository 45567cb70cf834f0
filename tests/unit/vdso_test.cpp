// Looking a function up in the vDSO: in the kernel's own, and in images made up here.
#include "os/vdso.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <linux/auxvec.h>
#include <linux/elf.h>

// <sys/auxv.h> includes an <elf.h> that does not go with <linux/elf.h>.
extern "C" unsigned long getauxval(unsigned long type) noexcept;

namespace runtime::os {
namespace {

uint32_t sysv_hash(const std::string& name) {
    // As the System V ABI's text defines it.
    uint32_t hash = 0;
    for (const char c : name) {
        hash = (hash << 4) + static_cast<unsigned char>(c);
        if (const uint32_t high = hash & 0xf0000000) {
            hash ^= high >> 24;
            hash &= ~high;
        }
    }
    return hash;
}

uint32_t gnu_hash(const std::string& name) {
    uint32_t hash = 5381;
    for (const char c : name) {
        hash = hash * 33 + static_cast<unsigned char>(c);
    }
    return hash;
}

struct symbol {
    std::string name;
    uint64_t value;
    uint16_t version; // index; 0 for none
    bool defined = true;
    unsigned char type = STT_FUNC;
};

enum class hashing { sysv, gnu, none };

// Builds an ELF image with a dynamic symbol table in memory.
class image_builder {
public:
    image_builder(std::vector<symbol> symbols, hashing kind, bool versions)
        : memory_(8192) {
        auto& header = at<Elf64_Ehdr>(0);
        std::memcpy(header.e_ident, ELFMAG, 4);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_phoff = sizeof(Elf64_Ehdr);
        header.e_phnum = 2;
        auto* const segments = &at<Elf64_Phdr>(header.e_phoff);
        segments[0].p_type = PT_LOAD;
        segments[0].p_vaddr = vaddr;
        segments[1].p_type = PT_DYNAMIC;
        end_ = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);

        std::string strings(1, '\0');
        const auto add_string = [&](const std::string& text) {
            const size_t offset = strings.size();
            strings += text;
            strings += '\0';
            return static_cast<uint32_t>(offset);
        };

        // The GNU table wants the hashed symbols sorted by bucket.
        constexpr uint32_t buckets = 3;
        if (kind == hashing::gnu) {
            std::sort(symbols.begin(), symbols.end(), [&](const symbol& a, const symbol& b) {
                return gnu_hash(a.name) % buckets < gnu_hash(b.name) % buckets;
            });
        }
        std::vector<Elf64_Sym> table(1);
        std::vector<uint16_t> numbers(1);
        for (const symbol& s : symbols) {
            Elf64_Sym entry{};
            entry.st_name = add_string(s.name);
            entry.st_info = static_cast<unsigned char>((STB_GLOBAL << 4) | s.type);
            entry.st_shndx = s.defined ? 5 : SHN_UNDEF;
            entry.st_value = vaddr + s.value;
            table.push_back(entry);
            numbers.push_back(s.version);
        }

        std::vector<uint32_t> hash;
        if (kind == hashing::sysv) {
            hash = {buckets, static_cast<uint32_t>(table.size())};
            hash.resize(2 + buckets + table.size());
            for (uint32_t i = 1; i < table.size(); ++i) {
                const uint32_t bucket = 2 + sysv_hash(symbols[i - 1].name) % buckets;
                hash[2 + buckets + i] = hash[bucket];
                hash[bucket] = i;
            }
        } else if (kind == hashing::gnu) {
            hash = {buckets, 1, 1, 5, 0xffffffff, 0xffffffff};
            hash.resize(6 + buckets);
            for (uint32_t i = 1; i < table.size(); ++i) {
                const uint32_t value = gnu_hash(symbols[i - 1].name);
                uint32_t& bucket = hash[6 + value % buckets];
                bucket = bucket == 0 ? i : bucket;
                const bool last =
                    i + 1 == table.size() || gnu_hash(symbols[i].name) % buckets != value % buckets;
                hash.push_back(last ? value | 1 : value & ~1U);
            }
        }

        // Two versions: the image's own name (base) and V_2.
        std::vector<uint32_t> definitions;
        const auto define = [&](uint16_t flags, uint16_t number, const std::string& name,
                                bool last) {
            const std::array<uint32_t, 7> words = {1U | (uint32_t{flags} << 16),
                                                   number | (1U << 16),
                                                   sysv_hash(name),
                                                   20,
                                                   last ? 0 : 28U,
                                                   add_string(name),
                                                   0};
            definitions.insert(definitions.end(), words.begin(), words.end());
        };
        define(1, 1, "image.so", false);
        define(0, 2, "V_2", false);
        define(0, 3, "V_3", true);

        const uint64_t symbols_at = append(table);
        const uint64_t hash_at = append(hash);
        const uint64_t numbers_at = append(numbers);
        const uint64_t definitions_at = append(definitions);
        const uint64_t strings_at = append(std::vector<char>(strings.begin(), strings.end()));
        std::vector<Elf64_Dyn> dynamic;
        const auto entry = [&](int64_t tag, uint64_t offset) {
            dynamic.push_back({.d_tag = tag, .d_un = {.d_ptr = vaddr + offset}});
        };
        entry(DT_STRTAB, strings_at);
        entry(DT_SYMTAB, symbols_at);
        if (kind == hashing::sysv) {
            entry(DT_HASH, hash_at);
        } else if (kind == hashing::gnu) {
            entry(0x6ffffef5, hash_at);
        }
        if (versions) {
            entry(0x6ffffff0, numbers_at);
            entry(0x6ffffffc, definitions_at);
        }
        dynamic.push_back({});
        at<Elf64_Phdr>(header.e_phoff + sizeof(Elf64_Phdr)).p_vaddr = vaddr + append(dynamic);
    }

    // The value of the symbol that is found, or -1.
    [[nodiscard]] int64_t find(const char* name, const char* version) const {
        const void* const found = vdso_lookup(memory_.data(), name, version);
        return found == nullptr ? -1 : static_cast<const char*>(found) - memory_.data();
    }

    template <class T>
    T& at(uint64_t offset) {
        return *reinterpret_cast<T*>(memory_.data() + offset);
    }

private:
    static constexpr uint64_t vaddr = 0x40000000;

    template <class T>
    uint64_t append(const std::vector<T>& data) {
        end_ = (end_ + 15) / 16 * 16;
        if (!data.empty()) { // which has no address, and memcpy wants one
            std::memcpy(memory_.data() + end_, data.data(), data.size() * sizeof(T));
        }
        const uint64_t where = end_;
        end_ += data.size() * sizeof(T);
        return where;
    }

    std::vector<char> memory_;
    uint64_t end_ = 0;
};

const std::vector<symbol> several = {
    {"alpha", 0x100, 2},
    {"beta", 0x200, 2},
    {"gamma", 0x300, 3},
    {"delta", 0x400, 0x8002},
    {"undefined", 0, 2, false},
    {"data", 0x500, 2, true, STT_OBJECT},
    {"alphabet", 0x600, 2},
    {"twice", 0x700, 2},
    {"twice", 0x800, 3},
    {"__vdso_time", 0x900, 2},
    {"", 0xa00, 2},
    {"alph", 0xb00, 2},
};

class VdsoImage : public testing::TestWithParam<hashing> {};

TEST_P(VdsoImage, FindsByNameAndVersion) {
    const image_builder image(several, GetParam(), true);
    EXPECT_EQ(image.find("alpha", "V_2"), 0x100);
    EXPECT_EQ(image.find("beta", "V_2"), 0x200);
    EXPECT_EQ(image.find("gamma", "V_3"), 0x300);
    EXPECT_EQ(image.find("delta", "V_2"), 0x400) << "the hidden bit is not part of the number";
    EXPECT_EQ(image.find("alphabet", "V_2"), 0x600);
    EXPECT_EQ(image.find("alph", "V_2"), 0xb00);
    EXPECT_EQ(image.find("twice", "V_2"), 0x700);
    EXPECT_EQ(image.find("twice", "V_3"), 0x800);
}

TEST_P(VdsoImage, DoesNotFindWhatIsNotThere) {
    const image_builder image(several, GetParam(), true);
    EXPECT_EQ(image.find("alpha", "V_3"), -1) << "another version";
    EXPECT_EQ(image.find("alpha", "V_4"), -1) << "no such version";
    EXPECT_EQ(image.find("alpha", "image.so"), -1) << "the base version is the file's name";
    EXPECT_EQ(image.find("alpha", ""), -1);
    EXPECT_EQ(image.find("alphabeta", "V_2"), -1);
    EXPECT_EQ(image.find("undefined", "V_2"), -1);
    EXPECT_EQ(image.find("data", "V_2"), -1) << "not a function";
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(image.find(("no" + std::to_string(i)).c_str(), "V_2"), -1);
    }
}

TEST_P(VdsoImage, WithoutVersionsTheNameIsEnough) {
    const image_builder image(several, GetParam(), false);
    EXPECT_EQ(image.find("alpha", "V_2"), 0x100);
    EXPECT_EQ(image.find("alpha", "whatever"), 0x100);
    EXPECT_EQ(image.find("missing", "V_2"), -1);
}

INSTANTIATE_TEST_SUITE_P(, VdsoImage, testing::Values(hashing::sysv, hashing::gnu),
                         [](const auto& kind) {
                             return kind.param == hashing::sysv ? "sysv" : "gnu";
                         });

TEST(Vdso, AnImageWithoutHashTableHasNothing) {
    const image_builder image(several, hashing::none, true);
    EXPECT_EQ(image.find("alpha", "V_2"), -1);
}

TEST(Vdso, WhatIsNoImageHasNothing) {
    image_builder wrong_magic(several, hashing::gnu, true);
    wrong_magic.at<char>(1) = 'X';
    EXPECT_EQ(wrong_magic.find("alpha", "V_2"), -1);
    image_builder wrong_class(several, hashing::gnu, true);
    wrong_class.at<char>(EI_CLASS) = ELFCLASS32;
    EXPECT_EQ(wrong_class.find("alpha", "V_2"), -1);
    image_builder no_segments(several, hashing::gnu, true);
    no_segments.at<Elf64_Ehdr>(0).e_phnum = 0;
    EXPECT_EQ(no_segments.find("alpha", "V_2"), -1);
    image_builder not_dynamic(several, hashing::gnu, true);
    not_dynamic.at<Elf64_Ehdr>(0).e_phnum = 1;
    EXPECT_EQ(not_dynamic.find("alpha", "V_2"), -1);
}

TEST(Vdso, TheKernelsOwn) {
    const auto* const ehdr = reinterpret_cast<const void*>(getauxval(AT_SYSINFO_EHDR));
    if (ehdr == nullptr) {
        GTEST_SKIP() << "this kernel has no vDSO";
    }
    const void* const found = vdso_lookup(ehdr, "__vdso_clock_gettime", "LINUX_2.6");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(vdso_lookup(ehdr, "__vdso_clock_gettime", "LINUX_9.9"), nullptr);
    EXPECT_EQ(vdso_lookup(ehdr, "__vdso_no_such_thing", "LINUX_2.6"), nullptr);

    vdso_init(ehdr);
    ::timespec before{};
    ::timespec after{};
    timespec ours{};
    ASSERT_EQ(::clock_gettime(CLOCK_MONOTONIC, &before), 0);
    ASSERT_EQ(fast_clock_gettime(CLOCK_MONOTONIC, &ours), 0);
    ASSERT_EQ(::clock_gettime(CLOCK_MONOTONIC, &after), 0);
    const auto nanoseconds = [](auto seconds, auto rest) { return seconds * 1'000'000'000 + rest; };
    EXPECT_LE(nanoseconds(before.tv_sec, before.tv_nsec),
              nanoseconds(ours.seconds, ours.nanoseconds));
    EXPECT_LE(nanoseconds(ours.seconds, ours.nanoseconds),
              nanoseconds(after.tv_sec, after.tv_nsec));
    EXPECT_LT(fast_clock_gettime(9999, &ours), 0) << "no such clock";
    vdso_init(nullptr);
}

} // namespace
} // namespace runtime::os
