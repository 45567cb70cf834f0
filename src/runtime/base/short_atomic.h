// In front of every source of the runtime: <atomic> of GCC 12's library includes <string>, for
// waits that the runtime has no use for; most of the time that a source takes to compile was that.
#pragma once

#include <cstddef>

#if _GLIBCXX_RELEASE == 12
#define _GLIBCXX_ATOMIC_WAIT_H 1
#endif
