// Switching between goroutines in programs whose goroutines have stacks that grow (rt0::split): the same, and
// fs:TCB_STACK_GUARD goes with the goroutine.
#define SPLIT_STACKS
#include "arch/amd64/switch.S"
