// From the kernel to main: signatures, order, alignment, relocations, thread-local storage.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <span>

#include <elf.h>

#include "driver/programs.h"

namespace {

using driver::expect_end;
using driver::expect_signal;
using driver::options;
using driver::result;

class start : public driver::programs {};

TEST_P(start, main_has_every_standard_signature) {
    expect_end(run("main_void", {"ignored"}), 0, "no arguments\n");
    expect_end(run("main_args", {"one"}), 0, "2 one true\n");
    options how;
    how.args = {"one"};
    how.env = {"NAME=value"};
    expect_end(run("main_env", how), 3, "2 one NAME=value true\ntrue\n");
}

TEST_P(start, main_in_c) {
    options how;
    how.args = {"argument"};
    how.env = {"NAME=value"};
    expect_end(run("main_c", how), 42, "");
}

TEST_P(start, order) {
    options how;
    how.args = {"argument"};
    how.env = {"NAME=value"};
    expect_end(run("order", how), 0,
               "preinit 2 argument NAME=value\n"
               "constructor 101 2 argument NAME=value\n"
               "constructor 102\n"
               "constructs early\n"
               "constructs one\n"
               "constructs two\n"
               "main\n"
               "constructs local\n"
               "constructs thread_local\n"
               "main ends\n"
               "destroys thread_local\n"
               "atexit\n"
               "destroys local\n"
               "destroys two\n"
               "destroys one\n"
               "destroys early\n"
               "destructor 102\n"
               "destructor 101\n");
}

TEST_P(start, the_stack_is_aligned_everywhere) {
    const std::string before = "preinit: 0\n";
    const std::string lines = "global: 0\n"
                              "main: 0\n"
                              "local: 0\n"
                              "thread_local: 0\n"
                              "goroutine: 0\n"
                              "goroutine, after a switch: 0\n"
                              "main, after a switch: 0\n";
    const std::string after = "thread_local: 0\natexit: 0\nlocal: 0\nglobal: 0\ndestructor: 0\n";
    // The compilers disagree about the order of constructors.
    const auto without_constructor = [](std::string text) {
        const std::string line = "constructor: 0\n";
        const size_t at = text.find("\n" + line);
        return at == std::string::npos ? text + "no constructor" : text.erase(at + 1, line.size());
    };
    result end = run("alignment");
    end.out = without_constructor(end.out);
    expect_end(end, 0, before + lines + after);
    end = run("alignment", {"quick"});
    end.out = without_constructor(end.out);
    expect_end(end, 0, before + lines + "at_quick_exit: 0\n");
}

TEST_P(start, thread_locals_in_the_static_block) {
    // The first use of one that has a constructor constructs all of the file.
    expect_end(run("tls_small"), 0, "constructor\n42 texts 0 42\n43 1\ndestructor 8\n");
}

TEST_P(start, thread_locals_with_strict_alignment) {
    expect_end(run("tls_aligned"), 0, "o line page 0\n0 0 0\no page\n");
}

TEST_P(start, large_thread_locals) {
    expect_end(run("tls_large"), 0, "6 99\n6 2 99\n");
}

TEST_P(start, canary) {
    std::set<std::string> seen;
    for (int i = 0; i < 5; ++i) {
        const result end = run("canary");
        EXPECT_EQ(end.status, 0);
        ASSERT_EQ(end.out.size(), 17U) << describe(end);
        EXPECT_EQ(end.out.substr(14), "00\n");
        EXPECT_NE(end.out, "0000000000000000\n");
        seen.insert(end.out);
    }
    EXPECT_EQ(seen.size(), 5U) << "not random";
}

TEST_P(start, indirect_functions) {
    expect_end(run("ifunc"), 0, "true true 42 42 42 4950\n");
}

TEST_P(start, initialised_pointers) {
    expect_end(run("relocated"), 0, "300 600 odd 4\n");
}

TEST_P(start, relro_is_read_only) {
    expect_signal(run("relro"), SIGSEGV, "writes\n");
    expect_end(run("no_relro"), 0, "writes\nhas written 2\n");
}

RUN_STATIC_AND_PIE(start);

#ifdef HAVE_PACKED_RELOCATIONS
TEST(packed_relocations, run) {
    const std::string path = std::string(PROGRAMS_DIR) + "/pie/packed";
    expect_end(driver::run(path), 0, "300 600 odd 4\n");

    // And it has them: 300 nodes of three pointers each are not in the other table any more.
    std::ifstream file(path, std::ios::binary);
    const std::string image{std::istreambuf_iterator<char>(file), {}};
    Elf64_Ehdr header{};
    ASSERT_GE(image.size(), sizeof header);
    std::memcpy(&header, image.data(), sizeof header);
    uint64_t relr_size = 0;
    for (int i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        std::memcpy(&segment,
                    image.data() + header.e_phoff + static_cast<size_t>(i) * sizeof segment,
                    sizeof segment);
        if (segment.p_type != PT_DYNAMIC) {
            continue;
        }
        for (uint64_t at = 0; at < segment.p_filesz; at += sizeof(Elf64_Dyn)) {
            Elf64_Dyn entry{};
            std::memcpy(&entry, image.data() + segment.p_offset + at, sizeof entry);
            if (entry.d_tag == 35) { // DT_RELRSZ
                relr_size = entry.d_un.d_val;
            }
        }
    }
    EXPECT_GT(relr_size, 100U);
}
#endif

} // namespace
