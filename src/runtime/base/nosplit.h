// In front of every source of the runtime: marks the object for linkers (lld) that give code more
// stack where it calls objects that were not compiled with -fsplit-stack. What the runtime has fits
// below the guard (mem/segment.h), or asks for stack itself.
#pragma once

// Not in what is compiled with -fsplit-stack: there the compiler says so itself.
#ifndef RT0_GROWS
asm(".pushsection .note.GNU-split-stack, \"\", @progbits\n"
    ".popsection\n"
    ".pushsection .note.GNU-no-split-stack, \"\", @progbits\n"
    ".popsection");
#endif
