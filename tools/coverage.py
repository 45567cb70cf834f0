"""Line and branch coverage of src/runtime/sched, sync and mem by the tests that run on the host (docs/testing.md).

    coverage.py BUILD           builds the tests in BUILD, runs them, adds up what they have run
    coverage.py BUILD --again   adds up what the last time's have run

Tests compile the runtime's sources as they are, or copies in which some lines are changed. Both count as the original's
lines: a line is covered where one of the tests has run it, a branch where one of them has taken it. What a copy has
more is nobody's. Prints what is not covered, and how much is. Fails where that is not more than 95 %, and where docs/testing.md does
not say why a line is not.
"""

import concurrent.futures
import difflib
import functools
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("sched", "sync", "mem")
ENOUGH = 95  # per cent

# Where nothing is optimised each branch is where it was written, and nothing but the sources' own. What they find out
# about optimisation is what it is in the tests: the sizes of guards.
OPTIONS = ("-O0 -D__OPTIMIZE__ -fno-sanitize=all -Wno-error --coverage -fprofile-update=atomic "
           f"'-fprofile-filter-files=/src/runtime/({'|'.join(FOLDERS)})/'")
# Many runs end by _exit, some of them by a fatal error of the runtime.
ENDS = """
void __gcov_dump(void);
__attribute__((noreturn)) void __real__exit(int);
__attribute__((noreturn)) void __wrap__exit(int status) { __gcov_dump(); __real__exit(status); }
__attribute__((noreturn)) void __wrap__Exit(int status) { __gcov_dump(); __real__exit(status); }
"""

EXPLORED = ("biased_lock", "channels", "sync", "contexts", "runq", "scheduler", "timers", "preemption", "memory")
HOW = (["--random", "--runs", "1000"], ["--seconds", "3"])
RUNS = [
    ["unit/runtime_test", "--gtest_brief=1"],
    *([f"explore/explore_{name}", "all", *how] for name in EXPLORED for how in HOW),
    ["simulate/simulate", "1", "600"],
    ["sanitize/mix_address", "5", "1"],
    ["sanitize/mix_address", "deadlock"],
]


def build(directory):
    for old in directory.rglob("*.gcda"):
        old.unlink()
    directory.mkdir(parents=True, exist_ok=True)
    ends = directory / "ends.o"
    subprocess.run(["gcc", "-c", "-x", "c", "-", "-o", ends], input=ENDS, text=True, check=True)
    rule = f"<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> {OPTIONS} -o <OBJECT> -c <SOURCE>"
    subprocess.run(["cmake", "--preset", "release", "-B", directory, "-DRT0_BUILD_TESTS=ON", "-DRT0_BUILD_EXAMPLES=OFF",
                    "-DRT0_CHECK_NOSPLIT=OFF", f"-DCMAKE_CXX_COMPILE_OBJECT={rule}",
                    f"-DCMAKE_EXE_LINKER_FLAGS=--coverage -Wl,--wrap=_exit,--wrap=_Exit {ends}"],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    targets = sorted({os.path.basename(command[0]) for command in RUNS})
    subprocess.run(["cmake", "--build", directory, "--target", *targets], check=True)


def run(directory):
    for old in directory.rglob("*.gcda"):
        old.unlink() # GoogleTest's list of tests is made with the program
    for command in RUNS:
        print("==", *command, flush=True)
        result = subprocess.run([directory / "tests" / command[0], *command[1:]], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")
        print(*result.stdout.splitlines()[-3:], sep="\n", flush=True)
        # Whether they pass is asked elsewhere: what is this slow may go past its limits.
        if result.returncode != (2 if "deadlock" in command else 0):
            print(f"coverage: {command[0]} ended with status {result.returncode}", flush=True)


@functools.cache
def origin(path):
    """The original of a source of the three folders, or of a copy of one, and the original's line of each line; or None."""
    found = re.fullmatch(r"(?:.*\.changed|" + re.escape(str(ROOT)) + ")/(src/runtime/(?:" + "|".join(FOLDERS) + ")/[^/]+)", path)
    if not found:
        return None
    original = ROOT / found[1]
    theirs = pathlib.Path(path).read_text().splitlines()
    ours = original.read_text().splitlines()
    lines = {}
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        # What has changed in place, too.
        if kind == "equal" or kind == "replace" and i_end - i == j_end - j:
            lines.update(zip(range(i + 1, i_end + 1), range(j + 1, j_end + 1)))
    return found[1], lines


def counts_of(data):
    """What gcov says of one object, for the sources of the three folders."""
    text = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", data], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found = []
    for document in text.splitlines():
        document = json.loads(document)
        for source in document["files"]:
            path = os.path.normpath(os.path.join(document["current_working_directory"], source["file"]))
            if origin(path):
                found.append((path, source["lines"]))
    return found


def add_up(directory):
    """(file, line) -> covered; (file, line, function) -> [taken]"""
    lines = {}
    branches = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(counts_of, sorted(directory.rglob("*.gcda"))):
            for path, counted in found:
                name, place = origin(path)
                for line in counted:
                    at = place.get(line["line_number"])
                    if at is None:
                        continue
                    lines[name, at] = lines.get((name, at), False) or line["count"] > 0
                    taken = [branch["count"] > 0 for branch in line["branches"] if not branch["throw"]]
                    known = branches.setdefault((name, at, line.get("function_name")), taken)
                    # A condition of several lines may have its branches on another one of them in a copy, whose types are
                    # others: then the first counts.
                    if len(known) == len(taken):
                        known[:] = [one or other for one, other in zip(known, taken)]
    return lines, branches


def reasons():
    """(file, beginning of a line) of the lines that docs/testing.md explains: its table's rows of FILE, LINES, a reason."""
    listed = []
    for row in (ROOT / "docs/testing.md").read_text().splitlines():
        cells = row.split(" | ")
        name = re.fullmatch(r"\| `((?:" + "|".join(FOLDERS) + ")/[^`]+)`", cells[0])
        if name and len(cells) == 3:
            listed += [("src/runtime/" + name[1], line) for line in re.findall("`([^`]+)`", cells[1])]
    return listed


def per_cent(part, whole):
    return 100 * part / whole if whole else 100


def report(lines, branches):
    """Prints all of it. Whether it is enough."""
    names = sorted({name for name, _ in lines})
    rows = []
    for name in names:
        of_lines = [covered for (of, _), covered in lines.items() if of == name]
        of_branches = [one for (of, _, _), taken in branches.items() if of == name for one in taken]
        rows.append((name, sum(of_lines), len(of_lines), sum(of_branches), len(of_branches)))
    rows.append(("all", *(sum(row[i] for row in rows) for i in range(1, 5))))
    listed = reasons()
    unexplained = 0
    for name in names:
        text = (ROOT / name).read_text().splitlines()
        for at in sorted(line for of, line in lines if of == name):
            code = text[at - 1].strip()
            not_taken = sum(not one for (of, line, _), taken in branches.items() if (of, line) == (name, at) for one in taken)
            if not lines[name, at]:
                explained = any(of == name and code.startswith(begin) for of, begin in listed)
                unexplained += not explained
                print(f"{name}:{at}: not run{'' if explained else ', and nobody says why'}: {code}")
            elif not_taken:
                print(f"{name}:{at}: {not_taken} not taken: {code}")
    for name, run, count, taken, ways in rows:
        print(f"{name:32} {run:5} of {count:5} lines {per_cent(run, count):6.1f} %"
              f"{taken:7} of {ways:5} branches {per_cent(taken, ways):6.1f} %")
    _, run, count, taken, ways = rows[-1]
    return not unexplained and per_cent(run, count) > ENOUGH and per_cent(taken, ways) > ENOUGH


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    if "--again" not in sys.argv[2:]:
        build(directory)
        run(directory)
    sys.exit(0 if report(*add_up(directory)) else "coverage: that is not enough")


if __name__ == "__main__":
    main()
