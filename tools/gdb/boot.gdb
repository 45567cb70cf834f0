# The way of an rt0 program from the kernel to main, in gdb:
#
#       gdb -x tools/gdb/boot.gdb PROGRAM
#
# Sets a breakpoint at each step of the boot and says at each stop what it is. All of gdb works as usual.
# docs/boot.md is the same walk, with what there is to see at each step.

set debuginfod enabled off
# A backtrace that ends where the stack ends, not at main.
set backtrace past-main on

define g
    if $fs_base == 0
        echo There is no thread control block before runtime.settls has returned.\n
    else
        print **(runtime::g**)($fs_base + 0x10)
    end
end
document g
Print the goroutine that runs: the g at fs:0x10. It is g0 (goid 0) in the boot and in the scheduler.
end

break _rt0_amd64_linux
commands
    # For a second run: main has switched them off.
    enable $rt0_schedule $rt0_execute $rt0_gogo $rt0_newproc
    echo \nThe entry point. Nobody called: the kernel jumped here, with argc at the stack pointer.\n
    echo Look: x/4gx $rsp    x/s *(char**)($rsp + 8)\n
end

break _rt0_amd64
commands
    echo \nThe same on every system: argc goes to rdi, argv to rsi.\n
    echo Look: stepi 2    info registers rdi rsi\n
end

break runtime.rt0_go
commands
    echo \nThe boot. It calls the steps that follow, on the kernel's stack, as goroutine 0 (g0).\n
    echo Look: disassemble /s\n
end

break runtime.relocate
commands
    echo \nA static-PIE adds its load address to its own pointers. No pointer may be used before this.\n
    echo Look: backtrace    p 'runtime.g0'.stack_hi - 'runtime.g0'.stack_lo\n
end

break runtime.settls
commands
    echo \nBuilds the thread control block and the thread-local variables, points FS at them.\n
    echo Look: p $fs_base    finish    p $fs_base\n
end

break runtime.irelocate
commands
    echo \nFS works, the stack protector has its canary: now functions of the program may run, and the\n
    echo first are the resolvers of its IRELATIVE relocations.\n
    echo Look: g    x/gx $fs_base + 0x28\n
end

break runtime.check
commands
    echo \nIs the machine what the compiler took it for? Atomics, g0, m0, the stack.\n
end

break runtime.args
commands
    echo \nArguments, environment, auxiliary vector, vDSO.\n
    echo Look: info args    finish    p 'runtime::os::process'\n
end

break runtime.osinit
commands
    echo \nHow many processors may this program use?\n
    echo Look: finish    p 'runtime::os::process'.cpus\n
end

break runtime.schedinit
commands
    echo \nStandard descriptors, GOMAXPROCS and its like, and the p's: the rights to run goroutines.\n
    echo Look: finish    p 'runtime::sched'.gomaxprocs    p 'runtime::p0'\n
end

break runtime.newproc
set $rt0_newproc = $bpnum
commands
    echo \nA new goroutine that will call fn. The first one's fn is runtime.mainPC, that is, runtime.main.\n
    echo Look: p *fn    finish    p 'runtime::p0'.runnext\n
end

break runtime.mstart
commands
    echo \nThe boot is over: this thread, m0, becomes a scheduler and never comes back.\n
end

break runtime.schedule
set $rt0_schedule = $bpnum
commands
    echo \nThe scheduler: finds a goroutine to run.\n
end

break runtime.execute
set $rt0_execute = $bpnum
commands
    echo \nIt has found gp and makes it this m's.\n
    echo Look: p *gp\n
end

break runtime.gogo
set $rt0_gogo = $bpnum
commands
    echo \nLeaves g0's stack for the goroutine's: g in rdi. One that has not begun is a funcval on a stack.\n
    echo Look: info registers rdi    backtrace\n
end

break runtime.main
commands
    echo \nGoroutine 1: constructors, main, destructors, exit.\n
    echo Look: g    backtrace\n
end

break main
commands
    # From here on they would stop for every goroutine of the program.
    disable $rt0_schedule $rt0_execute $rt0_gogo $rt0_newproc
    echo \nYour main, on goroutine 1. The breakpoints in the scheduler are off from here on.\n
    echo Look: backtrace    info registers rsp\n
end

break runtime.abort
commands
    echo \nWhat cannot happen has happened. Look: backtrace\n
end

echo \nThe boot's breakpoints are set. Type run, then c (continue) from step to step; info breakpoints\n
echo lists them, g prints the goroutine that runs.\n
