"""A backtrace at every instruction of a program, from the entry point to the exit.

A call adds its return address in front of the callers that were there, a return takes one away, any other
instruction leaves them alone, and the registers of the first caller too. So each instruction's callers are
checked against those of the one before it. What mcall puts aside, gogo must bring back: the callers and
registers that a goroutine had when it left its stack are those that it has when it goes on. This finds
what a look at a few places does not: a push without its CFI shows for one instruction.

In the two assembly files each instruction must be shown at its own source line, and each that can be
reached must have been reached.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *

ASSEMBLY = ["arch/amd64/rt0_linux.S", "arch/amd64/switch.S"]
ROOTS = {"_rt0_amd64_linux", "_rt0_amd64", "runtime.rt0_go", "runtime.mstart", "runtime.mcall",
         "runtime.gogo", "runtime.goexit"}
# What stands behind calls that do not return, and the byte of goexit that is there to be looked up.
UNREACHED = re.compile(r"\b(ud2|nop)\b|runtime\.abort$|runtime\.debugCallV1\(")


# What a function gives back as it found it.
KEPT = ["rsp", "rbp", "rbx", "r12", "r13", "r14", "r15"]


def kept(frame):
    return [int(frame.read_register(name)) for name in KEPT]


class Stop:
    def __init__(self):
        frame = gdb.newest_frame()
        self.pc = frame.pc()
        self.name = frame.name()
        self.registers = kept(frame)
        where = gdb.find_pc_line(self.pc)
        self.file = where.symtab.filename if where.symtab else ""
        self.line = where.line
        stack = []
        while frame is not None:
            # Inlined functions and tail calls are frames to show; they have none on the stack.
            if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                stack.append(frame)
            last = frame
            frame = frame.older()
        self.callers = [frame.pc() for frame in stack[1:]]
        self.caller_registers = kept(stack[1]) if self.callers else None
        self.root = last.name()
        self.clean = ends_cleanly(last)

    def kind(self):
        """call, ret or nothing of the kind."""
        code = bytes(gdb.selected_inferior().read_memory(self.pc, 4))
        if code[0] in b"\x66\xf2\xf3":
            code = code[1:]
        if 0x40 <= code[0] <= 0x4f:
            code = code[1:]
        if code[0] == 0xe8 or (code[0] == 0xff and code[1] >> 3 & 7 == 2):
            return "call"
        return "ret" if code[0] == 0xc3 else ""

    def __str__(self):
        return "%#x in %s (%s:%d)" % (self.pc, self.name, self.file, self.line)


def reachable(path):
    """The lines of an assembly file that hold an instruction which a program executes."""
    lines = set()
    function = ""
    elsewhere = False  # gogo's ways that are not taken here, and vdso_call's
    macro = False  # the line that has it used is the instructions'
    for number, line in enumerate(source_lines(path), 1):
        macro = ".macro" in line or (macro and ".endm" not in line)
        if macro:
            continue
        elsewhere = line.startswith((".Lpreempted:", ".Lin_segment:")) or (elsewhere and ".cfi_endproc" not in line)
        if elsewhere:
            continue
        label = re.match(r"([\w.]+):", line)
        if label and not label[1].startswith(".L"):
            function = label[1]
        code = line.split("//")[0].rstrip()
        if not re.match(r"\s+[a-z]", code) or function in ("runtime.abort", "runtime.debugCallV1",
                                                           "runtime.systemstack", "runtime.switch_to_as_owner"):
            continue
        if not UNREACHED.search(code):
            lines.add(number)
    if path.endswith("rt0_linux.S"):
        # The ret behind debugCallV1's address, at the end of rt0_go.
        text = source_lines(path)
        lines -= {n for n in lines if "debugCallV1" in text[n - 2]}
    return lines


def check_callers(before, now, kind, put_aside):
    sp = now.registers[0]
    if before.name in ("runtime.mcall", "runtime.switch_to") and not now.callers and kind != "ret":
        if before.callers:
            put_aside[before.registers[0]] = (before.callers, before.caller_registers)
    elif before.name == "runtime.gogo" and abs(sp - before.registers[0]) > 8:
        if sp in put_aside:
            check(put_aside.pop(sp) == (now.callers, now.caller_registers),
                  "a goroutine comes back to other callers")
        else:
            check(now.callers == [], "a goroutine that begins has callers")
    elif before.name == "runtime.rt0_go" and now.name == "runtime.mstart":
        check(now.callers == [], "the boot is behind mstart")
    elif before.name == "runtime.goexit" and now.name == "runtime.goexit1":
        check(len(now.callers) == 1 and now.root == "runtime.goexit", "goexit is not behind goexit1")
    elif before.name == "runtime::continue_with" and now.name == "runtime.gogo":
        check(now.callers == [], "what has ended is behind gogo")
    elif kind == "call":
        check(now.callers[1:] == before.callers, "a call changed the callers")
        check(0 < now.callers[0] - before.pc < 16, "a call's caller is not behind the call")
        check(now.caller_registers == before.registers, "a call changed the caller's registers")
    elif kind == "ret":
        check([now.pc] + now.callers == before.callers, "a return changed the callers")
        check(now.registers == before.caller_registers, "a return changed the caller's registers")
    else:
        check(now.callers == before.callers, "the callers changed without a call")
        check(now.caller_registers == before.caller_registers,
              "the caller's registers (%s) changed without a call:\n%s\n%s" % (
                  ", ".join(KEPT), before.caller_registers, now.caller_registers))


def test():
    # Thousands of stops: nobody wants to read them.
    gdb.execute("set logging file /dev/null")
    gdb.execute("set logging redirect on")
    gdb.execute("set logging enabled on", to_string=True)
    gdb.execute("starti")
    wanted = {path: reachable(path) for path in ASSEMBLY}
    put_aside = {}
    before = None
    steps = 0
    while alive():
        now = Stop()
        check(now.name is not None, "no function at %#x, after %s" % (now.pc, before))
        check(now.clean and now.root in ROOTS,
              "the backtrace does not end as it should, but in %s: %s" % (now.root, now))
        if before is not None:
            try:
                check_callers(before, now, kind, put_aside)
            except Failure as failure:
                raise Failure("%s:\nfrom %s\n  to %s\n%s" % (
                    failure, before, now, gdb.execute("bt", to_string=True)))
        for path in ASSEMBLY:
            if now.file.endswith(path):
                wanted[path].discard(now.line)
        kind = now.kind()
        before = now
        gdb.execute("stepi")
        steps += 1
    check(exit_code() == 0, "the program did not end with status 0")
    for path in ASSEMBLY:
        check(not wanted[path], "never stopped at line %s of %s" % (sorted(wanted[path]), path))
    say("%d instructions" % steps)


run(test)
