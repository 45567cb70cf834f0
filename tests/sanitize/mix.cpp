// Random mixes of what goroutines do, on real threads, for a sanitizer to watch, and what must hold
// whatever the schedule is: every goroutine that is started runs once, and at the end of a round
// nothing is left.
//
//     mix SECONDS [SEED [ROUND]]
//     mix deadlock
//
// What goroutines pass to one another is not atomic, and what only counts is relaxed: all that
// orders it is the runtime, and where that does not, ThreadSanitizer says so. All choices follow
// from the seed; the schedule does not.
#include <rt0/chan.h>
#include <rt0/context.h>
#include <rt0/go.h>
#include <rt0/goroutine_local.h>
#include <rt0/os.h>
#include <rt0/select.h>
#include <rt0/singleflight.h>
#include <rt0/sync.h>
#include <rt0/task_group.h>
#include <rt0/time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "mem/block.h"
#include "mem/heap.h"
#include "mem/segment.h"
#include "os/os.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "tests/sanitize/machine.h"
#include "tests/soak/choices.h"

// The runtime's, by names that the host's libraries do not have.
extern "C" {
int rt0_guard_acquire(std::uint64_t* guard);
void rt0_guard_release(std::uint64_t* guard);
void rt0_guard_abort(std::uint64_t* guard);
int rt0_mutex_lock(void* mutex);
int rt0_mutex_trylock(void* mutex);
int rt0_mutex_unlock(void* mutex);
int rt0_once(int* done, void (*function)());
void* rt0_malloc(std::size_t size);
void* rt0_realloc(void* memory, std::size_t size);
void rt0_free(void* memory);
void grow_stack(runtime::mem::segment* last, std::size_t need) asm("runtime.grow_stack");
}

namespace {

using namespace runtime;
using soak::choices;
using soak::fill;
using soak::is_filled;

constexpr auto relaxed = std::memory_order_relaxed;

std::uint64_t seed_of_all;
std::uint64_t current_round;

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "mix: seed %lu, round %lu: %s\n", seed_of_all, current_round, what);
        std::fflush(nullptr);
        _exit(1);
    }
}

void sleep_in_the_kernel(std::uint64_t nanoseconds) {
    const syscall_scope blocking;
    os::sleep(static_cast<std::int64_t>(nanoseconds));
}

// Memory that goes from goroutine to goroutine: of the heap, and of the p's caches of blocks.
struct heap_block {
    std::size_t size;
    std::uint64_t seed;

    std::span<std::byte> contents() { return {reinterpret_cast<std::byte*>(this + 1), size}; }
};

struct cached_block {
    unsigned block_class;
    std::uint64_t seed;

    std::span<std::byte> contents() {
        return {reinterpret_cast<std::byte*>(this + 1),
                mem::block_size(block_class) - sizeof *this};
    }
};

heap_block* make_heap_block(std::size_t size, std::uint64_t seed) {
    void* const memory = rt0_malloc(sizeof(heap_block) + size);
    require(memory != nullptr, "no memory");
    auto* const made = new (memory) heap_block{size, seed};
    fill(made->contents(), seed);
    return made;
}

void check_and_free(heap_block* of) {
    if (of != nullptr) {
        require(is_filled(of->contents(), of->seed), "a block of the heap has changed");
        rt0_free(of);
    }
}

cached_block* make_cached_block(unsigned block_class, std::uint64_t seed) {
    void* memory = nullptr;
    {
        const no_preempt here;
        int error = 0;
        memory = mem::take_block(*get_tcb()->blocks, block_class, &error);
    }
    require(memory != nullptr, "no memory");
    auto* const made = new (memory) cached_block{block_class, seed};
    fill(made->contents(), seed);
    return made;
}

void check_and_free(cached_block* of) {
    if (of != nullptr) {
        require(is_filled(of->contents(), of->seed), "a block has changed");
        const no_preempt here;
        mem::give_block(*get_tcb()->blocks, of, of->block_class);
    }
}

// A queue of what may be gone when its receiver has it; receivers park.
class mailbox {
public:
    void send(std::unique_ptr<std::uint64_t> letter) {
        g* waiting = nullptr;
        {
            const lock_guard guard(lock_);
            require(sent_ - received_ < letters_.size(), "the mix itself: a mailbox is full");
            letters_[sent_++ % letters_.size()] = std::move(letter);
            waiting = waiters_.pop();
        }
        if (waiting != nullptr) {
            ready(waiting);
        }
    }
    std::unique_ptr<std::uint64_t> receive() {
        lock_.lock();
        while (sent_ == received_) {
            park(
                [](g* gp, void* self) {
                    auto* const own = static_cast<mailbox*>(self);
                    own->waiters_.push(gp);
                    own->lock_.unlock();
                    return true;
                },
                this, wait_reason::none);
            lock_.lock();
        }
        auto letter = std::move(letters_[received_++ % letters_.size()]);
        lock_.unlock();
        return letter;
    }

private:
    futex_lock lock_;
    g_ring waiters_;
    std::array<std::unique_ptr<std::uint64_t>, 16> letters_;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
};

// C's mutex, all zeroes.
struct mutex_memory {
    std::array<std::uint64_t, 5> words{};
};

struct shared_sum {
    mutex_memory mutex;
    std::uint64_t sum = 0;
    std::atomic<std::uint64_t> expected = 0;
};

struct lazily_made {
    std::uint64_t guard = 0;
    std::uint64_t value = 0;
};

// As large as its goroutine does not copy in one piece.
struct passed_on {
    std::uint64_t sum = 0;
    std::array<std::uint64_t, 5> rest{};
};

// What all of a round lock, each in its own way.
struct locked {
    rt0::mutex mutex;
    std::uint64_t sum = 0;
    std::atomic<std::uint64_t> expected = 0;

    rt0::shared_mutex shared;
    std::array<std::uint64_t, 2> same{};

    rt0::condition_variable some;
    std::uint64_t items = 0; // under mutex

    rt0::counting_semaphore<> permits{2};
    std::atomic<int> with_a_permit = 0;
};

rt0::goroutine_local<std::uint64_t> whose;

struct round_state {
    std::atomic<std::size_t> started = 0;
    std::atomic<std::size_t> began = 0;
    std::atomic<std::size_t> ended = 0;
    rt0::wait_group all;
    std::array<shared_sum, 3> sums;
    locked under;
    rt0::singleflight<std::uint64_t, std::uint64_t> flights;
    rt0::timer common{std::chrono::hours(1)};
    std::array<lazily_made, 6> lazies;
    std::array<std::atomic<heap_block*>, 16> heap{};
    std::array<std::atomic<cached_block*>, 16> blocks{};
};

constexpr std::uint64_t leaves_of(std::uint64_t depth, std::uint64_t fan) {
    return depth == 0 ? 1 : fan * leaves_of(depth - 1, fan);
}

std::uint64_t tree(std::uint64_t depth, std::uint64_t fan) {
    if (depth == 0) {
        return 1;
    }
    std::array<std::uint64_t, 3> leaves{};
    rt0::wait_group children;
    for (std::uint64_t i = 0; i < fan; ++i) {
        children.go([&leaves, i, depth, fan] { leaves.at(i) = tree(depth - 1, fan); });
    }
    children.wait();
    std::uint64_t sum = 0;
    for (const std::uint64_t one : leaves) {
        sum += one;
    }
    return sum;
}

class actor {
public:
    // budget: how many goroutines it may start that are like itself.
    actor(round_state& round, std::uint64_t seed, std::size_t budget)
        : round_(round)
        , choose_(seed)
        , budget_(budget)
        , number_(rt0::goid()) {
        round_.began.fetch_add(1, relaxed);
    }
    actor(const actor&) = delete;
    actor& operator=(const actor&) = delete;
    ~actor() {
        round_.ended.fetch_add(1, relaxed);
        round_.all.done();
    }

    void live(std::uint64_t turns) {
        for (; turns > 0; --turns) {
            do_something();
        }
        while (budget_ > 0) {
            start_others();
        }
        if (choose_.one_in(30)) {
            rt0::lock_os_thread(); // its thread ends with it
        }
    }

private:
    // A goroutine runs on one thread at a time.
    class away {
    public:
        explicit away(actor& of)
            : of_(of) {
            require(of_.inside_.exchange(0, relaxed) == 1, "a goroutine ran twice at once");
        }
        away(const away&) = delete;
        away& operator=(const away&) = delete;
        ~away() {
            require(of_.inside_.exchange(1, relaxed) == 0, "a goroutine runs twice at once");
            require(rt0::goid() == of_.number_, "a goroutine goes on as another");
        }

    private:
        actor& of_;
    };

    void do_something() {
        constexpr std::array<void (actor::*)(), 29> all{
            &actor::yield,
            &actor::compute,
            &actor::start_others,
            &actor::grow_a_tree,
            &actor::meet_a_crowd,
            &actor::write_letters,
            &actor::add_to_a_sum,
            &actor::make_lazily,
            &actor::exchange_memory,
            &actor::exchange_a_block,
            &actor::use_segments,
            &actor::use_a_plain_stack,
            &actor::use_a_pipe,
            &actor::sleep,
            &actor::be_tied,
            &actor::have_a_name,
            &actor::do_once,
            &actor::count,
            &actor::use_channels,
            &actor::take_turns,
            &actor::lock,
            &actor::read_or_write,
            &actor::give_and_take,
            &actor::have_a_permit,
            &actor::go_in_phases,
            &actor::share_a_task,
            &actor::wait_for_a_time,
            &actor::stop_a_call,
            &actor::cancel_a_tree,
        };
        machine::preemption_point();
        (this->*all.at(choose_.below(all.size())))();
    }

    void yield() {
        for (std::uint64_t n = choose_.between(1, 6); n > 0; --n) {
            const away from(*this);
            rt0::yield();
        }
    }

    // As a function that calls others does: now and then for longer than a time slice.
    void compute() {
        for (std::uint64_t n = choose_.below(choose_.one_in(20) ? 2'000'000 : 2000); n > 0; --n) {
            if (n % 64 == 0) {
                const away from(*this);
                machine::preemption_point();
            }
        }
    }

    void sleep() {
        const away from(*this);
        sleep_in_the_kernel(choose_.between(1, 200'000));
    }

    void start_others() {
        if (budget_ == 0) {
            return;
        }
        std::size_t left = choose_.between(1, budget_);
        budget_ -= left;
        rt0::wait_group joined;
        const bool join = choose_.one_in(2);
        while (left > 0) {
            const std::size_t share = choose_.between(1, left);
            left -= share;
            round_.all.add(1);
            round_.started.fetch_add(1, relaxed);
            auto begin = [&round = round_, seed = choose_.next(), budget = share - 1,
                          turns = choose_.below(4),
                          boxed = std::make_unique<std::uint64_t>(share)] {
                require(*boxed == budget + 1, "a closure is not what it was");
                actor(round, seed, budget).live(turns);
            };
            if (join) {
                joined.go(std::move(begin));
            } else {
                rt0::go(std::move(begin));
            }
        }
        if (join) {
            const away from(*this);
            joined.wait();
        }
    }

    void grow_a_tree() {
        const std::uint64_t fan = choose_.between(1, 3);
        const std::uint64_t depth = choose_.between(1, 3);
        const away from(*this);
        require(tree(depth, fan) == leaves_of(depth, fan), "a tree has lost a leaf");
    }

    // Many wait for one.
    void meet_a_crowd() {
        const std::uint64_t size = choose_.one_in(8) ? 40 : choose_.between(1, 8);
        const std::uint64_t yields = choose_.below(3);
        rt0::wait_group gate;
        rt0::wait_group all;
        std::uint64_t opened = 0;
        gate.add(1);
        for (std::uint64_t i = 0; i < size; ++i) {
            all.go([&gate, &opened, yields, i] {
                for (std::uint64_t n = i % (yields + 1); n > 0; --n) {
                    rt0::yield();
                }
                gate.wait();
                require(opened == 1, "wait returns before its time");
            });
        }
        for (std::uint64_t n = yields; n > 0; --n) {
            yield();
        }
        opened = 1;
        gate.done();
        const away from(*this);
        all.wait();
    }

    void write_letters() {
        mailbox box;
        rt0::wait_group writers;
        const std::uint64_t count = choose_.between(1, 3);
        const std::uint64_t each = choose_.between(1, 5);
        const bool yields = choose_.one_in(2);
        for (std::uint64_t i = 0; i < count; ++i) {
            writers.go([&box, each, yields, i] {
                for (std::uint64_t n = 0; n < each; ++n) {
                    box.send(std::make_unique<std::uint64_t>(i + 1));
                    if (yields) {
                        rt0::yield();
                    }
                }
            });
        }
        const away from(*this);
        std::uint64_t sum = 0;
        for (std::uint64_t n = count * each; n > 0; --n) {
            sum += *box.receive();
        }
        writers.wait();
        require(sum == each * count * (count + 1) / 2, "letters are lost");
    }

    void add_to_a_sum() {
        shared_sum& to = round_.sums.at(choose_.below(round_.sums.size()));
        const std::uint64_t n = choose_.below(1000);
        const std::uint64_t what = choose_.below(6);
        to.expected.fetch_add(n, relaxed);
        if (what > 0 || rt0_mutex_trylock(&to.mutex) != 0) {
            const away from(*this);
            require(rt0_mutex_lock(&to.mutex) == 0, "a mutex is not locked");
        }
        const std::uint64_t before = to.sum;
        if (what == 1) {
            yield();
        } else if (what == 2) {
            sleep();
        }
        to.sum = before + n;
        require(rt0_mutex_unlock(&to.mutex) == 0, "a mutex is not unlocked");
    }

    void make_lazily() {
        lazily_made& object = round_.lazies.at(choose_.below(round_.lazies.size()));
        const std::uint64_t yields = choose_.below(3);
        const bool fails = choose_.one_in(4);
        // As the compiler's code does it: the first byte says that it is initialised.
        while (__atomic_load_n(reinterpret_cast<char*>(&object.guard), __ATOMIC_ACQUIRE) == 0) {
            int mine = 0;
            {
                const away from(*this);
                mine = rt0_guard_acquire(&object.guard);
            }
            if (mine == 0) {
                break;
            }
            for (std::uint64_t n = yields; n > 0; --n) {
                yield();
            }
            if (fails && yields == 0) {
                rt0_guard_abort(&object.guard);
                return;
            }
            object.value += 42;
            rt0_guard_release(&object.guard);
        }
        require(object.value == 42, "seen before it was initialised, or initialised twice");
    }

    void do_once() {
        static int done = 0;
        static std::uint64_t value = 0;
        const away from(*this);
        rt0_once(&done, [] {
            rt0::yield();
            value += 42;
        });
        require(value == 42, "once is not once");
    }

    void exchange_memory() {
        const std::size_t size = choose_.one_in(20) ? choose_.below(200'000) : choose_.below(1000);
        heap_block* mine = make_heap_block(size, choose_.next());
        if (choose_.one_in(3)) {
            const std::size_t other = choose_.below(2 * size + 1);
            void* const moved = rt0_realloc(mine, sizeof(heap_block) + other);
            require(moved != nullptr, "no memory");
            mine = static_cast<heap_block*>(moved);
            const std::size_t kept = std::min(size, other);
            require(is_filled(mine->contents().first(kept), mine->seed),
                    "realloc has not kept what was there");
            mine->size = other;
            fill(mine->contents(), mine->seed);
        }
        // Release and acquire: the contents go with it.
        check_and_free(round_.heap.at(choose_.below(round_.heap.size()))
                           .exchange(mine, std::memory_order_acq_rel));
    }

    void exchange_a_block() {
        cached_block* const mine =
            make_cached_block(static_cast<unsigned>(choose_.below(4)), choose_.next());
        check_and_free(round_.blocks.at(choose_.below(round_.blocks.size()))
                           .exchange(mine, std::memory_order_acq_rel));
    }

    // What __morestack does for a function that finds no room; and what it does while that is in
    // the kernel, where the thread has no p.
    void use_segments() {
        g* const gp = getg();
        mem::segment* const first = gp->segment;
        const bool in_kernel = choose_.one_in(4);
        if (in_kernel) {
            entersyscall();
        }
        for (std::uint64_t depth = choose_.between(1, 4); depth > 0; --depth) {
            const std::size_t need =
                choose_.one_in(10) ? choose_.below(400'000) : choose_.below(6000);
            const no_preempt here;
            mem::segment* const last = gp->segment;
            if (last->next == nullptr || last->next->room < need) {
                grow_stack(last, need);
            }
            gp->segment = last->next;
            fill(usable(gp->segment), number_);
        }
        if (in_kernel) {
            exitsyscall();
        }
        yield();
        while (gp->segment != first) {
            require(is_filled(usable(gp->segment), number_), "a segment has changed");
            gp->segment = gp->segment->prev;
        }
    }

    // Of a large one, as much as a function may touch.
    static std::span<std::byte> usable(mem::segment* of) {
        const std::size_t size =
            std::min(reinterpret_cast<std::uintptr_t>(of) - of->guard, std::size_t{8192});
        return {reinterpret_cast<std::byte*>(of) - size, size};
    }

    void use_a_plain_stack() {
        rt0::wait_group other;
        other.add(1);
        std::uint64_t ran = 0;
        rt0::go(rt0::stack_size(choose_.below(100'000)), [&other, &ran] {
            rt0::yield();
            ran = 1;
            other.done();
        });
        const away from(*this);
        other.wait();
        require(ran == 1, "wait returns before its time");
    }

    // A goroutine of its own reads, what is there already or only comes when it waits for it.
    void use_a_pipe() {
        std::array<int, 2> fds{};
        require(pipe(fds.data()) == 0, "no pipe");
        rt0::file in(fds[0]);
        rt0::file out(fds[1]);
        const std::uint64_t wait = choose_.below(3);
        const std::uint64_t seed = choose_.next();
        std::array<std::byte, 100> sent{};
        fill(sent, seed);
        rt0::wait_group reader;
        reader.go([&in, seed] {
            std::array<std::byte, 100> got{};
            const auto size = in.read(got);
            require(size.value_or(0) == got.size() && is_filled(got, seed), "a read of a pipe");
        });
        if (wait == 1) {
            yield();
        } else if (wait == 2) {
            sleep();
        }
        const away from(*this);
        require(out.write(sent).has_value(), "a write to a pipe");
        reader.wait();
    }

    // What some send through two channels, of words and of what has to be moved, comes out once.
    void use_channels() {
        using letter = std::unique_ptr<std::uint64_t>;
        rt0::chan<std::uint64_t> words(choose_.below(4));
        rt0::chan<letter> letters(choose_.below(4));
        const std::uint64_t count = choose_.between(1, 3);
        const std::uint64_t each = choose_.between(1, choose_.one_in(10) ? 200 : 10);
        rt0::wait_group senders;
        std::atomic<std::uint64_t> sent = 0;
        for (std::uint64_t i = 1; i <= count; ++i) {
            senders.go([&words, &letters, &sent, each, choose = choices(choose_.next())]() mutable {
                for (std::uint64_t n = each; n > 0; --n) {
                    const std::uint64_t value = choose.below(1000);
                    sent.fetch_add(value, relaxed);
                    switch (choose.below(4)) {
                    case 0:
                        words.send(value);
                        break;
                    case 1:
                        if (!words.try_send(value)) {
                            letters.send(std::make_unique<std::uint64_t>(value));
                        }
                        break;
                    default:
                        rt0::select(
                            rt0::send(words, value, [] {}),
                            rt0::send(letters, std::make_unique<std::uint64_t>(value), [] {}));
                    }
                }
            });
        }
        rt0::go([&] {
            senders.wait();
            words.close();
            letters.close();
        });
        const away from(*this);
        std::uint64_t got = 0;
        rt0::chan<std::uint64_t> open_words = words; // null where it is closed
        rt0::chan<letter> open_letters = letters;
        while (open_words || open_letters) {
            rt0::select(rt0::recv(open_words,
                                  [&](std::optional<std::uint64_t> value) {
                                      got += value.value_or(0);
                                      if (!value) {
                                          open_words = {};
                                      }
                                  }),
                        rt0::recv(open_letters, [&](std::optional<letter> value) {
                            got += value ? **value : 0;
                            if (!value) {
                                open_letters = {};
                            }
                        }));
        }
        require(got == sent.load(relaxed), "what comes out of channels is not what went in");
    }

    // A channel with room for one lets one in at a time; one thread has had it alone before, or
    // not.
    void take_turns() {
        const rt0::chan<passed_on> turn(1);
        const std::uint64_t alone = choose_.below(10);
        const std::uint64_t each = choose_.between(1, 10);
        turn.send({});
        const auto add = [&turn](std::uint64_t times) {
            for (; times > 0; --times) {
                passed_on mine = turn.recv().value_or(passed_on{});
                ++mine.sum;
                turn.send(mine);
            }
        };
        add(alone);
        rt0::wait_group others;
        for (int i = 0; i < 3; ++i) {
            others.go(add, each);
        }
        const away from(*this);
        others.wait();
        require(turn.recv().value_or(passed_on{}).sum == alone + 3 * each,
                "a channel has let two in");
    }

    void lock() {
        locked& to = round_.under;
        const std::uint64_t times = choose_.between(1, 20);
        to.expected.fetch_add(times, relaxed);
        for (std::uint64_t n = times; n > 0; --n) {
            const away from(*this);
            std::unique_lock lock(to.mutex, std::defer_lock);
            if (!choose_.one_in(4) || !lock.try_lock_for(a_limit())) {
                lock.lock();
            }
            ++to.sum;
            if (choose_.one_in(30)) {
                rt0::yield();
            }
        }
    }

    void read_or_write() {
        locked& to = round_.under;
        for (std::uint64_t n = choose_.between(1, 60); n > 0; --n) {
            const away from(*this);
            if (choose_.one_in(40)) {
                const std::lock_guard lock(to.shared);
                ++to.same[0];
                ++to.same[1];
            } else {
                std::shared_lock lock(to.shared, std::defer_lock);
                if (choose_.one_in(2) || !lock.try_lock()) {
                    lock.lock();
                }
                require(to.same[0] == to.same[1], "somebody writes while another one reads");
                if (choose_.one_in(30)) {
                    rt0::yield();
                }
            }
        }
    }

    // By timers of its own, and by one of all that whoever comes stops and starts.
    void wait_for_a_time() {
        const away from(*this);
        const std::chrono::nanoseconds time(choose_.below(50'000));
        const auto start = std::chrono::steady_clock::now();
        switch (choose_.below(4)) {
        case 0:
            runtime::sleep_until(runtime::time_after(time.count()));
            break;
        case 1: {
            rt0::timer t(time);
            if (choose_.one_in(2)) {
                require(t.stop(), "a value of a timer is lost");
                require(!t.try_recv().has_value(), "a stopped timer has sent");
                (void)t.reset(time);
            }
            require(t.recv().has_value(), "a timer sends nothing");
            break;
        }
        case 2:
            rt0::select(rt0::recv(rt0::after(time), [] {}), rt0::recv(round_.common, [] {}));
            return;
        default:
            if (choose_.one_in(4)) {
                (void)round_.common.stop();
            } else {
                (void)round_.common.reset(time);
            }
            return;
        }
        require(std::chrono::steady_clock::now() - start >= time, "a timer is too early");
    }

    // Either it is called or it is stopped.
    void stop_a_call() {
        const away from(*this);
        round_.all.add(1);
        const auto call = [&all = round_.all] { all.done(); };
        auto later = rt0::after_func(std::chrono::nanoseconds(choose_.below(50'000)), call);
        for (std::uint64_t n = choose_.below(3); n > 0; --n) {
            round_.all.add(1);
            if (later.reset(std::chrono::nanoseconds(choose_.below(50'000)))) {
                round_.all.done(); // one call for two
            }
        }
        if (choose_.one_in(2) && later.stop()) {
            round_.all.done();
        }
    }

    // Often none at all.
    std::chrono::nanoseconds a_limit() {
        return std::chrono::nanoseconds(choose_.one_in(2) ? 0 : choose_.below(5'000));
    }

    // A context that several make others from while it is cancelled, or its time is over.
    void cancel_a_tree() {
        const away from(*this);
        const std::chrono::nanoseconds limit(choose_.below(50'000));
        auto root = choose_.one_in(2) ? rt0::with_cancel(rt0::context())
                                      : rt0::with_timeout(rt0::context(), limit);
        auto calls = std::make_shared<std::atomic<int>>(0);
        for (std::uint64_t n = choose_.below(4); n > 0; --n) {
            round_.all.add(1);
            rt0::go([ctx = root.ctx, limit, calls, waits = choose_.one_in(2), &all = round_.all] {
                const rt0::cancellable child = rt0::with_timeout(ctx, limit * 2);
                rt0::context_stop stop = rt0::after_func(child.ctx, [calls] { ++*calls; });
                if (waits) {
                    (void)child.ctx.done().recv();
                    require(!stop() && static_cast<bool>(child.ctx.cause()),
                            "a context is done that is not cancelled");
                }
                all.done();
            });
        }
        if (choose_.one_in(2)) {
            rt0::yield();
        }
        root.cancel(rt0::error::broken_pipe);
        require(static_cast<bool>(root.ctx.cause()), "what is cancelled is not");
    }

    // Each gives as many as it takes, first.
    void give_and_take() {
        locked& to = round_.under;
        const std::uint64_t count = choose_.between(1, 3);
        {
            const std::lock_guard lock(to.mutex);
            to.items += count;
        }
        for (std::uint64_t n = count; n > 1; --n) {
            to.some.notify_one();
        }
        to.some.notify_all();
        for (std::uint64_t n = count; n > 0; --n) {
            const away from(*this);
            std::unique_lock lock(to.mutex);
            while (to.items == 0) {
                if (choose_.one_in(3)) {
                    (void)to.some.wait_for(lock, a_limit());
                } else {
                    to.some.wait(lock);
                }
            }
            --to.items;
        }
    }

    void have_a_permit() {
        locked& to = round_.under;
        const away from(*this);
        if (!choose_.one_in(2) || !to.permits.try_acquire_for(a_limit())) {
            to.permits.acquire();
        }
        require(to.with_a_permit.fetch_add(1, relaxed) < 2, "more have a permit than there are");
        if (choose_.one_in(2)) {
            rt0::yield();
        }
        to.with_a_permit.fetch_sub(1, relaxed);
        to.permits.release();
    }

    // What one has written in a phase the others read in the next.
    void go_in_phases() {
        constexpr std::size_t most = 4;
        const std::size_t count = choose_.between(1, most);
        const std::uint64_t phases = choose_.between(1, 5);
        std::array<std::uint64_t, most> written{};
        std::uint64_t completed = 0;
        const auto completes = [&completed] { ++completed; };
        rt0::barrier<decltype(completes)> barrier(static_cast<std::ptrdiff_t>(count), completes);
        rt0::latch ended(static_cast<std::ptrdiff_t>(count));
        for (std::size_t i = 0; i < count; ++i) {
            rt0::go([&, i] {
                for (std::uint64_t phase = 1; phase <= phases; ++phase) {
                    written.at(i) = phase;
                    barrier.arrive_and_wait();
                    require(completed == 2 * phase - 1, "a phase is not complete");
                    for (std::size_t j = 0; j < count; ++j) {
                        require(written.at(j) == phase, "a phase has begun before its time");
                    }
                    barrier.arrive_and_wait();
                }
                ended.count_down();
            });
        }
        const away from(*this);
        ended.wait();
    }

    void share_a_task() {
        *whose = number_;
        rt0::task_group group;
        group.set_limit(static_cast<std::ptrdiff_t>(choose_.between(1, 3)));
        std::array<std::uint64_t, 4> got{};
        {
            const away from(*this);
            for (std::size_t i = 0; i < got.size(); ++i) {
                group.go([this, &got, i] {
                    require(*whose == 0, "a goroutine begins with what is another one's");
                    *whose = i + 1;
                    got.at(i) = round_.flights
                                    .call(i % 2,
                                          [i] {
                                              rt0::yield();
                                              return i % 2 + 1;
                                          })
                                    .value;
                    require(*whose == i + 1, "a goroutine has what is another one's");
                });
            }
            require(!group.wait(), "a task has an error");
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
            require(got.at(i) == i % 2 + 1, "a call has given what is another one's");
        }
        require(*whose == number_, "a goroutine has what is another one's");
    }

    void be_tied() {
        rt0::lock_os_thread();
        const pid_t thread = gettid();
        for (std::uint64_t n = choose_.between(1, 4); n > 0; --n) {
            switch (choose_.below(4)) {
            case 0:
                add_to_a_sum();
                break;
            case 1:
                sleep();
                break;
            case 2:
                grow_a_tree();
                break;
            default:
                yield();
                break;
            }
            require(gettid() == thread, "a tied goroutine is on another thread");
        }
        rt0::unlock_os_thread();
    }

    void have_a_name() {
        constexpr std::string_view text =
            "a name that is as long as a name may be, and then some more than that";
        rt0::set_name(text.substr(0, choose_.below(text.size())));
        yield();
    }

    void count() {
        require(rt0::num_goroutine() >= 1, "there is no goroutine");
        require(rt0::num_cpu() >= 1, "there is no processor");
    }

    round_state& round_;
    choices choose_;
    std::size_t budget_;
    std::uint64_t number_;
    std::atomic<int> inside_ = 1;
};

void change_gomaxprocs(choices choose, const std::atomic<bool>& over) {
    int before = rt0::gomaxprocs();
    while (!over.load(relaxed)) {
        const int n = choose.one_in(2) ? 1 : static_cast<int>(choose.between(2, 6));
        require(rt0::gomaxprocs(n) == before, "gomaxprocs is not what it was set to");
        before = n;
        if (choose.one_in(3)) {
            sleep_in_the_kernel(choose.between(1, 1'000'000));
        }
        for (std::uint64_t i = choose.below(50); i > 0; --i) {
            rt0::yield();
        }
    }
}

// Blocks that nobody has are seen too.
[[gnu::no_sanitize_address]] void count_if_alive(void* block, void* count) {
    const auto* const gp = static_cast<const g*>(mem::goroutine_place(block));
    g_status status{};
    __atomic_load(reinterpret_cast<const g_status*>(&gp->status), &status, __ATOMIC_RELAXED);
    if (status != g_status::dead && status != g_status::idle) {
        ++*static_cast<std::size_t*>(count);
    }
}

// Until this goroutine is the only one, and its thread the only one that is awake: all that the
// scheduler counts has to come down to that.
void settle() {
    while (rt0::num_goroutine() != 1) {
        rt0::yield();
    }
    for (;;) {
        {
            const lock_guard guard(sched.lock);
            if (sched.mcount - sched.nmidle - sched.nmlocked - sched.nmsys == 1 &&
                sched.nmspinning.load(relaxed) == 0 && sched.runq.size == 0 &&
                sched.npidle.load(relaxed) + 1 == sched.gomaxprocs.load(relaxed)) {
                for (const p* pp = sched.pidle; pp != nullptr; pp = pp->link) {
                    require(runqempty(pp), "a goroutine is left in a queue");
                }
                break;
            }
        }
        sleep_in_the_kernel(50'000);
    }
    std::size_t running = 0;
    mem::for_each_goroutine_block(count_if_alive, &running);
    require(running == 1, "a goroutine is left");
}

std::size_t run_round(choices choose) {
    round_state round;
    rt0::gomaxprocs(static_cast<int>(choose.between(1, 5)));
    const bool tied = choose.one_in(8);
    if (tied) {
        rt0::lock_os_thread();
    }
    std::atomic<bool> over = false;
    rt0::wait_group changer;
    if (choose.one_in(3)) {
        changer.go(change_gomaxprocs, choose, std::cref(over));
    }
    for (std::uint64_t n = choose.between(1, 12); n > 0; --n) {
        round.all.add(1);
        round.started.fetch_add(1, relaxed);
        rt0::go([&round, seed = choose.next(), budget = choose.below(12),
                 turns = choose.between(1, 12)] { actor(round, seed, budget).live(turns); });
    }
    round.all.wait();
    over.store(true, relaxed);
    changer.wait();
    settle();
    if (tied) {
        rt0::unlock_os_thread();
    }
    const std::size_t started = round.started.load(relaxed);
    require(round.began.load(relaxed) == started, "a goroutine never began, or twice");
    require(round.ended.load(relaxed) == started, "a goroutine never ended, or twice");
    for (const shared_sum& each : round.sums) {
        require(each.sum == each.expected.load(relaxed), "a sum under a mutex is wrong");
    }
    require(round.under.sum == round.under.expected.load(relaxed), "a sum under a mutex is wrong");
    require(round.under.items == 0, "something is left that was given");
    for (auto& each : round.heap) {
        check_and_free(each.exchange(nullptr, std::memory_order_acquire));
    }
    for (auto& each : round.blocks) {
        check_and_free(each.exchange(nullptr, std::memory_order_acquire));
    }
    // Some time for threads that have nothing to do to end.
    if (choose.one_in(4)) {
        sleep_in_the_kernel(choose.below(5'000'000));
    }
    return started;
}

int run_rounds(std::uint64_t seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    const std::uint64_t first = current_round;
    std::size_t goroutines = 0;
    do {
        goroutines += run_round(choices(soak::mix(seed_of_all) ^ soak::mix(current_round + 1)));
        ++current_round;
    } while (std::chrono::steady_clock::now() < end);
    std::printf("mix: %lu rounds, %zu goroutines, seed %lu: ok\n", current_round - first,
                goroutines, seed_of_all);
    return 0;
}

// All wait, each for another reason, and the last one comes back from the kernel to do so.
int deadlock() {
    static rt0::wait_group never;
    static mailbox box;
    static mutex_memory mutex;
    never.add(1);
    rt0::gomaxprocs(3);
    rt0_mutex_lock(&mutex);
    for (int i = 0; i < 4; ++i) {
        rt0::go([] { never.wait(); });
        rt0::go([] { (void)box.receive(); });
        rt0::go([] { rt0_mutex_lock(&mutex); });
        rt0::go([] {
            rt0::lock_os_thread();
            sleep_in_the_kernel(1'000'000);
            never.wait();
        });
    }
    sleep_in_the_kernel(2'000'000);
    never.wait();
    return 1;
}

std::uint64_t number(const char* text) {
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        std::fprintf(stderr, "mix SECONDS [SEED [ROUND]] | mix deadlock\n");
        std::exit(2);
    }
    return value;
}

} // namespace

extern "C" {
// A report ends the program: what comes behind it is its consequence. Without one it ends at once.
const char* __tsan_default_options();
const char* __tsan_default_options() {
    return "halt_on_error=1:atexit_sleep_ms=0";
}
// The runtime's heap and the goroutines' stacks are not the host's, so what they point at would
// count as lost.
const char* __asan_default_options();
const char* __asan_default_options() {
    return "detect_leaks=0:detect_stack_use_after_return=1";
}
}

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "deadlock") == 0) {
        machine::run(2, deadlock);
    }
    const std::uint64_t seconds = number(argc > 1 ? argv[1] : "");
    seed_of_all =
        argc > 2 ? number(argv[2])
                 : static_cast<std::uint64_t>(
                       std::chrono::steady_clock::now().time_since_epoch().count() % 1'000'000'000);
    current_round = argc > 3 ? number(argv[3]) : 0;
    std::printf("mix: seed %lu\n", seed_of_all);
    std::fflush(stdout);
    machine::run(2, [seconds] { return run_rounds(seconds); });
}
