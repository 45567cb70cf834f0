"""runtime.debugCallV1 refuses a call as Go's protocol says, and the program does not notice.

The debugger's part: push the pc, write the size of the argument frame below it, go to debugCallV1. The
runtime answers with int3 and a number in rax: 8, the call is refused, and the reason is a string at the
stack pointer; then 16, the debugger restores every register but rip and rsp and lets it go.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *

REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12",
             "r13", "r14", "r15", "rip"]
FLAGS = "eflags"
VECTORS = ["xmm%d" % i for i in range(16)]

stops = []


def register(name):
    return int(gdb.parse_and_eval("(unsigned long)$%s" % name)) & (1 << 64) - 1


def set_register(name, value):
    gdb.execute("set var $%s = %d" % (name, value))


def state():
    values = {name: register(name) for name in REGISTERS}
    values[FLAGS] = str(gdb.parse_and_eval("$" + FLAGS))
    for name in VECTORS:
        values[name] = str(gdb.parse_and_eval("$%s.uint128" % name))
    return values


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")


def trapped(where, rip):
    """Continues to the next int3, in a call from rip."""
    stops.clear()
    gdb.execute("continue")
    # gdb has no event of its own for a SIGTRAP that no breakpoint of it caused.
    check(alive() and stops == [gdb.StopEvent], "no int3 where the call is %s" % where)
    frame = gdb.newest_frame()
    check(frame.name() == "runtime.debugCallV1", "trapped in %s" % frame.name())
    # Its caller is the instruction that was interrupted, and that is no return address: the frame's pc is
    # right, but where the instruction is a function's first, its name is the function's before it.
    check(frame.older().pc() == rip, "the call does not come from %#x" % rip)


def inject(name):
    """Stops at name and has a call refused there."""
    place = gdb.Breakpoint(name, temporary=True)
    gdb.execute("continue" if alive() else "run")
    check(alive() and not place.is_valid(), "never came to " + name)
    before = state()

    memory = gdb.selected_inferior()
    memory.write_memory(before["rsp"] - 16, (64).to_bytes(8, "little"))
    memory.write_memory(before["rsp"] - 8, before["rip"].to_bytes(8, "little"))
    set_register("rsp", before["rsp"] - 8)
    set_register("rip", int(gdb.parse_and_eval("(unsigned long)&'runtime.debugCallV1'")))

    trapped("refused", before["rip"])
    check(register("rax") == 8, "rax is %d, where 8 is a refusal" % register("rax"))
    sp = register("rsp")
    reason = bytes(memory.read_memory(word(sp), word(sp + 8)))
    check(reason == b"call not at safe point", "refused because of %s" % reason)

    trapped("over", before["rip"])
    check(register("rax") == 16, "rax is %d, where 16 is the end" % register("rax"))
    for changed in REGISTERS:
        if changed not in ("rip", "rsp"):
            set_register(changed, before[changed])
    back = gdb.Breakpoint("*%#x" % before["rip"], temporary=True)
    gdb.execute("continue")
    check(alive() and not back.is_valid(), "the program did not go on at " + name)
    after = state()
    for changed in before:
        check(after[changed] == before[changed], "%s at %s: %s, was %s" % (
            changed, name, after[changed], before[changed]))


def test():
    gdb.events.stop.connect(lambda event: stops.append(type(event)))
    inject("runtime.schedinit")
    inject("runtime.schedule")
    inject("main")
    gdb.execute("continue")
    check(not alive() and exit_code() == 0, "the program did not end with status 0")


run(test)
