"""What the gdb sessions share. Each is a script for `gdb -nx -batch -x SCRIPT PROGRAM`.

Python is there because gdb has it built in; nothing else here needs it.
"""

import os
import re
import subprocess
import sys
import traceback

import gdb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PROGRAM = gdb.current_progspace().filename
GDB = os.readlink("/proc/self/exe")


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def say(text):
    # Not gdb's own output: a session may have sent that elsewhere.
    os.write(2, (text + "\n").encode())


def run(test):
    """Runs a session and leaves gdb with its verdict: whatever goes wrong, the status is not 0."""
    status = 1
    try:
        check(PROGRAM, "usage: gdb -nx -batch -x SCRIPT PROGRAM")
        for setting in ("width 0", "height 0", "confirm off", "debuginfod enabled off"):
            gdb.execute("set " + setting)
        # gdb's own habit is to stop at main; what lies behind it is what we look at.
        gdb.execute("set backtrace past-main on")
        # The fewer variables, the fewer steps, and the same on every machine.
        gdb.execute("unset environment")
        test()
        status = 0
    except Failure as failure:
        say("FAILED: %s" % failure)
    except BaseException:
        say(traceback.format_exc())
    sys.stdout.flush()
    gdb.execute("quit %d" % status)


def quietly():
    """What gdb prints at each stop goes nowhere."""
    gdb.execute("set logging file /dev/null")
    gdb.execute("set logging redirect on")
    gdb.execute("set logging enabled on", to_string=True)


def limit(path, pattern):
    """The number that a page of ours states."""
    found = re.search(pattern, "\n".join(source_lines(path)))
    check(found, "%s does not say %s" % (path, pattern))
    return int(found[1])


def instruction():
    return gdb.execute("x/i $pc", to_string=True).strip()


def alive():
    return gdb.selected_inferior().pid != 0


def exit_code():
    """What the program ended with; None where it did not end by itself."""
    return gdb.convenience_variable("_exitcode")


def source_lines(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read().split("\n")


def first_lines(path, name):
    """The lines at which a stop at the function's start may be shown: its first statement, or its
    head where the compiler has put something of the prologue in front."""
    lines = source_lines(path)
    if path.endswith(".S"):
        label = lines.index(name + ":")
        return [next(i + 1 for i in range(label, len(lines)) if re.match(r"\s+[a-z]", lines[i]))]
    head = next(i for i, line in enumerate(lines) if re.match(r"\S.*\b%s\(.*\{$" % name, line))
    return [head + 2, head + 1]


def backtrace():
    """The text of bt, as one reads it, and the names of its functions, innermost first."""
    text = gdb.execute("bt", to_string=True)
    check("??" not in text and "Backtrace stopped" not in text, "a backtrace goes astray:\n" + text)
    # "#1  0x000000000040051e in runtime.main () at ...": the address is not there in frame 0.
    return text, re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(.+?) \(", text, re.MULTILINE)


def ends_cleanly(frame):
    """Whether the frame is the outermost because its unwind information says so."""
    return frame.unwind_stop_reason() == gdb.FRAME_UNWIND_OUTERMOST


def talk(arguments, commands):
    """What a user sees: types the commands into another gdb with the program; the lines that each gives."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TERM": "dumb"}
    session = subprocess.run(
        [GDB, "-nx", "-q", "-iex", "set auto-load off", "-iex", "set width 0", "-iex", "set height 0"] +
        arguments + [PROGRAM], input="\n".join(commands) + "\n", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment, encoding="utf-8", errors="replace", timeout=50)
    # Without a terminal gdb does not echo what it reads, but it prompts. Behind the last answer is what it
    # says at the end of its input.
    answers = session.stdout.split("(gdb) ")[1:]
    check(len(answers) == len(commands) + 1, "gdb gave %d answers to %d commands:\n%s" % (
        len(answers) - 1, len(commands), session.stdout))
    # Where a sandbox forbids it, gdb works all the same.
    return [[line.rstrip() for line in answer.split("\n")
             if line.strip() and "disabling address space randomization" not in line]
            for answer in answers[:-1]]
