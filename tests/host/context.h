// Coroutines of the host's: a context is a stack, and on it the registers that a function keeps for
// its caller.
#pragma once

namespace host {

extern "C" {
/// Saves the callee-saved registers on this stack, where *from points then, and goes on on another.
void host_switch(void** from, void* to);
}
/// What host_switch takes to begin with entry on a stack that ends at top, a multiple of 16. entry
/// does not return.
void* fresh_context(void* top, void (*entry)());

} // namespace host
