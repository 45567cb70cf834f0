// Parts of the runtime that a program may do without are called through weak symbols: who needs the
// part pulls it in, and where nobody does, the symbol is null.
#pragma once

namespace runtime {

// symbol, or null where the program was linked without it. Compared in a register: compilers would
// compare the symbol's slot in the global offset table in place, the one form that linkers cannot
// turn into a constant, and then the program has such a table, which costs it a page of data.
template <class T>
T* if_linked(T* symbol) {
    asm("" : "+r"(symbol));
    return symbol;
}

} // namespace runtime
