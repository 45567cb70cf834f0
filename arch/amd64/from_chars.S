// std::from_chars of a float and a double: numbers of a thousand digits, 2.5 KB.
#include "arch/amd64/with_room.inc"

        with_room _ZSt10from_charsPKcS0_RfSt12chars_format
        with_room _ZSt10from_charsPKcS0_RdSt12chars_format
