#include "sched/clock.h"

#include "base/fatal.h"
#include "base/pause.h"
#include "os/os.h"
#include "os/vdso.h"

namespace runtime {

namespace {

constexpr int64_t second = 1'000'000'000;

// Where it took longer than that to ask, the thread had no processor meanwhile.
constexpr uint64_t most_to_ask = 1'000;
// The rate is measured over so long, at least and at most: between two measurements that are
// further apart the system may have been suspended, or moved to another processor.
constexpr int64_t least_to_measure = 5'000'000;
constexpr int64_t most_to_measure = second;
// Of the rate, as shifts: what is added to what was measured, for the clock is adjusted by up to
// 1/2000 and we do not measure exactly; what is taken away from that for the other end; and by how
// much two measurements in a row may differ.
constexpr int margin = 11;
constexpr int both_margins = 9;
constexpr int most_difference = 8;

// The clock has said time, some time after so many cycles.
void learn_rate(clock_memory& memory, uint64_t count, int64_t time) {
    const int64_t took = time - memory.rate_time;
    if (took < least_to_measure) {
        return;
    }
    uint64_t rate = 0;
    // Such a counter is one that does not count, or not all the time.
    if (took <= most_to_measure && count - memory.rate_since > static_cast<uint64_t>(took) / 16) {
        rate = (static_cast<uint64_t>(took) << 32) / (count - memory.rate_since);
        rate += rate >> margin;
        const uint64_t difference = rate > memory.rate ? rate - memory.rate : memory.rate - rate;
        if (memory.rate != 0 && difference > rate >> most_difference) {
            rate = 0;
        }
    }
    memory.rate = rate;
    memory.rate_since = count;
    memory.rate_time = time;
}

} // namespace

int64_t nanotime() {
    if (const int64_t held = time_if_held(); held != 0) [[unlikely]] {
        return held;
    }
    os::timespec time{};
    const int error = os::fast_clock_gettime(os::clock_monotonic, &time);
    if (error != 0) [[unlikely]] {
        fatal_errno("cannot read the clock (clock_gettime)", error,
                    "allow it in the seccomp filter");
    }
    const int64_t now = time.seconds * second + time.nanoseconds;
    return now > 0 ? now : 1;
}

bool wait_for(const clock_memory& memory, int64_t nanoseconds) {
    const uint64_t slow = memory.rate - (memory.rate >> both_margins);
    if (slow == 0) {
        return false;
    }
    // A counter of another processor may be behind this one's: then it is very large. It may also
    // be before it, and what is measured too long; never too short, for the thread that has moved
    // has taken longer than what two counters differ by.
    const uint64_t begin = cycles();
    while (clock_memory::elapsed(cycles() - begin, slow) < nanoseconds) {
    }
    return true;
}

time_span about_now(clock_memory& memory) {
    if (const int64_t held = time_if_held(); held != 0) [[unlikely]] {
        return {held, held};
    }
    const uint64_t count = cycles();
    if (memory.is_known(count)) [[likely]] {
        const uint64_t slow = memory.rate - (memory.rate >> both_margins);
        return {memory.time + clock_memory::elapsed(count - memory.after, slow),
                memory.latest(count)};
    }
    const int64_t now = nanotime();
    const uint64_t after = cycles();
    if (after - count < most_to_ask) {
        memory.before = count;
        memory.after = after;
        memory.time = now;
        learn_rate(memory, count, now);
    }
    return {now, now};
}

} // namespace runtime
