"""A send to a receiver that waits on the same p executes no more instructions than docs/channels.md says, and none of them
is locked."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *


def test():
    quietly()
    gdb.Breakpoint("owned", temporary=True)
    gdb.execute("run")
    # Behind a look at the global queue.
    gdb.Breakpoint("send_one")
    counts = []
    most = limit("docs/channels.md", r"A send executes (\d+) instructions")
    for _ in range(3):
        gdb.execute("continue")
        check(alive() and "send_one" in gdb.execute("bt 1", to_string=True), "never came to a send")
        back = gdb.newest_frame().older().pc()
        steps = 0
        while gdb.newest_frame().pc() != back:
            text = instruction()
            check("lock " not in text, "a locked instruction: " + text)
            if os.environ.get("RT0_SHOW"):
                say(text)
            gdb.execute("stepi")
            steps += 1
        counts.append(steps)
    say("%s instructions, at most %d" % (counts, most))
    check(max(counts) <= most, "a send executes %d instructions" % max(counts))


run(test)
