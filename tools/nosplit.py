"""Adds up the stack that code takes which does not ask for any (docs/stacks.md, "The guard margin").

    nosplit.py --symbols FILE ARCHIVE...    writes link options for a program with all functions of the runtime's archives
                                            that a program can call
    nosplit.py TABLE PROGRAM...             looks at programs; at what was linked for PROGRAM.symbols, if there is such a
                                            file, as all of the runtime

From each function that may be called at the guard the calls are followed, and the bytes added that each function has
on the stack where it calls. Such functions are those that code calls which asks, virtual ones, and those of
PROGRAM.symbols. A chain ends in what asks again, in what goes to another stack, and in what ends the program. Fails where one
takes more than there is (nosplit_room in mem/segment.h), or where nobody knows: in calls through pointers, frames of variable size and recursion that the
table does not list. The table's lines:

    ends FUNCTIONS                does not return, and may write below its stack
    first FUNCTIONS               runs on goroutine 1 alone, whose stack is the kernel's
    leaves FUNCTIONS              loads the stack pointer with another stack's
    indirect FUNCTIONS = BOUND    what it calls through pointers takes at most that
    dynamic FUNCTIONS = BOUND     its frame of variable size takes at most that
    recursive FUNCTIONS = BOUND   it and what it calls take at most that

FUNCTIONS are names without parameters, with commas between, and * for anything: several where compilers inline the one that is
meant into others. BOUND is a number of bytes, or a function's name for what that takes, or "asks" for what the program's
own functions take, or the most of several of them. A line that nothing in all of the runtime needed is an error, and so is a BOUND's function
that is not there, unless they begin with a question mark.
"""

import bisect
import fnmatch
import os
import re
import struct
import subprocess
import sys

RETURN_ADDRESS = 8
UNASKED = 256  # frames of less than that compare the bare stack pointer
PREFIXES = {"bnd", "cs", "data16", "ds", "lock", "notrack", "rep", "repnz", "repz"}
BOUNDS = {"indirect", "dynamic", "recursive"}
KINDS = BOUNDS | {"ends", "first", "leaves"}
ASKING = re.compile(r"<(__morestack|__morestack_non_split|runtime\.next_segment)>$")
# Names that no program calls, and those of the library's functions that are called with room (arch/amd64/with_room.inc).
INTERNAL = re.compile(r"_ZN?K?7runtime|runtime\.|_?rt0_|__wrap_")


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


class Function:
    """first and last are indices into the program's code."""

    def __init__(self, address, symbol, first):
        self.address, self.symbol, self.first = address, symbol, first
        self.last = first
        self.name = symbol
        self.asks = None  # the address of what it calls for more stack


class Program:
    def __init__(self, path):
        self.code = []  # (address, operation, operands)
        self.index = {}  # of the instruction at an address
        self.functions = {}  # by address
        function = None
        for line in run("objdump", "-dw", "--no-show-raw-insn", path).splitlines():
            if line.endswith(">:"):
                address, symbol = line[:-2].split(" <", 1)
                function = Function(int(address, 16), symbol, len(self.code))
                self.functions[function.address] = function
                continue
            address, _, text = line.partition(":\t")
            if not text or function is None:
                continue
            operation, _, operands = text.partition(" ")
            while operation in PREFIXES and operands:
                operation, _, operands = operands.lstrip().partition(" ")
            self.index[int(address, 16)] = len(self.code)
            self.code.append((int(address, 16), operation, operands.strip()))
            function.last = len(self.code)
            if operation == "call" and ASKING.search(operands):
                function.asks = int(operands.split()[0], 16)
        ordered = [f for f in self.functions.values() if f.last > f.first]
        self.starts = [f.first for f in ordered]
        self.ordered = ordered
        self.morestack = next((f.address for f in self.functions.values() if f.symbol == "__morestack"), None)
        self.virtual = set(virtual_functions(path))
        names = run("c++filt", "-p", input="".join(f.symbol + "\n" for f in self.functions.values())).splitlines()
        for f, name in zip(self.functions.values(), names):
            f.name = re.sub(r"( \[clone [^]]*\])+$", "", name)

    def owner(self, i):
        return self.ordered[bisect.bisect_right(self.starts, i) - 1]


def virtual_functions(path):
    """The words of all virtual tables: what is in sections of that kind in a program without position independence."""
    with open(path, "rb") as file:
        image = file.read()
    sections = []
    table, entry, count = struct.unpack_from("<Q", image, 40)[0], *struct.unpack_from("<HH", image, 58)
    for i in range(count):
        sections.append(struct.unpack_from("<IIQQQQIIQQ", image, table + i * entry))
    for _, kind, _, _, offset, size, link, _, _, _ in sections:
        if kind != 2:  # SHT_SYMTAB
            continue
        strings = sections[link][4]
        for at in range(offset, offset + size, 24):
            name, _, _, section, value, length = struct.unpack_from("<IBBHQQ", image, at)
            if image.startswith(b"_ZTV", strings + name) and 0 < section < count and sections[section][1] == 1:
                start = sections[section][4] + value - sections[section][3]
                yield from struct.unpack_from("<%dQ" % (length // 8), image, start)


class Table:
    def __init__(self, path):
        self.lines = []  # (kind, patterns, bounds, where)
        self.needed = set()  # of their numbers
        self.found = {}
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                kind, _, rest = line.partition("#")[0].strip().partition(" ")
                if not kind:
                    continue
                names, _, bounds = rest.partition("=")
                where = "%s:%d" % (path, number)
                if kind.lstrip("?") not in KINDS or not names or bool(bounds) != (kind.lstrip("?") in BOUNDS):
                    sys.exit("%s: %s" % (where, line.strip()))
                patterns, bounds = ([word.strip() for word in words.split(",")] for words in (names, bounds))
                if kind.startswith("?"):
                    self.needed.add(len(self.lines))
                self.lines.append((kind.lstrip("?"), patterns, bounds, where))

    def find(self, kind, name):
        """The bounds in a function's line, or None."""
        if (kind, name) not in self.found:
            self.found[kind, name] = None
            for i, (of, patterns, bounds, _) in enumerate(self.lines):
                if of == kind and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                    self.needed.add(i)
                    self.found[kind, name] = bounds
        return self.found[kind, name]


class Chains:
    def __init__(self, program, table):
        self.program, self.table = program, table
        self.known = {}
        self.complaints = {}

    def complain(self, function, what):
        self.complaints.setdefault("%s: %s" % (function.name, what), None)

    def ends(self, address):
        function = self.program.functions.get(address)
        return function is not None and self.table.find("ends", function.name) is not None

    def moved(self, operation, source, depth, base):
        """How deep the stack is after an instruction that changes the stack pointer, or None."""
        number = re.match(r"\$(-?0x[0-9a-f]+)$", source)
        number = int(number[1], 16) if number else None
        if operation in ("sub", "add") and number is not None:
            number -= (number >> 63) << 64  # objdump writes negative ones without a sign
            return depth + (number if operation == "sub" else -number)
        if operation == "and" and number is not None:
            return depth + (1 << 64) - number - 8  # at most
        if operation == "mov" and source == "%rbp":
            return base
        place = re.match(r"(-?0x[0-9a-f]+)?\(%(\w+)\)$", source)
        if operation == "lea" and place:
            offset = int(place[1] or "0", 16)
            if place[2] == "rsp":
                return depth - offset
            if place[2] == "rbp" and base is not None:
                return base - offset
            if place[2] == "r10" and offset == -8:
                return 0  # where r10 has been since a frame with an alignment of its own was made
        return None

    def is_switch(self, i):
        """Whether an indirect jump goes by a table."""
        return any(re.search(r"\(%?\w*,%\w+,[48]\)", operands) for _, _, operands in self.program.code[max(0, i - 8):i + 1])

    def pointed(self, i, targets):
        """The address in the register that the instruction calls through, where it has just been loaded, or None."""
        register = re.match(r"\*%(\w+)$", self.program.code[i][2])
        while register and i not in targets:
            i -= 1
            _, operation, operands = self.program.code[i]
            if not re.search(r"%%%s$" % register[1], operands) or operation in ("test", "cmp"):
                continue
            loaded = re.match(r"\$0x([0-9a-f]+),", operands) if operation.startswith("mov") else \
                re.search(r"# ([0-9a-f]+) <", operands) if operation == "lea" else None
            return int(loaded[1], 16) if loaded else None
        return None

    def calls(self, function):
        """What a function calls: (bytes on the stack there, where to or None), and how far its own frame goes."""
        program, code = self.program, self.program.code
        leaves = self.table.find("leaves", function.name) is not None
        parts = [(function.first, function.last)]  # it, and what is elsewhere of it (.cold)
        calls, deepest, lowest = [], 0, (0, None)
        targets = {function.first}
        for _, operation, operands in code[function.first:function.last]:
            to = re.match(r"([0-9a-f]+) <", operands) if operation.startswith("j") else None
            if to:
                targets.add(program.index.get(int(to[1], 16)))
        seen = set()
        todo = [(function.first, 0, None)]
        while todo:
            i, depth, base = todo.pop()
            end = next(last for first, last in parts if first <= i < last)
            while i < end and i not in seen:
                seen.add(i)
                _, operation, operands = code[i]
                source, _, target = operands.rpartition(",")
                if operation.startswith("push"):
                    depth += 8
                elif operation.startswith("pop") and operation != "popcnt":
                    depth -= 8
                elif operation == "leave":
                    depth = base - 8
                elif operation == "mov" and operands == "%rsp,%rbp":
                    base = depth
                elif target == "%rsp" and operation not in ("cmp", "test"):
                    moved = self.moved(operation, source, depth, base)
                    if moved is not None:
                        depth = moved
                    elif leaves:
                        break
                    elif not function.asks:
                        more, _ = self.bound("dynamic", function, "has %s %s" % (operation, operands))
                        deepest = max(deepest, depth + more)
                else:
                    for below in re.findall(r"-0x([0-9a-f]+)\(%rsp\)", operands):  # the red zone
                        deepest = max(deepest, depth + int(below, 16))
                deepest = max(deepest, depth)
                lowest = max(lowest, (depth, base), key=lambda place: place[0])
                if operation in ("ret", "ud2", "hlt"):
                    break
                if operation == "call" or operation.startswith("j"):
                    address = re.match(r"([0-9a-f]+) <", operands)
                    address = int(address[1], 16) if address else self.pointed(i, targets)
                    called = program.functions.get(address)
                    if operation == "call":
                        calls.append((depth + RETURN_ADDRESS, address))
                        if called is not None and self.table.find("ends", called.name) is not None:
                            break
                    elif address is None:
                        if not self.is_switch(i):
                            calls.append((depth, None))
                        break
                    elif address in program.index and (called in (None, function) or ".cold" in called.symbol):
                        at = program.index[address]
                        if not any(first <= at < last for first, last in parts):
                            part = program.owner(at)
                            parts.append((part.first, part.last))
                        todo.append((at, depth, base))
                    else:
                        calls.append((depth, address))
                    if operation == "jmp":
                        break
                i += 1
            if not todo and not leaves:
                # No instruction leads to a switch's cases and to what an exception's unwinding enters.
                rest = [i for first, last in parts for i in range(first, last)
                        if i not in seen and not code[i][1].startswith("nop") and code[i][1] not in ("int3", "xchg")]
                todo = [(i,) + lowest for i in rest[:1]]
        return calls, deepest

    def chain(self, address):
        """The most that a function takes below its return address, and the way there."""
        function = self.program.functions.get(address)
        if function is None or self.table.find("ends", function.name) is not None or \
                self.table.find("first", function.name) is not None:
            return 0, []
        if address not in self.known:
            self.known[address] = None
            self.known[address] = self.follow(function)
        if self.known[address] is None:
            self.complain(function, "calls itself")
            return 0, []
        return self.known[address]

    def follow(self, function):
        if self.table.find("recursive", function.name) is not None:
            return self.bound("recursive", function, "")
        if function.asks:
            below, way = self.chain(function.asks)
            return RETURN_ADDRESS + below, [function.name + ", which asks"] + way
        calls, worst = self.calls(function)
        own, way = worst, []
        for depth, address in calls:
            if address is not None:
                below, further = self.chain(address)
            else:
                below, further = self.bound("indirect", function, "calls through a pointer")
            if depth + below > worst:
                worst, way = depth + below, further
        return worst, ["%s: %d" % (function.name, own)] + way

    def bound(self, kind, function, complaint):
        """What the table gives for a function."""
        bounds = self.table.find(kind, function.name)
        if bounds is None:
            self.complain(function, complaint)
            return 0, []
        most = 0, []
        for bound in bounds:
            if bound == "asks":
                below, way = self.chain(self.program.morestack)
                found = [(RETURN_ADDRESS + below, ["what asks"] + way)]
            elif bound.isdigit():
                found = [(int(bound), ["what is listed with " + bound])]
            else:
                name = bound.lstrip("?")
                found = [self.chain(f.address) for f in self.program.functions.values() if f.name == name]
                if not found and name == bound:
                    self.complain(function, "is listed with %s, which is not there" % bound)
            most = max([most] + found)
        return most

    def roots(self, symbols):
        """The functions that are called at the guard, and how far below it."""
        deepest = {}
        wrapped = {f.symbol.removeprefix("__wrap_") for f in self.program.functions.values() if f.symbol.startswith("__wrap_")}
        for function in self.program.functions.values():
            if not function.asks:
                if function.symbol in symbols or function.address in self.program.virtual and function.symbol not in wrapped:
                    deepest.setdefault(function.address, RETURN_ADDRESS)
                continue
            if function.symbol.startswith("__wrap_"):
                continue
            asked = 0
            for _, operation, operands in self.program.code[function.first:function.last]:
                number = re.match(r"\$0x([0-9a-f]+),%r10d?$", operands)
                if number and operation.startswith("mov") and int(number[1], 16) >= UNASKED:
                    asked = int(number[1], 16)
            for depth, address in self.calls(function)[0]:
                # What it asked for is there. Arguments that it pushes besides have what frames get unasked. What it calls
                # through pointers is the program's, or virtual.
                depth -= asked
                if depth > RETURN_ADDRESS:
                    depth = max(RETURN_ADDRESS, depth - UNASKED)
                address = self.program.morestack if address is None else address
                deepest[address] = max(deepest.get(address, depth), depth)
        return deepest


def write_symbols(path, archives):
    symbols = set()
    for line in run("nm", "--defined-only", *archives).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "TWi" and not INTERNAL.match(words[2]):
            symbols.add(words[2])
    with open(path, "w", encoding="utf-8") as file:
        file.writelines("-Wl,-u,%s\n" % symbol for symbol in sorted(symbols))


def look(path, table, symbols):
    """What is wrong with a program, and a line about it."""
    room = int(re.search(r"([0-9a-f]+) . runtime\.nosplit_room$", run("nm", path), re.MULTILINE)[1], 16)
    chains = Chains(Program(path), table)
    results = []
    for address, depth in chains.roots(symbols).items():
        below, way = chains.chain(address)
        results.append((depth + below, way))
    results.sort(reverse=True)
    wrong = ["%d bytes of stack, there are %d:\n    %s" % (takes, room, "\n    ".join(way))
             for takes, way in results if takes > room]
    takes, way = results[0]
    return wrong + list(chains.complaints), "%d functions that do not ask are called; the worst takes %d bytes of %d: %s" \
        % (len(results), takes, room, way[0] if way else "none")


def main(table_path, *programs):
    table = Table(table_path)
    failed = whole = False
    for path in programs:
        symbols = set()
        if os.path.exists(path + ".symbols"):
            whole = True
            with open(path + ".symbols", encoding="utf-8") as file:
                symbols = {line.strip().rpartition(",")[2] for line in file}
        wrong, summary = look(path, table, symbols)
        failed = failed or bool(wrong)
        for line in wrong + [summary]:
            print("%s: %s" % (os.path.basename(path), line))
    for i, (kind, patterns, _, where) in enumerate(table.lines):
        if whole and i not in table.needed:
            failed = True
            print("%s: nothing needs: %s %s" % (where, kind, ", ".join(patterns)))
    return failed


if sys.argv[1] == "--symbols":
    write_symbols(sys.argv[2], sys.argv[3:])
else:
    sys.exit(main(*sys.argv[1:]))
