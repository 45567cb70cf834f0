"""tools/gdb/boot.gdb stops at each step of the boot, in order, and says what each is. Twice: a second run
is as good as the first. What it says to look at can be looked at.
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


def hints(note):
    """The commands that a note asks its reader to type."""
    return [command for line in note if line.startswith("Look: ")
            for command in line[len("Look: "):].split("    ")]


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

    # Through Python, because it says of an error that it is one.
    session = ["run"]
    for note in expected.values():
        session += ["python gdb.execute(%r)" % command for command in hints(note)] + ["continue"]
    check(len(session) > 40, "the script says nothing to look at")
    answers = talk(["-x", os.path.join(ROOT, SCRIPT)], session)
    for command, answer in zip(session, answers):
        text = "\n".join(answer)
        check("Error while executing Python code" not in text, "%s:\n%s" % (command, text))
    check("exited normally" in text, "hello does not end after what there is to look at:\n" + text)


run(test)
