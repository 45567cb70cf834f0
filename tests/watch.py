#!/usr/bin/env python3
"""watch.py SECONDS PROGRAM [ARGUMENT...]: runs a test that should not take nearly as long, and ends as it does.

One that has not ended by then is shown by gdb, every thread of it and what the scheduler knows, and killed: a hang that
comes once in a month tells then what it is.
"""
import subprocess
import sys

LOOKS = [
    "info threads",
    "thread apply all backtrace 20",
    "print runtime::sched",
    "print runtime::p0",
    "print *runtime::proc(1)",
]


def main():
    limit = float(sys.argv[1])
    with subprocess.Popen(sys.argv[2:]) as program:
        try:
            status = program.wait(limit)
        except subprocess.TimeoutExpired:
            print("has not ended after %g s" % limit, flush=True)
            looks = [argument for look in LOOKS for argument in ("-ex", look)]
            subprocess.run(["gdb", "-batch", "-p", str(program.pid), *looks], stderr=subprocess.STDOUT, check=False,
                           timeout=60)
            program.kill()
            return 1
        if status < 0:
            print("ended by signal %d" % -status, flush=True)
            return 1
        return status


if __name__ == "__main__":
    sys.exit(main())
