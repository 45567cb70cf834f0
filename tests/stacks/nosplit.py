"""nosplit.py PROGRAM LIMIT: adds up the stack that code takes which does not ask for any.

From every call that code with a split-stack prologue makes to code without one, follows the calls and adds the bytes that each
function has on the stack where it calls. A chain ends in a function that asks again, in mcall, which changes to
g0, and in what ends the program. Calls through pointers are not followed. Fails where a chain takes more than LIMIT
bytes, and prints it.
"""

import re
import subprocess
import sys

sys.setrecursionlimit(10000)

# They end the program, and may write where another goroutine's stack was (docs/stacks.md).
DYING = re.compile(r"runtime::(fatal|fatal_errno|panic|abort|throw_panic|unsupported)|^abort|__throw_|__assert_fail|"
                   r"__stack_chk_fail|__chk_fail|terminate|__cxa_pure|exit|out_of_memory|_Unwind_|__cxa_throw|"
                   r"__cxa_bad|replacement_assert|__cxa_guard_abort|out_of_range|overflow\(\)")
FIXED = {"__morestack": 88, "__morestack_non_split": 96, "__morestack_allocate_stack_space": 24, "runtime.mcall": 48}


def disassemble(program):
    """name -> [(address, mnemonic, operands)]"""
    text = subprocess.run(["objdump", "-dC", "--no-show-raw-insn", "-w", program],
                          check=True, capture_output=True, text=True).stdout
    functions = {}
    for line in text.splitlines():
        start = re.match(r"([0-9a-f]+) <(.*)>:$", line)
        if start:
            # By address: several may have one name.
            current = functions[int(start[1], 16)] = (start[2], [])
            continue
        parts = re.match(r"\s*([0-9a-f]+):\t(\S+)\s*(.*)$", line)
        if parts:
            current[1].append((int(parts[1], 16), parts[2], parts[3]))
    return functions


def sites(name, code):
    """The calls of a function: (depth of the stack where it calls, target or None). And its own depth."""
    at = {address: i for i, (address, _, _) in enumerate(code)}
    seen = set()
    todo = [(0, 0, None)]
    calls = []
    deepest = 0
    while todo:
        i, depth, base = todo.pop()
        while i < len(code) and i not in seen:
            seen.add(i)
            _, op, args = code[i]
            target = re.match(r"([0-9a-f]+) <", args)
            target = int(target[1], 16) if target else None
            if op.startswith("push"):
                depth += 8
            elif op.startswith("pop"):
                depth -= 8
            elif op in ("sub", "add") and args.endswith(",%rsp"):
                change = re.match(r"\$(-?0x[0-9a-f]+),", args)
                if change:
                    depth += int(change[1], 16) * (1 if op == "sub" else -1)
            elif op == "mov" and args == "%rsp,%rbp":
                base = depth
            elif op == "lea" and args.endswith("(%rsp),%rsp"):
                depth -= int(args.split("(")[0] or "0", 16)
            elif op == "lea" and args.endswith("(%rbp),%rsp") and base is not None:
                depth = base - int(args.split("(")[0], 16)
            elif op == "leave" and base is not None:
                depth = base - 8
            deepest = max(deepest, depth)
            if op == "call":
                calls.append((depth + 8, target))
            elif op in ("ret", "ud2", "hlt"):
                break
            elif op.startswith("j"):
                if target in at:
                    todo.append((at[target], depth, base))
                elif target is not None:
                    calls.append((depth, target))
                if op == "jmp":
                    break
            i += 1
    return calls, deepest


def main(program, limit):
    functions = disassemble(program)
    splits = {a for a, (_, code) in functions.items()
              if any(op == "call" and "<__morestack" in args and "allocate" not in args for _, op, args in code)}
    known = {}

    def chain(address):
        """The worst that the function takes, its callees included, and the way to it."""
        if address not in functions:
            return 0, []
        name, code = functions[address]
        if address in splits:
            return 8 + FIXED["__morestack"], ["(asks) " + name]
        if name in FIXED:
            return FIXED[name], [name]
        if DYING.search(name):
            return 0, []
        if address not in known:
            known[address] = (0, ["(recursion) " + name])
            calls, deepest = sites(name, code)
            worst, way = deepest, []
            for depth, target in calls:
                below, further = chain(target)
                if depth + below > worst:
                    worst, way = depth + below, further
            known[address] = (worst, ["%s +%d" % (name, deepest)] + way)
        return known[address]

    worst = {}
    for address in splits:
        name, code = functions[address]
        for _, target in sites(name, code)[0]:
            if target is not None and target not in splits and target in functions:
                depth, way = chain(target)
                worst[functions[target][0]] = (depth + 8, way)
    failed = 0
    for name, (depth, way) in sorted(worst.items(), key=lambda item: -item[1][0]):
        if depth > limit:
            failed += 1
            print("%d bytes, %d there are:\n    %s" % (depth, limit, "\n    ".join(way)))
    most = max(depth for depth, _ in worst.values())
    print("%d functions that do not ask are called; the worst takes %d bytes of %d" % (len(worst), most, limit))
    return 1 if failed else 0


sys.exit(main(sys.argv[1], int(sys.argv[2])))
