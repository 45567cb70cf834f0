// Code that is compiled without -fsplit-stack and does not ask for stack.
#pragma once

#include <cstddef>

// Stands on that many bytes of stack, all of them in use at the same time; whether they were left
// alone.
bool take_stack(std::size_t bytes);

// Without end.
void overflow_stack();

// Calls f, which may ask for stack, from code that does not.
void call_from_plain_code(void (*f)(void* argument), void* argument);
