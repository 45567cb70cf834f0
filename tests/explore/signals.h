// Signals, and functions that ask for stack, for models of preemption.
#pragma once

namespace machine {

/// At the beginning of each run.
void forget_signals();
/// What a function of the program begins with, where its stack has room: gives way where the guard
/// asks for that.
void prologue();

} // namespace machine
