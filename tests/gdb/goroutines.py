"""Backtraces inside and between goroutines end where each goroutine began."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *

def stop_at(name):
    breakpoint = gdb.Breakpoint(name, temporary=True)
    gdb.execute("run" if not alive() else "continue")
    check(alive() and not breakpoint.is_valid(), "never came to " + name)


def test():
    stop_at("main")
    text, names = backtrace()
    check(names == ["main", "runtime.main", "runtime.goexit"], "in main:\n" + text)

    stop_at("in_second_goroutine")
    text, names = backtrace()
    check([name.split("::")[-1] for name in names] ==
          ["in_second_goroutine", "parks", "runtime.goexit"], "in another goroutine:\n" + text)
    check(int(gdb.parse_and_eval("(*(runtime::g**)($fs_base + 0x10))->goid")) == 2,
          "the g at fs:0x10 is not the second goroutine's")

    # Its end, on its own stack.
    stop_at("runtime.goexit1")
    text, names = backtrace()
    check(names == ["runtime.goexit1", "runtime.goexit"], "at the end of a goroutine:\n" + text)

    # Main parks: it has left its stack, and on g0's nobody called mcall.
    stop_at("park_on_g0")
    text, names = backtrace()
    check(names[0].endswith("park_on_g0") and names[-1] == "runtime.mcall", "on g0:\n" + text)

    gdb.execute("continue")
    check(not alive() and exit_code() == 0, "the program did not end with status 0")


run(test)
