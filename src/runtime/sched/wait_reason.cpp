// Why goroutines wait, in the words of Go's tracebacks.
#include "sched/sched.h"

namespace runtime {

const char* wait_reason_text(wait_reason reason) {
    switch (reason) {
    case wait_reason::none:
        break;
    case wait_reason::static_init:
        return "static initialization";
    case wait_reason::mutex_lock:
        return "sync.Mutex.Lock";
    case wait_reason::rwmutex_rlock:
        return "sync.RWMutex.RLock";
    case wait_reason::rwmutex_lock:
        return "sync.RWMutex.Lock";
    case wait_reason::cond_wait:
        return "sync.Cond.Wait";
    case wait_reason::semaphore:
        return "semacquire";
    case wait_reason::wait_group:
        return "sync.WaitGroup.Wait";
    case wait_reason::chan_send:
        return "chan send";
    case wait_reason::chan_receive:
        return "chan receive";
    case wait_reason::chan_send_nil:
        return "chan send (nil chan)";
    case wait_reason::chan_receive_nil:
        return "chan receive (nil chan)";
    case wait_reason::select:
        return "select";
    case wait_reason::select_no_cases:
        return "select (no cases)";
    case wait_reason::sleep:
        return "sleep";
    case wait_reason::all_others:
        return "testing.wait";
    }
    return "waiting";
}

} // namespace runtime
