// The unwinder, for __cxa_throw and the like, for the ends of cleanups, and for whoever wants a backtrace: 2 to
// 2.6 KB.
#include "arch/amd64/with_room.inc"

        with_room _Unwind_RaiseException
        with_room _Unwind_Resume
        with_room _Unwind_Resume_or_Rethrow
        with_room _Unwind_ForcedUnwind
        with_room _Unwind_Backtrace
