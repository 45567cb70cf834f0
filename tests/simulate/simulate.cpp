// Random programs under the simulated kernel: goroutines by the thousand that do what goroutines
// do, and what must hold whatever the schedule and whatever the kernel refuses:
//
//   * every goroutine that is started begins once, runs on one thread at a time, and ends once;
//   * who waits goes on when what it waits for has happened, and not before; nobody waits for ever;
//   * a mutex has one owner; what is written to a pipe, or sent through a channel, comes out of it,
//     once and in order;
//   * a program all of whose goroutines wait for ever is told so;
//   * a refusal that the runtime cannot do without ends it with a line that says so.
#include <rt0/os.h>
#include <rt0/rt0.h>
#include <rt0/testing.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/knobs.h"
#include "base/report.h"
#include "sched/sched.h"
#include "sched/timer.h"
#include "tests/explore/explore.h"
#include "tests/simulate/kernel.h"
#include "tests/simulate/simulator.h"

namespace runtime {
struct mutex;
// abi/mutex.cpp
int mutex_lock(mutex* object) asm("simulated_mutex_lock");
int mutex_unlock(mutex* object) asm("simulated_mutex_unlock");
} // namespace runtime

namespace {

using explore::check;
using simulate::below;
using simulate::one_in;
using simulate::prologue;

// What a goroutine has come to.
struct life {
    int begun = 0;
    int ended = 0;
    int inside = 0;
};

class shared_sum {
public:
    void add(std::uint64_t steps) {
        check(runtime::mutex_lock(object()) == 0, "a lock fails");
        check(++inside_ == 1, "a mutex has two owners");
        for (; steps > 0; --steps) {
            prologue();
        }
        ++sum_;
        check(--inside_ == 0, "a mutex has two owners");
        check(runtime::mutex_unlock(object()) == 0, "an unlock fails");
    }
    [[nodiscard]] int sum() const { return sum_; }

private:
    runtime::mutex* object() { return reinterpret_cast<runtime::mutex*>(mutex_.data()); }

    alignas(8) std::array<std::byte, 40> mutex_{};
    int inside_ = 0;
    int sum_ = 0;
};

// The same by a channel that has room for one value.
class sum_by_channel {
public:
    void add(std::uint64_t steps) {
        turn_.send(1);
        check(++inside_ == 1, "a channel has room for two");
        for (; steps > 0; --steps) {
            prologue();
        }
        ++sum_;
        check(--inside_ == 0, "a channel has room for two");
        check(turn_.recv() == 1, "another value");
    }
    [[nodiscard]] int sum() const { return sum_; }

private:
    rt0::chan<int> turn_{1};
    int inside_ = 0;
    int sum_ = 0;
};

// What is in rt0/sync.h, between all goroutines.
class meeting_place {
public:
    void meet() {
        switch (below(4)) {
        case 0: {
            const std::lock_guard guard(mutex_);
            const among here(holders_, 1, "a mutex has two owners");
            stay();
            break;
        }
        case 1:
            share();
            break;
        case 2: {
            permits_.acquire();
            {
                const among here(with_a_permit_, 2, "more have a permit than there are");
                stay();
            }
            permits_.release();
            break;
        }
        default:
            give_and_take();
            break;
        }
    }
    [[nodiscard]] int left() const { return items_; }

private:
    // One of so many at most.
    class among {
    public:
        among(int& count, int most, const char* text)
            : count_(count) {
            check(++count_ <= most, text);
        }
        among(const among&) = delete;
        among& operator=(const among&) = delete;
        ~among() { --count_; }

    private:
        int& count_;
    };

    static void stay() {
        for (std::uint64_t steps = below(10); steps > 0; --steps) {
            prologue();
        }
        if (one_in(8)) {
            rt0::yield();
        }
    }

    void share() {
        for (std::uint64_t turns = 1 + below(20); turns > 0; --turns) {
            if (one_in(10)) {
                const std::lock_guard guard(shared_);
                check(readers_ == 0, "somebody writes while another one reads");
                const among here(writers_, 1, "two write");
                stay();
            } else {
                const std::shared_lock guard(shared_);
                check(writers_ == 0, "somebody reads while another one writes");
                ++readers_;
                stay();
                --readers_;
            }
        }
    }

    // Each gives one before it takes one.
    void give_and_take() {
        {
            const std::lock_guard guard(mutex_);
            ++items_;
        }
        one_in(2) ? some_.notify_one() : some_.notify_all();
        std::unique_lock guard(mutex_);
        some_.wait(guard, [this] { return items_ > 0; });
        --items_;
    }

    rt0::mutex mutex_;
    int holders_ = 0;
    rt0::condition_variable some_;
    int items_ = 0;
    rt0::shared_mutex shared_;
    int writers_ = 0;
    int readers_ = 0;
    rt0::counting_semaphore<> permits_{2};
    int with_a_permit_ = 0;
};

// All of a run.
std::deque<life> lives;
std::size_t budget; // of goroutines
std::size_t started;
rt0::wait_group everybody;
std::array<shared_sum, 3> sums;
int added;
std::unique_ptr<sum_by_channel> channel_sum;
int added_by_channel;
std::unique_ptr<meeting_place> place;
rt0::goroutine_local<int> own_number;

// What goroutines do, and how often each: other mixes in each run, some of them without most.
enum class act : std::uint8_t {
    yield,
    call,
    spin,
    start,
    add,
    sleep,
    talk,
    grow,
    tie,
    procs,
    name,
    take_turns,
    exchange,
    meet,
    wait,
};
std::vector<act> mix;

void choose_mix() {
    for (const act each :
         {act::yield, act::call, act::spin, act::start, act::add, act::sleep, act::talk, act::grow,
          act::tie, act::procs, act::name, act::take_turns, act::exchange, act::meet, act::wait}) {
        mix.insert(mix.end(), one_in(3) ? 0 : 1 + below(5), each);
    }
    mix.push_back(act::yield);
}

class goroutine {
public:
    explicit goroutine(life& own)
        : own_(own) {}

    void live() {
        check(++own_.begun == 1, "a goroutine begins twice");
        enter();
        have_nothing();
        for (std::uint64_t turns = 1 + below(20); turns > 0; --turns) {
            do_something();
        }
        leave();
        check(++own_.ended == 1, "a goroutine ends twice");
        leave_something();
        everybody.done();
    }

    // So many at most may be started by this one and those that it starts. Whoever starts them
    // returns when it has, and they need not have ended.
    static bool start(rt0::wait_group* waits_for) {
        if (one_in(30)) {
            // As rt0::go where the closure cannot be made.
            rt0::detail::closure_base* room = nullptr;
            rt0::detail::drop_goroutine(
                rt0::detail::new_goroutine(100, 16, below(2) * 100'000, &room));
        }
        if (started == budget) {
            return false;
        }
        ++started;
        life& its = lives.emplace_back();
        everybody.add(1);
        if (waits_for != nullptr) {
            waits_for->add(1);
        }
        const auto body = [&its, waits_for] {
            goroutine(its).live();
            if (waits_for != nullptr) {
                waits_for->done();
            }
        };
        if (one_in(30)) {
            rt0::go(rt0::stack_size(below(1'000'000)), body);
        } else {
            rt0::go(body);
        }
        return true;
    }

private:
    // Between these two it runs on one thread; leave is before it may be elsewhere.
    void enter() { check(++own_.inside == 1, "a goroutine runs twice at once"); }
    void leave() { check(--own_.inside == 0, "a goroutine runs twice at once"); }

    void do_something() {
        simulate::comes_on();
        switch (mix[below(mix.size())]) {
        case act::yield:
            leave();
            rt0::yield();
            enter();
            break;
        case act::call:
            for (std::uint64_t calls = below(one_in(40) ? 20'000 : 300); calls > 0; --calls) {
                prologue();
            }
            break;
        case act::spin:
            // Calls nothing.
            for (std::uint64_t steps = below(one_in(40) ? 20'000 : 300); steps > 0; --steps) {
                explore::fence(0);
            }
            break;
        case act::start:
            start_some();
            break;
        case act::add: {
            auto& sum = sums.at(below(sums.size()));
            ++added;
            leave();
            sum.add(below(10));
            enter();
            break;
        }
        case act::sleep:
            leave();
            simulate::sleep_in_the_kernel(static_cast<std::int64_t>(1 + below(200'000)));
            enter();
            break;
        case act::wait:
            if (one_in(2)) {
                wait_for_time();
                break;
            }
            leave();
            if (one_in(2)) {
                contexts();
            } else {
                limits(some_time());
            }
            enter();
            break;
        case act::talk:
            talk();
            break;
        case act::grow:
            for (std::uint64_t depth = 1 + below(6); depth > 0; --depth) {
                simulate::grow_stack(100 + below(one_in(10) ? 400'000 : 2'000));
            }
            break;
        case act::tie:
            tie();
            break;
        case act::name:
            have_a_name();
            break;
        case act::procs:
            (void)rt0::gomaxprocs(static_cast<int>(1 + below(8)));
            break;
        case act::take_turns:
            ++added_by_channel;
            leave();
            channel_sum->add(below(10));
            enter();
            break;
        case act::exchange:
            exchange();
            break;
        case act::meet:
            leave();
            place->meet();
            enter();
            break;
        }
    }

    void start_some() {
        auto own = std::make_unique<rt0::wait_group>();
        std::uint64_t count = one_in(20) ? below(400) : below(4);
        while (count > 0 && start(own.get())) {
            --count;
        }
        leave();
        own->wait();
        enter();
    }

    // A goroutine that writes into a pipe what this one reads from it.
    void talk() {
        if (started == budget) {
            return;
        }
        const auto [from, to] = simulate::make_pipe();
        const std::size_t size = 1 + below(2'000);
        ++started;
        life& its = lives.emplace_back();
        everybody.add(1);
        rt0::go([&its, fd = to, size] {
            check(++its.begun == 1, "a goroutine begins twice");
            rt0::file out(fd);
            std::vector<std::byte> bytes(size);
            for (std::size_t i = 0; i < size; ++i) {
                bytes[i] = static_cast<std::byte>(i * 7);
            }
            check(out.write(bytes).has_value(), "a write fails");
            check(out.close().has_value(), "a close fails");
            check(++its.ended == 1, "a goroutine ends twice");
            everybody.done();
        });
        rt0::file in(from);
        std::array<std::byte, 300> buffer{};
        std::size_t got = 0;
        for (;;) {
            leave();
            const auto count = in.read(buffer);
            enter();
            check(count.has_value(), "a read fails");
            if (*count == 0) {
                break;
            }
            for (std::size_t i = 0; i < *count; ++i) {
                check(buffer.at(i) == static_cast<std::byte>((got + i) * 7),
                      "what comes out of a pipe is not what went in");
            }
            got += *count;
        }
        check(got == size, "not all that went into a pipe comes out");
    }

    // Two goroutines that send what this one receives, each through a channel of its own.
    void exchange() {
        constexpr std::size_t channels = 2;
        if (started + channels > budget) {
            return;
        }
        started += channels; // before any of them runs
        std::array<rt0::chan<int>, channels> from{rt0::chan<int>(below(3)),
                                                  rt0::chan<int>(below(3))};
        std::array<int, channels> size{};
        std::array<int, channels> got{};
        for (std::size_t i = 0; i < channels; ++i) {
            size.at(i) = static_cast<int>(below(one_in(10) ? 100 : 10));
            life& its = lives.emplace_back();
            everybody.add(1);
            rt0::go([&its, to = from.at(i), last = size.at(i)] {
                check(++its.begun == 1, "a goroutine begins twice");
                for (int n = 1; n <= last; ++n) {
                    const rt0::chan<int> never;
                    switch (below(3)) {
                    case 0:
                        to.send(n);
                        break;
                    case 1:
                        if (!to.try_send(n)) {
                            rt0::yield();
                            to.send(n);
                        }
                        break;
                    default:
                        rt0::select(rt0::recv(never, [] {}), rt0::send(to, n, [] {}));
                    }
                    prologue();
                }
                to.close();
                check(++its.ended == 1, "a goroutine ends twice");
                everybody.done();
            });
        }
        // Null where it is closed.
        const auto take = [&](std::size_t i, std::optional<int> value) {
            if (value) {
                check(*value == ++got.at(i), "what comes out of a channel is not what went in");
            } else {
                from.at(i) = rt0::chan<int>();
            }
        };
        while (from[0] || from[1]) {
            leave();
            const std::uint64_t how = below(4);
            if (how == 0) {
                const std::size_t i = from[0] ? 0 : 1;
                take(i, from.at(i).recv());
            } else if (how == 1) {
                rt0::select(rt0::recv(from[0], [&](std::optional<int> v) { take(0, v); }),
                            rt0::otherwise([] { rt0::yield(); }),
                            rt0::recv(from[1], [&](std::optional<int> v) { take(1, v); }));
            } else {
                rt0::select(rt0::recv(from[0], [&](std::optional<int> v) { take(0, v); }),
                            rt0::recv(from[1], [&](std::optional<int> v) { take(1, v); }));
            }
            enter();
        }
        check(got == size, "not all that went into a channel comes out");
    }

    // Mostly short; now and then up to a year, unless sysmon has lines to print all the time.
    static std::chrono::nanoseconds some_time() {
        constexpr std::uint64_t year = 31'556'952'000'000'000;
        const std::uint64_t most = runtime::knobs.schedtrace == 0 && one_in(20) ? year : 200'000;
        return std::chrono::nanoseconds(below(one_in(3) ? 100 : most));
    }

    void wait_for_time() {
        leave();
        const std::chrono::nanoseconds time = some_time();
        const std::int64_t before = runtime::nanotime();
        // The clocks that a held one is: all of them, or none.
        runtime::os::timespec said{};
        const int clock = static_cast<int>(below(12));
        const bool tells = clock < 8 ? clock != 2 && clock != 3 : clock == 11;
        check(runtime::clock_if_held(clock, &said) == (tells && runtime::time_if_held() != 0),
              "a clock is held, or is not");
        if (runtime::time_if_held() != 0 && one_in(8)) {
            rt0::testing::wait();
            check(runtime::nanotime() == before, "the time has not waited");
        }
        if (one_in(4)) {
            rt0::sleep_for(time);
            check(runtime::time_if_held() == 0 || runtime::nanotime() - before == time.count(),
                  "the time that is held has gone on");
        } else if (one_in(3)) {
            ticks(time);
        } else {
            rt0::timer t(time);
            if (one_in(3)) {
                rt0::yield();
            }
            if (one_in(3)) {
                check(one_in(2) ? t.stop() : t.reset(some_time() + std::chrono::hours(1)),
                      "a value of a timer is lost");
                check(!t.try_recv().has_value() || runtime::nanotime() - before > 3'600'000'000'000,
                      "what was sent before stop is received after it");
                (void)t.reset(time);
            }
            check(t.recv().has_value(), "a timer sends nothing");
        }
        check(runtime::nanotime() - before >= time.count(), "a timer is too early");
        enter();
    }

    static void ticks(std::chrono::nanoseconds time) {
        const std::chrono::nanoseconds period = time + std::chrono::nanoseconds(1);
        const std::int64_t before = runtime::nanotime();
        rt0::ticker t(period);
        const int count = static_cast<int>(below(3)) + 1;
        for (int i = 0; i < count; ++i) {
            check(t.recv().has_value(), "a ticker sends nothing");
            if (one_in(4)) {
                rt0::sleep_for(std::chrono::nanoseconds(below(1000)));
            }
        }
        // One that is late does not put off the next.
        check(runtime::nanotime() - before >= period.count(), "a ticker is too early");
        if (one_in(2)) {
            t.stop();
            check(!t.try_recv().has_value(), "a stopped ticker has sent");
            t.reset(period);
            check(t.recv().has_value(), "a ticker sends nothing");
        }
    }

    // What has a limit, on objects that another goroutine may use in time.
    static void limits(std::chrono::nanoseconds time) {
        struct shared {
            rt0::mutex mutex;
            rt0::condition_variable said;
            rt0::counting_semaphore<> permits{0};
            bool so = false;
        };
        auto const of = std::make_shared<shared>();
        const bool comes = one_in(2);
        const std::unique_lock held(of->mutex);
        rt0::wait_group ended;
        ended.add(1);
        rt0::go([of, comes, time = below(static_cast<std::uint64_t>(time.count()) + 1), &ended] {
            rt0::sleep_for(std::chrono::nanoseconds(time));
            if (comes) {
                of->permits.release();
                of->so = true;
                if (one_in(2)) {
                    of->said.notify_one();
                } else {
                    of->said.notify_all();
                }
            }
            check(!of->mutex.try_lock_for(std::chrono::nanoseconds(below(100))),
                  "a mutex has two owners");
            ended.done();
        });
        const bool taken = of->permits.try_acquire_for(time + std::chrono::nanoseconds(1));
        rt0::mutex own;
        std::unique_lock lock(own);
        if (!taken && of->said.wait_for(lock, time) == rt0::cv_status::no_timeout) {
            check(of->so, "one is notified by nobody");
        }
        check(lock.owns_lock(), "a wait ends without the lock");
        ended.wait();
        check(of->permits.try_acquire() == (comes && !taken), "a permit is lost, or there are two");
    }

    // A tree of contexts, cancelled at its root, by a deadline, or not at all.
    static void contexts() {
        const std::int64_t now = runtime::nanotime();
        const std::chrono::steady_clock::time_point when(
            std::chrono::nanoseconds(now + static_cast<std::int64_t>(below(10'000)) - 100));
        auto [root, cancel] =
            one_in(2) ? rt0::with_cancel(rt0::context()) : rt0::with_deadline(rt0::context(), when);
        rt0::wait_group ended;
        for (int i = static_cast<int>(below(4)); i >= 0; --i) {
            ended.add(1);
            rt0::go([&, root] {
                auto [child, cancel_child] =
                    one_in(2) ? rt0::with_cancel(root) : rt0::with_deadline(root, when);
                auto stop = rt0::after_func(child, [] {});
                if (one_in(2)) {
                    (void)child.done().recv();
                    check(child.err().code() != 0, "a context is done that is not cancelled");
                } else if (one_in(2)) {
                    (void)stop();
                } else if (one_in(2)) {
                    cancel_child.release();
                }
                ended.done();
            });
        }
        if (one_in(2)) {
            rt0::yield();
        }
        cancel();
        check(root.err().code() != 0, "what is cancelled is not");
        ended.wait();
    }

    // Tied to its thread; now and then for good.
    void tie() {
        if (one_in(4)) {
            rt0::unlock_os_thread(); // which it may not be
        }
        const bool twice = one_in(4);
        rt0::lock_os_thread();
        if (twice) {
            rt0::lock_os_thread();
            rt0::unlock_os_thread();
        }
        const std::size_t thread = simulate::thread_number();
        for (std::uint64_t turns = below(4); turns > 0; --turns) {
            leave();
            rt0::yield();
            enter();
            check(simulate::thread_number() == thread, "a tied goroutine is on another thread");
            prologue();
        }
        if (!one_in(4)) {
            rt0::unlock_os_thread();
        }
    }

    // A goroutine begins without what the one before it in its memory had.
    static void have_nothing() {
        const runtime::g* const self = getg();
        check(self->name == nullptr && self->errno_value == 0 && self->locals == nullptr,
              "a goroutine has what another one left");
    }

    static void leave_something() {
        runtime::g* const self = getg();
        self->errno_value = one_in(8) ? 1 : 0;
        if (one_in(8)) {
            check(*own_number == 0, "a goroutine has what another one left");
            *own_number = 1;
        }
    }

    // As a dump prints it.
    void have_a_name() {
        static constexpr std::array<std::array<std::string_view, 2>, 4> names{{
            {"", "\n"},
            {"a name", ", \"a name\"\n"},
            {"a \"quote\",\ta [bracket]\x7f", ", \"a ?quote?,?a [bracket??\"\n"},
            {"12345678901234567890123456789012345678901234567890123456789012\u00e9",
             ", \"12345678901234567890123456789012345678901234567890123456789012\"\n"},
        }};
        const auto& [name, printed] = names.at(below(names.size()));
        rt0::set_name(name);
        leave();
        rt0::yield();
        enter();
        runtime::report line;
        runtime::print_name(line, getg());
        line.put('\n');
        line.flush();
        check(simulate::last_said() == printed, "a name is not what it was set to");
    }

    life& own_;
};

// Of a channel that there is not.
void wait_for_nothing() {
    const rt0::chan<int> none;
    switch (below(4)) {
    case 0:
        none.send(1);
        break;
    case 1:
        (void)none.recv();
        break;
    case 2:
        rt0::select(rt0::recv(none, [](auto) {}), rt0::send(none, 1, [] {}));
        break;
    default:
        check(!none.try_send(1) && !none.try_recv().has_value(), "nothing is given or taken");
        rt0::select();
    }
}

// A panic.
void mistake() {
    rt0::timer timer(std::chrono::seconds(1));
    rt0::call_timer call = rt0::after_func(std::chrono::seconds(1), [] {});
    const rt0::timer other = std::move(timer);
    const rt0::call_timer taken = std::move(call);
    switch (below(5)) {
    case 0:
        simulate::expect_fatal("time: Stop called on uninitialized Timer");
        timer.stop(); // NOLINT(bugprone-use-after-move): that is the mistake
        break;
    case 1:
        simulate::expect_fatal("time: Reset called on uninitialized Timer");
        timer.reset(std::chrono::seconds(1)); // NOLINT(bugprone-use-after-move)
        break;
    case 2:
        simulate::expect_fatal("time: Stop called on uninitialized Timer");
        call.stop(); // NOLINT(bugprone-use-after-move)
        break;
    case 3: {
        simulate::expect_fatal("non-positive interval for NewTicker");
        const rt0::ticker none(std::chrono::nanoseconds(0));
        break;
    }
    default:
        simulate::expect_fatal("time: Reset called on uninitialized Timer");
        call.reset(std::chrono::seconds(1)); // NOLINT(bugprone-use-after-move)
    }
}

// What ends a program that says why.
void end_badly() {
    static rt0::wait_group never;
    never.add(1);
    const auto some_park = [](std::uint64_t count) {
        for (; count > 0; --count) {
            rt0::go([] { one_in(2) ? never.wait() : runtime::wait_for_exit(); });
        }
    };
    switch (below(10)) {
    case 0:
        simulate::expect_fatal("rt0::testing::wait: not in rt0::testing::run");
        rt0::testing::wait();
        break;
    case 1:
        simulate::expect_fatal("rt0::testing::run: the clock is held already");
        rt0::testing::run([] { rt0::testing::run([] {}); });
        break;
    case 2: {
        const std::uint64_t count = 1 + below(20);
        simulate::expect_fatal("rt0::testing::run: " + std::to_string(count) +
                               (count == 1 ? " goroutine" : " goroutines"));
        rt0::testing::run([&] { some_park(count); });
        break;
    }
    case 3:
        simulate::expect_fatal("all goroutines are asleep - deadlock!");
        rt0::testing::run([&] {
            std::vector<rt0::ticker> unread;
            for (std::uint64_t i = below(30); i > 0; --i) {
                unread.emplace_back(std::chrono::nanoseconds(1 + below(1000)));
            }
            some_park(below(5));
            rt0::sleep_for(one_in(2) ? std::chrono::hours(1) : std::chrono::hours::max());
            never.wait();
        });
        break;
    case 4:
        mistake();
        break;
    case 5:
        simulate::expect_fatal("all goroutines are asleep - deadlock!");
        wait_for_nothing();
        break;
    default:
        simulate::expect_fatal("all goroutines are asleep - deadlock!");
        some_park(below(5));
        never.wait();
    }
}

void program() {
    // Few as often as many, up to some thousands; not so many where each call may be a switch.
    choose_mix();
    const std::size_t first = 1 + below(20);
    channel_sum = std::make_unique<sum_by_channel>();
    place = std::make_unique<meeting_place>();
    budget = first + below(std::size_t{1} << below(runtime::knobs.randsched == 0 ? 13 : 10));
    if (one_in(3)) {
        rt0::lock_os_thread();
    }
    const auto live = [first] {
        for (std::size_t i = 0; i < first; ++i) {
            (void)goroutine::start(nullptr);
        }
        everybody.wait();
    };
    if (one_in(4)) {
        // Where the time waits for all of them, and at the end for those that are in wait then.
        rt0::testing::run([live] {
            for (std::uint64_t count = below(4); count > 0; --count) {
                rt0::go([] {
                    for (std::uint64_t waits = below(20); waits > 0; --waits) {
                        rt0::testing::wait();
                    }
                });
            }
            live();
        });
    } else {
        live();
    }
    for (const life& each : lives) {
        check(each.begun == 1 && each.ended == 1 && each.inside == 0,
              "a goroutine has not run from its begin to its end once");
    }
    int sum = 0;
    for (const shared_sum& each : sums) {
        sum += each.sum();
    }
    check(sum == added, "a sum under a mutex is wrong");
    check(channel_sum->sum() == added_by_channel, "a sum that a channel protects is wrong");
    check(place->left() == 0, "something is left that was given");
    // Those that have done all they do are still about to end.
    while (rt0::num_goroutine() != 1) {
        rt0::yield();
    }
    if (one_in(2)) {
        // For as long as it takes idle threads to leave.
        simulate::sleep_in_the_kernel(6'000'000'000);
    }
    if (one_in(4)) {
        end_badly();
    }
}

} // namespace

int main(int argc, char** argv) {
    return simulate::run(argc, argv, [] {
        simulate::boot(static_cast<std::uint32_t>(1 + below(one_in(2) ? 2 : 8)), program);
    });
}
