"""docs/boot.md is true: the commands in its ```gdb blocks give the output that stands there.

The blocks are one session, typed into a gdb of its own. A line that begins with "(gdb) " is a command; the
lines up to the next one are its output. In those, … stands for any text, and as the whole line for any
number of lines. Blank lines and the spaces at a line's end do not count.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import gdb
from session import *

DOCUMENT = "docs/boot.md"


class Command:
    def __init__(self, text, number):
        self.text = text
        self.number = number
        self.output = []


def commands():
    found = []
    inside = False
    for number, line in enumerate(source_lines(DOCUMENT), 1):
        if line.startswith("```"):
            inside = line == "```gdb"
        elif inside and line.startswith("(gdb) "):
            found.append(Command(line[len("(gdb) "):], number))
        elif inside and line.strip():
            check(found, "%s:%d: output of no command" % (DOCUMENT, number))
            found[-1].output.append(line.rstrip())
    check(found, DOCUMENT + " has no transcript")
    return found


def matches(wanted, got):
    """Whether the lines are what the document says."""
    if not wanted:
        return not got
    if wanted[0] == "…":
        return any(matches(wanted[1:], got[i:]) for i in range(len(got) + 1))
    pattern = ".*".join(re.escape(part) for part in wanted[0].split("…"))
    return bool(got) and re.fullmatch(pattern, got[0]) is not None and matches(wanted[1:], got[1:])


def test():
    script = commands()
    answers = talk([], [command.text for command in script])
    for command, answer in zip(script, answers):
        check(matches(command.output, answer),
              "%s:%d: (gdb) %s\nThe document says:\n  %s\ngdb says:\n  %s" % (
                  DOCUMENT, command.number, command.text, "\n  ".join(command.output),
                  "\n  ".join(answer)))


run(test)
