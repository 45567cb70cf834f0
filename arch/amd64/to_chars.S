// std::to_chars of a float and a double with a precision: an array as long as the text, 1.9 KB at most.
#include "arch/amd64/with_room.inc"

        with_room _ZSt8to_charsPcS_fSt12chars_formati
        with_room _ZSt8to_charsPcS_dSt12chars_formati
