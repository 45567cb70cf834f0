// Reading one's own ELF image and relocating it, on images made up here.
#include "base/elf.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace runtime {
namespace {

constexpr uint64_t r_relative = 8;
constexpr uint64_t r_irelative = 37;
constexpr uint64_t r_glob_dat = 6;

Elf64_Rela rela(uint64_t offset, uint64_t type, int64_t addend) {
    return {offset, type, addend};
}

// An image whose addresses in the file are offsets into words, so that its bias is where words
// lies.
struct relocatable {
    std::array<uint64_t, 256> words{};

    [[nodiscard]] uintptr_t bias() const { return reinterpret_cast<uintptr_t>(words.data()); }
};

TEST(Relocate, RelativeAddsTheBiasToTheAddend) {
    relocatable image;
    const std::vector<Elf64_Rela> table = {rela(0, r_relative, 0x40), rela(24, r_relative, -8),
                                           rela(8, 0, 5)};
    const relocation_tables tables{
        table.data(), table.size() * sizeof(Elf64_Rela), nullptr, 0, nullptr, 0};
    EXPECT_TRUE(apply_relative(tables, image.bias()));
    EXPECT_EQ(image.words[0], image.bias() + 0x40);
    EXPECT_EQ(image.words[3], image.bias() - 8);
    EXPECT_EQ(image.words[1], 0U) << "R_X86_64_NONE does nothing";
    EXPECT_EQ(image.words[2], 0U);
}

TEST(Relocate, RefusesWhatNeedsADynamicLinker) {
    const relocatable image;
    const Elf64_Rela symbol = rela(0, r_glob_dat, 0);
    EXPECT_FALSE(apply_relative({&symbol, sizeof symbol, nullptr, 0, nullptr, 0}, image.bias()));
}

TEST(Relocate, RelativeLeavesIrelativeAlone) {
    relocatable image;
    const Elf64_Rela later = rela(0, r_irelative, 0x1000);
    EXPECT_TRUE(apply_relative({&later, sizeof later, nullptr, 0, nullptr, 0}, image.bias()));
    EXPECT_EQ(image.words[0], 0U);
}

TEST(Relocate, RelrAddressesAndBitmaps) {
    relocatable image;
    for (uint64_t i = 0; i < image.words.size(); ++i) {
        image.words[i] = i;
    }
    // Word 2; then of the 63 after it the 1st, 3rd and 63rd; then of the next 63 the 1st; word 200.
    const std::vector<uint64_t> table = {
        2 * 8,
        1 | (uint64_t{1} << 1) | (uint64_t{1} << 3) | (uint64_t{1} << 63),
        1 | (uint64_t{1} << 1),
        200 * 8,
    };
    EXPECT_TRUE(
        apply_relative({nullptr, 0, table.data(), table.size() * 8, nullptr, 0}, image.bias()));
    for (uint64_t i = 0; i < image.words.size(); ++i) {
        const bool relocated = i == 2 || i == 3 || i == 5 || i == 65 || i == 66 || i == 200;
        EXPECT_EQ(image.words[i], relocated ? i + image.bias() : i) << "word " << i;
    }
}

TEST(Relocate, EmptyTables) {
    EXPECT_TRUE(apply_relative({}, 0x1000));
    apply_irelative(nullptr, nullptr, 0x1000);
}

uint64_t resolver() {
    return 0xfeed;
}

TEST(Relocate, IrelativeStoresWhatTheResolverReturns) {
    relocatable image;
    const auto function = reinterpret_cast<uint64_t>(&resolver);
    const std::array<Elf64_Rela, 3> table = {
        rela(16, r_irelative, static_cast<int64_t>(function - image.bias())),
        rela(0, r_relative, 7),
        rela(32, r_irelative, static_cast<int64_t>(function - image.bias())),
    };
    apply_irelative(table.data(), table.data() + table.size(), image.bias());
    EXPECT_EQ(image.words[2], 0xfeedU);
    EXPECT_EQ(image.words[4], 0xfeedU);
    EXPECT_EQ(image.words[0], 0U) << "the others were done before";
}

// An ELF header with program headers behind it.
struct headers {
    Elf64_Ehdr ehdr{};
    std::array<Elf64_Phdr, 6> phdr{};

    headers() { ehdr.e_phoff = offsetof(headers, phdr); }

    void add(uint32_t type, uint64_t offset, uint64_t vaddr) {
        Elf64_Phdr& added = phdr[ehdr.e_phnum++];
        added.p_type = type;
        added.p_offset = offset;
        added.p_vaddr = vaddr;
    }
};

TEST(Image, FixedAddressHasNoBias) {
    headers file;
    const auto address = reinterpret_cast<uint64_t>(&file);
    file.add(PT_LOAD, 0, address);
    file.add(PT_LOAD, 0x1000, address + 0x1000);
    const elf_image image = read_image(&file.ehdr);
    EXPECT_EQ(image.bias, 0U);
    EXPECT_EQ(image.dynamic, nullptr);
    EXPECT_EQ(image.tls, nullptr);
    EXPECT_FALSE(image.has_interpreter);
}

TEST(Image, BiasComesFromTheSegmentThatHoldsTheHeader) {
    headers file;
    file.add(PT_LOAD, 0x1000, 0x9000);
    file.add(PT_LOAD, 0, 0x2000);
    file.add(PT_DYNAMIC, 0x3000, 0x5000);
    file.add(PT_TLS, 0, 0x6000);
    file.add(PT_GNU_RELRO, 0, 0x7000);
    const elf_image image = read_image(&file.ehdr);
    EXPECT_EQ(image.bias, reinterpret_cast<uintptr_t>(&file) - 0x2000);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(image.dynamic), image.bias + 0x5000);
    EXPECT_EQ(image.tls, &file.phdr[3]);
    EXPECT_EQ(image.relro, &file.phdr[4]);
}

TEST(Image, InterpreterIsSeen) {
    headers file;
    file.add(PT_LOAD, 0, 0);
    file.add(PT_INTERP, 0x100, 0x100);
    EXPECT_TRUE(read_image(&file.ehdr).has_interpreter);
}

TEST(Image, DynamicSectionTellsTheTables) {
    const std::array<Elf64_Dyn, 8> dynamic = {{
        {.d_tag = DT_RELA, .d_un = {.d_ptr = 0x100}},
        {.d_tag = DT_RELASZ, .d_un = {.d_val = 48}},
        {.d_tag = 36, .d_un = {.d_ptr = 0x200}},
        {.d_tag = 35, .d_un = {.d_val = 16}},
        {.d_tag = DT_JMPREL, .d_un = {.d_ptr = 0x300}},
        {.d_tag = DT_PLTRELSZ, .d_un = {.d_val = 24}},
        {.d_tag = DT_NULL, .d_un = {.d_val = 0}},
        {.d_tag = DT_RELASZ, .d_un = {.d_val = 999}}, // behind the end
    }};
    elf_image image{};
    image.bias = 0x10000;
    image.dynamic = dynamic.data();
    const relocation_tables tables = read_relocations(image);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tables.rela), 0x10100U);
    EXPECT_EQ(tables.rela_size, 48U);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tables.relr), 0x10200U);
    EXPECT_EQ(tables.relr_size, 16U);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tables.plt), 0x10300U);
    EXPECT_EQ(tables.plt_size, 24U);
    EXPECT_EQ(read_relocations({}).rela, nullptr);
}

} // namespace
} // namespace runtime
