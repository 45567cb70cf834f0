// GODEBUG=schedtrace=N: what the scheduler does, on stderr, every N milliseconds, in Go's words and
// order, which people and tools can read. With scheddetail=1 every p, m and g too.
//
// sysmon prints it. Nothing stops for it, and it takes no lock, because stderr may take its time:
// each figure is as it is at that moment, and two of a line may be of different moments.
#include "base/knobs.h"
#include "base/report.h"
#include "sched/sched.h"

namespace runtime {

namespace {

// What another thread owns and may be writing.
template <class T>
T glance(const T& field) {
    T value{};
    __atomic_load(&field, &value, __ATOMIC_RELAXED);
    return value;
}

const char* yes(bool value) {
    return value ? "true" : "false";
}

uint32_t ring_size(const p* pp) {
    // A thief may move head beyond the tail that was read.
    const uint32_t head = pp->runqhead.load(std::memory_order_relaxed);
    const uint32_t size = pp->runqtail.load(std::memory_order_relaxed) - head;
    return size <= p::runq_size ? size : 0;
}

// The p with that number, or null: it was never needed.
const p* made(uint32_t id) {
    return id < sched.procs_made.load(std::memory_order_acquire) ? proc(id) : nullptr;
}

void print_m(report& out, const m* mp) {
    if (mp == nullptr) {
        out << "nil";
    } else {
        out << glance(mp->id);
    }
}

void print_goid(report& out, const g* gp) {
    if (gp == nullptr) {
        out << "nil";
    } else {
        out << glance(gp->goid);
    }
}

// P0: status=1 schedtick=102 syscalltick=0 m=2 runqsize=0 gfreecnt=0 timerslen=0
void print_p(report& out, uint32_t id) {
    static constexpr p never{};
    const p* pp = made(id);
    pp = pp != nullptr ? pp : &never;
    out << "  P" << id
        << ": status=" << static_cast<uint32_t>(pp->status.load(std::memory_order_relaxed))
        << " schedtick=" << pp->schedtick.load(std::memory_order_relaxed)
        << " syscalltick=" << pp->syscalltick.load(std::memory_order_relaxed) << " m=";
    print_m(out, pp->m.load(std::memory_order_relaxed));
    out << " runqsize=" << ring_size(pp) << " gfreecnt=" << glance(pp->gfree_count)
        << " timerslen=0\n";
}

// M2: p=0 curg=1 mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false blocked=false
// lockedg=nil
void print_thread(report& out, const m* mp) {
    const tcb* const block = glance(mp->tls);
    const p* const pp = block != nullptr ? glance(block->p) : nullptr;
    out << "  M" << glance(mp->id) << ": p=";
    if (pp == nullptr) {
        out << "nil";
    } else {
        out << pp->id;
    }
    out << " curg=";
    print_goid(out, glance(mp->curg));
    // The scheduler itself runs with 1.
    const int held = block != nullptr ? glance(block->nopreempt) : 0;
    out << " mallocing=0 throwing=0 preemptoff= locks=" << static_cast<uint32_t>(held)
        << " dying=0 spinning=" << yes(glance(mp->spinning)) << " blocked=" << yes(glance(mp->idle))
        << " lockedg=";
    print_goid(out, glance(mp->lockedg));
    out << "\n";
}

// G18: status=4(sleep) m=nil lockedm=nil
void print_g(g* gp, void* to) {
    auto& out = *static_cast<report*>(to);
    if (glance(gp->goid) == 0) {
        return; // never was a goroutine
    }
    const g_status status = gp->status.load(std::memory_order_relaxed);
    const m* const mp = glance(gp->m);
    out << "  G" << glance(gp->goid) << ": status=" << static_cast<uint32_t>(status) << "("
        << (status == g_status::waiting ? why(glance(gp->waiting_for)) : "") << ") m=";
    print_m(out, mp);
    out << " lockedm=";
    print_m(out, glance(gp->locked) ? mp : nullptr);
    out << "\n";
}

} // namespace

void schedtrace(uint64_t milliseconds) {
    report out;
    const bool detail = knobs.scheddetail != 0;
    const uint32_t procs = sched.gomaxprocs.load(std::memory_order_relaxed);
    out << "SCHED " << milliseconds << "ms: gomaxprocs=" << procs
        << " idleprocs=" << sched.npidle.load(std::memory_order_relaxed)
        << " threads=" << glance(sched.mcount)
        << " spinningthreads=" << sched.nmspinning.load(std::memory_order_relaxed)
        << " needspinning=0 idlethreads=" << glance(sched.nmidle)
        << " runqueue=" << sched.runq_size.load(std::memory_order_relaxed);
    if (!detail) {
        out << " [";
    } else {
        // sysmon is what prints this.
        out << " gcwaiting=false nmidlelocked=" << glance(sched.nmlocked)
            << " stopwait=0 sysmonwait=false\n";
    }
    for (uint32_t id = 0; id < procs; ++id) {
        if (detail) {
            print_p(out, id);
        } else {
            const p* const pp = made(id);
            out << (id == 0 ? "" : " ") << (pp != nullptr ? ring_size(pp) : 0);
        }
    }
    if (!detail) {
        out << "]\n";
        out.flush();
        return;
    }
    // Acquire: pairs with add_m's release. None is ever taken off the list.
    for (const m* mp = sched.mall.load(std::memory_order_acquire); mp != nullptr;
         mp = mp->alllink) {
        if (!glance(mp->over)) {
            print_thread(out, mp);
        }
    }
    for_each_g(print_g, &out);
    out.flush();
}

} // namespace runtime
