"""A backtrace from the deepest segment of a stack, and from g0 while it grows, ends where the goroutine began."""

import gdb


def frames():
    names = []
    frame = gdb.newest_frame()
    while frame is not None:
        names.append(frame.name())
        last = frame
        frame = frame.older()
    return names, last.unwind_stop_reason()


def check(condition, text):
    if not condition:
        print("FAILED:", text)
        gdb.execute("quit 1")


def test():
    gdb.execute("set pagination off")
    gdb.execute("set backtrace limit unlimited")
    gdb.execute("set print inferior-events off")
    # The second time that a stack grows, on g0.
    gdb.Breakpoint("runtime.grow_stack").ignore_count = 1
    gdb.execute("run deep")
    for where in ("on g0", "in the recursion"):
        names, reason = frames()
        check(reason == gdb.FRAME_UNWIND_OUTERMOST, where + ": ends with reason %d" % reason)
        check(names[-1] == "runtime.goexit", where + ": ends in %s" % names[-1])
        check("__morestack" in names, where + ": no segment but the first")
        gdb.execute("finish" if where == "on g0" else "next")
    # At every instruction of the way in and of the way back.
    gdb.execute("delete")
    gdb.execute("break __morestack")
    gdb.execute("continue")
    gdb.execute("delete")
    for _ in range(400):
        names, reason = frames()
        check(names[-1] == "runtime.goexit" and reason == gdb.FRAME_UNWIND_OUTERMOST,
              "at %#x: %s" % (gdb.newest_frame().pc(), names[:3] + names[-2:]))
        gdb.execute("stepi", to_string=True)
    # Out of the deepest frames again.
    gdb.execute("tbreak __morestack")
    gdb.execute("continue")
    gdb.execute("finish", to_string=True)
    names, reason = frames()
    check(names[-1] == "runtime.goexit", "after finish: %s" % names[:4])
    print("ok")
    gdb.execute("kill")
    gdb.execute("quit 0")


try:
    test()
except gdb.error as error:
    check(False, str(error))
