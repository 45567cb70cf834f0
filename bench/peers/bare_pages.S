/* bare.S, and it touches what a program of three pages with arguments and one variable touches: what of a start the
   kernel, and whatever runs below it, takes for pages alone. */

#include <asm/unistd.h>

        .globl  _start
        .type   _start, @function
_start:
        pushq   (%rsp)                  /* argc */
        movq    $1, variable(%rip)
        call    second_page
        call    third_page
        movl    $__NR_write, %eax
        movl    $1, %edi
        leaq    line(%rip), %rsi
        movl    $line_size, %edx
        syscall
        movl    $__NR_exit_group, %eax
        xorl    %edi, %edi
        syscall
line:   .ascii  "Hello, world!\n"
        .set    line_size, . - line
        .size   _start, . - _start

        .balign 4096
        .type   second_page, @function
second_page:
        ret
        .size   second_page, . - second_page

        .balign 4096
        .type   third_page, @function
third_page:
        ret
        .size   third_page, . - third_page

        .bss
        .balign 4096
variable:
        .skip   8

        .section .note.GNU-stack, "", @progbits
