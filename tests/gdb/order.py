"""The boot's functions are reached in Go's order, each stop shows the right line, each backtrace is right.

The functions are named as one types them; nothing else stops in between, and runtime.abort never.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *

START = "arch/amd64/rt0_linux.S"
SWITCH = "arch/amd64/switch.S"
PROC = "src/runtime/sched/proc.cpp"

BOOT = ["runtime.rt0_go"]
LOOP = ["runtime.schedule", "runtime.mstart1", "runtime.mstart"]

# The name to break at, the file, the function's name in it, and who stands behind it.
STOPS = [
    ("_rt0_amd64_linux", START, "_rt0_amd64_linux", []),
    ("_rt0_amd64", START, "_rt0_amd64", []),
    ("runtime.rt0_go", START, "runtime.rt0_go", []),
    ("runtime.relocate", "src/runtime/boot/relocate.cpp", "relocate", BOOT),
    ("runtime.settls", "src/runtime/mem/tls.cpp", "settls", BOOT),
    ("runtime.irelocate", "src/runtime/boot/relocate.cpp", "irelocate", BOOT),
    ("runtime.check", "src/runtime/boot/check.cpp", "check", BOOT),
    ("runtime.args", "src/runtime/boot/args.cpp", "args", BOOT),
    ("runtime.osinit", "src/runtime/boot/osinit.cpp", "osinit", BOOT),
    ("runtime.schedinit", "src/runtime/boot/schedinit.cpp", "schedinit", BOOT),
    ("runtime.newproc", PROC, "newproc", BOOT),
    ("runtime.mstart", START, "runtime.mstart", []),
    ("runtime.schedule", PROC, "schedule", LOOP[1:]),
    ("runtime.execute", PROC, "execute", LOOP),
    ("runtime.gogo", SWITCH, "runtime.gogo", []),
    ("runtime.main", "src/runtime/boot/main.cpp", "main_goroutine", ["runtime.goexit"]),
    ("main", "examples/hello.cpp", "main", ["runtime.main", "runtime.goexit"]),
]


def address(name):
    return re.search(r"0x[0-9a-f]+", gdb.execute("info address " + name, to_string=True)).group()


def test():
    for name, _, _, _ in STOPS + [("runtime.abort", START, "", [])]:
        text = gdb.execute("break " + name, to_string=True)
        check("locations" not in text, "more than one place is called %s: %s" % (name, text))
    check(address("rt0_go") == address("runtime.rt0_go"), "rt0_go and runtime.rt0_go are two places")

    gdb.execute("run")
    for name, path, function, callers in STOPS:
        check(alive(), "the program ended before %s" % name)
        frame = gdb.newest_frame()
        check(frame.name() == name, "at %s instead of %s" % (frame.name(), name))
        where = frame.find_sal()
        check(where.symtab is not None and where.symtab.filename.endswith(path),
              "%s is shown in %s instead of %s" % (name, where.symtab, path))
        check(where.line in first_lines(path, function),
              "%s is shown at line %d instead of %d" % (name, where.line,
                                                        first_lines(path, function)[0]))
        text, names = backtrace()
        check(names == [name] + callers, "the backtrace at %s:\n%s" % (name, text))
        while frame.older() is not None:
            frame = frame.older()
        check(ends_cleanly(frame), "the backtrace at %s ends by chance:\n%s" % (name, text))
        gdb.execute("continue")
    check(not alive() and exit_code() == 0, "hello did not end with status 0 after main")


run(test)
