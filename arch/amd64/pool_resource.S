// std::pmr::unsynchronized_pool_resource: up to 0.5 KB with its upstream resource.
#include "arch/amd64/with_room.inc"

// lld takes this file into every program, and everything that it refers to; memory_resource.o has a constructor
// that runs at start. So all references are weak. Who has a pool has given it an upstream resource, and
// that alone brings memory_resource.o along.
        .macro  optional name
        .weak   \name
        .hidden \name
        .endm
        optional __real__ZNSt3pmr28unsynchronized_pool_resource11do_allocateEmm
        optional __real__ZNSt3pmr28unsynchronized_pool_resourceC1ERKNS_12pool_optionsEPNS_15memory_resourceE
        optional _ZTINSt3pmr28unsynchronized_pool_resourceE
        optional _ZNSt3pmr28unsynchronized_pool_resourceD1Ev
        optional _ZNSt3pmr28unsynchronized_pool_resourceD0Ev
        optional _ZNSt3pmr28unsynchronized_pool_resource11do_allocateEmm
        optional _ZNSt3pmr28unsynchronized_pool_resource13do_deallocateEPvmm
        optional _ZNKSt3pmr28unsynchronized_pool_resource11do_is_equalERKNS_15memory_resourceE

// For classes that derive from it and do not override this.
        with_room _ZNSt3pmr28unsynchronized_pool_resource11do_allocateEmm

// Its own table of virtual functions is in one file with the function, so the linker leaves that alone. Objects
// of just this class get another table.
        .section .data.rel.ro.runtime.pool_resource_table, "aw", @progbits
        .balign 8
        .type   runtime.pool_resource_table, @object
runtime.pool_resource_table:
        .quad   0
        .quad   _ZTINSt3pmr28unsynchronized_pool_resourceE
        .quad   _ZNSt3pmr28unsynchronized_pool_resourceD1Ev
        .quad   _ZNSt3pmr28unsynchronized_pool_resourceD0Ev
        .quad   _ZNSt3pmr28unsynchronized_pool_resource11do_allocateEmm         // wrapped
        .quad   _ZNSt3pmr28unsynchronized_pool_resource13do_deallocateEPvmm
        .quad   _ZNKSt3pmr28unsynchronized_pool_resource11do_is_equalERKNS_15memory_resourceE
        .size   runtime.pool_resource_table, . - runtime.pool_resource_table

// unsynchronized_pool_resource(const pool_options&, memory_resource*): the constructor of complete objects. It
// does not throw.
        .macro  constructor name
        .section .text.__wrap_\name, "ax", @progbits
        .globl  __wrap_\name
        .hidden __wrap_\name
        .type   __wrap_\name, @function
        .balign 16
__wrap_\name:
        .cfi_startproc
        pushq   %rbx
        .cfi_def_cfa_offset 16
        .cfi_offset %rbx, -16
        movq    %rdi, %rbx
        callq   __real_\name
        leaq    runtime.pool_resource_table + 16(%rip), %rax
        movq    %rax, (%rbx)
        popq    %rbx
        .cfi_def_cfa_offset 8
        .cfi_restore %rbx
        retq
        .cfi_endproc
        .size   __wrap_\name, . - __wrap_\name
        .endm

        constructor _ZNSt3pmr28unsynchronized_pool_resourceC1ERKNS_12pool_optionsEPNS_15memory_resourceE
