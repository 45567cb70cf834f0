// What the simulated program finds below it beside the runtime's own interface.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace simulate {

// What the compiler puts where a function begins: the goroutine gives way here where its stack's
// guard asks for it.
void prologue();

// Another segment of the current goroutine's stack, as a deep call gets it: kept until it ends.
void grow_stack(std::size_t bytes);

// Two descriptors, one to read from and one to write to.
std::array<int, 2> make_pipe();
// A goroutine sleeps in the kernel.
void sleep_in_the_kernel(std::int64_t nanoseconds);

// The program's only right end is a fatal error with that text.
void expect_fatal(std::string_view text);
// What was last written on stderr.
std::string_view last_said();

// main is goroutine 1's, and its return the end of the run.
void boot(std::uint32_t procs, void (*main)());

} // namespace simulate
