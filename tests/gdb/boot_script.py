"""tools/gdb/boot.gdb stops at each step of the boot, in order, and says what each is. Twice: a second run
is as good as the first.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *

SCRIPT = "tools/gdb/boot.gdb"


def notes():
    """What the script says, by the place where it says it."""
    places = {}
    place = None
    for line in source_lines(SCRIPT):
        word = line.split(" ")
        if word[0] == "break":
            place = word[1]
            places[place] = []
        elif place and line.startswith("    echo "):
            places[place].append(line[len("    echo "):].replace("\\n", ""))
    return places


def test():
    expected = notes()
    abort = expected.pop("runtime.abort")
    check(len(expected) == 17 and abort, "the script does not stop at the steps of the boot")
    steps = ["continue"] * len(expected)
    answers = talk(["-x", os.path.join(ROOT, SCRIPT)], (["run"] + steps) * 2)
    for place, answer in zip(list(expected) + ["exit"] + list(expected) + ["exit"], answers):
        text = "\n".join(answer)
        if place == "exit":
            check("exited normally" in text, "hello does not end after main:\n" + text)
        else:
            check(re.search(r"^Breakpoint \d+, %s \(" % place, text, re.MULTILINE),
                  "no stop at %s, but:\n%s" % (place, text))
            check(answer[-len(expected[place]):] == expected[place] and expected[place],
                  "nothing is said at %s:\n%s" % (place, text))


run(test)
