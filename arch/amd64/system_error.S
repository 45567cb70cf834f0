// std::__throw_system_error: an exception with a text that is put together, 0.5 KB.
#include "arch/amd64/with_room.inc"

        with_room _ZSt20__throw_system_errori
