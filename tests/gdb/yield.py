"""A yield that switches executes no more instructions than docs/scheduler.md says, and none of them is locked."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *


def test():
    quietly()
    most = limit("docs/scheduler.md", r"A yield with one p executes (\d+) instructions")
    gdb.Breakpoint("give_way", temporary=True)
    gdb.execute("run")
    # Behind the first, which begins the other goroutine.
    breakpoint = gdb.Breakpoint("runtime::gosched")
    for _ in range(4):
        gdb.execute("continue")
        check(alive() and gdb.newest_frame().name() == "runtime::gosched" or
              "gosched" in gdb.execute("bt 2", to_string=True), "never came to gosched")
    breakpoint.delete()
    counts = []
    for _ in range(3):
        steps = 0
        while True:
            text = instruction()
            check("lock " not in text, "a locked instruction: " + text)
            leaves = "runtime.gogo" in text and re.search(r":\s+ret", text)
            gdb.execute("stepi")
            steps += 1
            if leaves:
                break
        counts.append(steps)
        # To the next: the other goroutine calls gosched.
        while "gosched" not in instruction():
            gdb.execute("stepi")
    say("%s instructions, at most %d" % (counts, most))
    check(max(counts) <= most, "a yield executes %d instructions" % max(counts))


run(test)
