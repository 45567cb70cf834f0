#include "tests/explore/explore.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include "tests/host/context.h"

namespace explore {

namespace {

constexpr std::size_t stack_size = std::size_t{256} * 1024;
constexpr std::size_t most_spins = 64;     // turns of threads that all spin, until time passes
constexpr std::size_t most_steps = 20'000; // of one run: beyond, it goes round in circles

// What a thread knows: of each atomic, by its number, the oldest store that it may still see.
class view {
public:
    [[nodiscard]] std::uint32_t of(std::size_t atomic) const {
        return atomic < known_.size() ? known_[atomic] : 0;
    }
    void raise(std::size_t atomic, std::uint32_t store) {
        if (atomic >= known_.size()) {
            known_.resize(atomic + 1);
        }
        known_[atomic] = std::max(known_[atomic], store);
    }
    void join(const view& other) {
        if (other.known_.size() > known_.size()) {
            known_.resize(other.known_.size());
        }
        for (std::size_t i = 0; i < other.known_.size(); ++i) {
            known_[i] = std::max(known_[i], other.known_[i]);
        }
    }

private:
    std::vector<std::uint32_t> known_;
};

struct stored {
    std::array<std::byte, 8> value{};
    view released; // what whoever acquires it learns
};

// An atomic, from its first access on.
struct location {
    const void* address = nullptr;
    std::vector<stored> stores;
    std::uint32_t users = 0;      // a bit for each thread
    std::uint32_t sequential = 0; // the last store of those that are sequentially consistent
    std::uint32_t written = 0;    // how often, where it is watched and not atomic
};

enum class state : std::uint8_t { ready, blocked, joining, over };

struct thread {
    std::size_t id = 0;
    std::function<void()> body;
    void* stack = nullptr;
    void* sp = nullptr;
    state now = state::ready;
    bool spins = false;
    const std::uint32_t* waits_for = nullptr;
    std::int64_t wakes_after = -1;
    int wait_result = 0;
    bool woken = false;
    view knows;
    view acquirable; // by a fence
    view joined;     // by the end of other threads
    view fenced;     // at the last release fence
    void* local = nullptr;
    std::function<void()> interrupt;
    int priority = 0;
};

struct choice {
    std::uint16_t taken;
    std::uint16_t of;
};

class explorer {
public:
    int main(int argc, char** argv, std::span<const model> models);

    void start(std::function<void()> body);
    void join();
    [[noreturn]] void end_thread();
    [[noreturn]] void finish();
    void*& local() { return current_->local; }
    bool compare_and_swap_pair(void* at, std::uint64_t* first, void** second,
                               std::uint64_t new_first, void* new_second);
    [[noreturn]] void fail(const char* text);
    void pause();
    int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t nanoseconds);
    int futex_wake(const std::uint32_t* word, int count);
    bool interrupt(const void* local, std::function<void()> handler);
    [[nodiscard]] bool has_bug(int number) const { return bug_ == number; }
    void point() { point(nullptr); }
    std::size_t any(std::size_t of) { return choose(of, 0); }
    void touch(const void* address, bool writes);
    void forget(const void* address) { numbers_.erase(address); }
    void forget(const void* begin, std::size_t size);
    void load(const void* address, std::size_t size, int order, void* out);
    void store(void* address, std::size_t size, int order, const void* value);
    void modify(void* address, std::size_t size, int order, int failure, void* old,
                const change& by);
    void fence(int order);
    void fence_all();
    void sleep();
    void wake(const void* local);

private:
    // Looks at all schedules up to the model's bounds; at random ones.
    void everything(const model& what);
    void at_random(const model& what);
    void run_at_random(const model& what, std::uint64_t seed);
    void run_once(const model& what);
    bool next_schedule();
    void say(const model& what, const char* how) const;

    static void enter();
    thread& make_thread(std::function<void()> body);
    // The one that called goes on when it is chosen again.
    void leave(thread& to);
    void choose_next();
    void point(const void* address);
    void be_interrupted();
    std::size_t choose(std::size_t of, int weight);
    std::size_t choose_thread(const std::vector<thread*>& candidates);
    std::vector<thread*> ready(bool spinners) const;
    bool all_over_from(std::size_t first) const;
    thread* first_with_a_limit() const;
    location& at(const void* address, std::size_t size);
    bool is_shared(const void* address);
    void sequential_fence();
    // modify, without the point before it.
    void apply(void* address, std::size_t size, int order, int failure, void* old,
               const change& by);
    void see(thread& who, std::size_t number, std::uint32_t which, int order);
    view to_release(thread& who, int order);
    void trace(const char* what, const void* address, const void* value, std::size_t size,
               int order) const;

    static bool acquires(int order) {
        return order == static_cast<int>(std::memory_order_acquire) ||
               order == static_cast<int>(std::memory_order_acq_rel) || is_sequential(order) ||
               order == static_cast<int>(std::memory_order_consume);
    }
    static bool releases(int order) {
        return order == static_cast<int>(std::memory_order_release) ||
               order == static_cast<int>(std::memory_order_acq_rel) || is_sequential(order);
    }
    static bool is_sequential(int order) {
        return order == static_cast<int>(std::memory_order_seq_cst);
    }

    // The run.
    std::vector<std::unique_ptr<thread>> threads_;
    std::size_t used_threads_ = 0;
    thread* current_ = nullptr;
    void* engine_ = nullptr; // its stack pointer, while a thread runs
    thread* next_ = nullptr;
    std::vector<location> locations_;
    std::size_t used_locations_ = 0;
    std::unordered_map<const void*, std::size_t> numbers_;
    view sequential_; // what each sequentially consistent fence learns and adds to
    std::size_t steps_ = 0;
    int preemptions_ = 0;
    int stale_ = 0;
    int spurious_ = 0;

    // All runs.
    std::vector<choice> schedule_;
    std::size_t taken_ = 0; // of schedule_, in this run
    std::set<const void*> shared_;
    std::set<std::size_t> shared_numbers_; // of the run that is replayed
    std::set<std::size_t>
        late_numbers_;   // that are shared from the first access of a second thread on
    bool grown_ = false; // shared_, in this run: what was not a point is one
    std::uint64_t runs_ = 0;
    std::size_t longest_ = 0;

    // What is wanted.
    const model* model_ = nullptr;
    options limits_{};
    bool random_ = false;
    bool replay_ = false;
    bool trace_ = false;
    bool failure_expected_ = false;
    int bug_ = 0;
    std::uint64_t random_runs_ = 0; // of each model; 0: as many as there is time for
    std::uint64_t seed_ = 1;
    double seconds_ = 0;
    std::mt19937_64 generator_;
    std::size_t all_spin_ = 0;
    std::vector<std::size_t> changes_; // the steps at which the running thread becomes the last
    const char* program_ = "";
};

explorer the;

thread& explorer::make_thread(std::function<void()> body) {
    if (used_threads_ == threads_.size()) {
        threads_.push_back(std::make_unique<thread>());
        void* const stack =
            mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack == MAP_FAILED) {
            std::perror("explore: mmap");
            std::exit(2);
        }
        threads_.back()->stack = stack;
    }
    thread& made = *threads_[used_threads_];
    void* const stack = made.stack;
    made = thread{};
    made.stack = stack;
    made.id = used_threads_++;
    made.body = std::move(body);
    made.priority = static_cast<int>(generator_() % 1000) + 1000;
    made.sp = host::fresh_context(static_cast<std::byte*>(stack) + stack_size, &explorer::enter);
    return made;
}

void explorer::enter() {
    the.current_->body();
    the.end_thread();
}

void explorer::end_thread() {
    thread& ended = *the.current_;
    ended.now = state::over;
    thread& main = *the.threads_[0];
    if (&ended != &main) {
        if (main.now == state::joining && all_over_from(1)) {
            main.now = state::ready;
        }
        main.joined.join(ended.knows);
    }
    the.choose_next();
    std::abort(); // nobody goes on with a thread that is over
}

void explorer::leave(thread& to) {
    next_ = &to;
    if (&to != current_) {
        host::host_switch(&current_->sp, engine_);
    }
}

std::vector<thread*> explorer::ready(bool spinners) const {
    std::vector<thread*> all;
    for (std::size_t i = 0; i < used_threads_; ++i) {
        thread* const one = threads_[i].get();
        if (one->now == state::ready && (spinners || !one->spins)) {
            all.push_back(one);
        }
    }
    return all;
}

// Of those that sleep, the one that wakes by itself first, or null.
thread* explorer::first_with_a_limit() const {
    thread* first = nullptr;
    for (std::size_t i = 0; i < used_threads_; ++i) {
        thread* const one = threads_[i].get();
        if (one->now == state::blocked && one->wakes_after >= 0 &&
            (first == nullptr || one->wakes_after < first->wakes_after)) {
            first = one;
        }
    }
    return first;
}

bool explorer::all_over_from(std::size_t first) const {
    return std::all_of(threads_.begin() + static_cast<std::ptrdiff_t>(first),
                       threads_.begin() + static_cast<std::ptrdiff_t>(used_threads_),
                       [](const auto& one) { return one->now == state::over; });
}

// The current thread cannot go on: another does. Returns when this one can, and is chosen.
void explorer::choose_next() {
    std::vector<thread*> candidates = ready(false);
    if (!candidates.empty()) {
        all_spin_ = 0;
    } else if (++all_spin_ <= most_spins || first_with_a_limit() == nullptr) {
        // All spin: each has its turn.
        candidates = ready(true);
        const auto next = std::ranges::find_if(
            candidates, [this](const thread* one) { return one->id > current_->id; });
        if (!candidates.empty()) {
            candidates = {next != candidates.end() ? *next : candidates.front()};
        }
    }
    if (candidates.empty()) {
        // Time passes.
        all_spin_ = 0;
        if (thread* const first = first_with_a_limit(); first != nullptr) {
            first->now = state::ready;
            first->wait_result = -ETIMEDOUT;
            candidates.push_back(first);
        }
    }
    if (candidates.empty()) {
        if (!all_over_from(0)) {
            fail("deadlock: a thread waits, and nobody is left to wake it");
        }
        next_ = nullptr;
        host::host_switch(&current_->sp, engine_);
    }
    leave(*candidates[choose_thread(candidates)]);
}

std::size_t explorer::choose_thread(const std::vector<thread*>& candidates) {
    if (!random_ || replay_ || candidates.size() == 1) {
        return choose(candidates.size(), 0);
    }
    const auto best =
        std::ranges::max_element(candidates, {}, [](const thread* one) { return one->priority; });
    const auto index = static_cast<std::size_t>(best - candidates.begin());
    schedule_.push_back(
        {static_cast<std::uint16_t>(index), static_cast<std::uint16_t>(candidates.size())});
    return index;
}

// One of so many. At random: weight is one in how many times it is not the first.
std::size_t explorer::choose(std::size_t of, int weight) {
    if (of == 1) {
        return 0;
    }
    if (random_ && !replay_) {
        const bool other = weight == 0 || generator_() % static_cast<std::uint64_t>(weight) == 0;
        const std::size_t taken = other ? generator_() % of : 0;
        schedule_.push_back({static_cast<std::uint16_t>(taken), static_cast<std::uint16_t>(of)});
        return taken;
    }
    if (taken_ == schedule_.size()) {
        schedule_.push_back({0, static_cast<std::uint16_t>(of)});
    }
    choice& at = schedule_[taken_++];
    if (replay_) {
        at.of = static_cast<std::uint16_t>(of);
    }
    if (at.of != of || at.taken >= of) {
        std::fprintf(
            stderr,
            "explore: %s: the same choices led elsewhere (choice %zu: %u of %u, now of %zu)\n",
            model_->name, taken_ - 1, at.taken, at.of, of);
        std::exit(2);
    }
    return at.taken;
}

bool explorer::is_shared(const void* address) {
    location& place = at(address, 0);
    place.users |= 1U << current_->id;
    const bool by_more = (place.users & (place.users - 1)) != 0;
    if (random_ || limits_.everywhere) {
        return true;
    }
    if (replay_) {
        const std::size_t number = numbers_[address];
        return shared_numbers_.contains(number) || (by_more && late_numbers_.contains(number));
    }
    if (shared_.contains(address)) {
        return true;
    }
    if (by_more) {
        shared_.insert(address);
        late_numbers_.insert(numbers_[address]);
        grown_ = true;
    }
    return by_more;
}

// Before an access, or a call to the kernel (null): another thread may go on.
void explorer::point(const void* address) {
    if (address != nullptr && !is_shared(address)) {
        return;
    }
    if (++steps_ > most_steps) {
        fail("goes on for ever");
    }
    thread& self = *current_;
    std::vector<thread*> candidates{&self};
    if (random_ || preemptions_ < limits_.preemptions) {
        for (thread* const one : ready(false)) {
            if (one != &self) {
                candidates.push_back(one);
            }
        }
    }
    if (random_ && std::ranges::binary_search(changes_, steps_)) {
        self.priority = -static_cast<int>(steps_);
    }
    thread* const chosen = candidates[choose_thread(candidates)];
    if (chosen != &self) {
        ++preemptions_;
        leave(*chosen);
    }
    be_interrupted();
}

// It may be another thread that goes on from here.
void explorer::be_interrupted() {
    if (current_->interrupt) {
        const std::function<void()> handler = std::exchange(current_->interrupt, nullptr);
        handler();
    }
}

bool explorer::interrupt(const void* local, std::function<void()> handler) {
    for (std::size_t i = 0; i < used_threads_; ++i) {
        thread& one = *threads_[i];
        if (one.now != state::over && one.local == local) {
            one.interrupt = std::move(handler);
            if (one.now == state::blocked) {
                one.now = state::ready;
                one.wait_result = -EINTR;
            }
            return true;
        }
    }
    return false;
}

void explorer::touch(const void* address, bool writes) {
    location& place = at(address, 0);
    const std::size_t number = numbers_[address];
    if (current_->knows.of(number) != place.written) {
        fail("a race: another thread has written that, and nothing orders it");
    }
    if (writes) {
        current_->knows.raise(number, ++place.written);
    }
}

void explorer::forget(const void* begin, std::size_t size) {
    const auto* const first = static_cast<const std::byte*>(begin);
    std::erase_if(numbers_, [&](const auto& entry) {
        const auto* const address = static_cast<const std::byte*>(entry.first);
        return std::less_equal<>{}(first, address) && std::less<>{}(address, first + size);
    });
}

void explorer::pause() {
    current_->spins = true;
    if (random_) {
        current_->priority = std::min(current_->priority, 0) - 1;
    }
    if (++steps_ > most_steps) {
        fail("goes on for ever");
    }
    choose_next();
    current_->spins = false;
    be_interrupted();
}

location& explorer::at(const void* address, std::size_t size) {
    auto [found, is_new] = numbers_.try_emplace(address, used_locations_);
    if (is_new) {
        if (used_locations_ == locations_.size()) {
            locations_.emplace_back();
        }
        location& made = locations_[used_locations_++];
        made.address = address;
        made.stores.clear();
        made.users = 0;
        made.sequential = 0;
        made.written = 0;
    }
    location& place = locations_[found->second];
    if (place.stores.empty() && size != 0) {
        place.stores.emplace_back();
        std::memcpy(place.stores[0].value.data(), address, size);
    }
    return place;
}

void explorer::see(thread& who, std::size_t number, std::uint32_t which, int order) {
    who.knows.raise(number, which);
    const view& released = locations_[number].stores[which].released;
    if (acquires(order)) {
        who.knows.join(released);
    } else {
        who.acquirable.join(released);
    }
}

view explorer::to_release(thread& who, int order) {
    return releases(order) ? who.knows : who.fenced;
}

void explorer::load(const void* address, std::size_t size, int order, void* out) {
    point(address);
    thread& self = *current_;
    location& place = at(address, size);
    const std::size_t number = numbers_[address];
    std::uint32_t oldest = self.knows.of(number);
    if (is_sequential(order)) {
        oldest = std::max(oldest, place.sequential);
    }
    const auto latest = static_cast<std::uint32_t>(place.stores.size() - 1);
    std::uint32_t back = 0;
    if (latest > oldest && (random_ || stale_ < limits_.stale)) {
        back = static_cast<std::uint32_t>(choose(latest - oldest + 1, 8));
        stale_ += back != 0 ? 1 : 0;
    }
    const std::uint32_t which = latest - back;
    see(self, number, which, order);
    std::memcpy(out, place.stores[which].value.data(), size);
    trace(back != 0 ? "loads an old" : "loads", address, out, size, order);
}

void explorer::store(void* address, std::size_t size, int order, const void* value) {
    point(address);
    thread& self = *current_;
    location& place = at(address, size);
    const std::size_t number = numbers_[address];
    const auto which = static_cast<std::uint32_t>(place.stores.size());
    self.knows.raise(number, which);
    stored made;
    made.released = to_release(self, order);
    made.released.raise(number, which);
    std::memcpy(made.value.data(), value, size);
    place.stores.push_back(std::move(made));
    if (is_sequential(order)) {
        place.sequential = which;
    }
    std::memcpy(address, value, size);
    for (std::size_t i = 0; i < used_threads_; ++i) {
        threads_[i]->spins = false;
    }
    trace("stores", address, value, size, order);
}

void explorer::modify(void* address, std::size_t size, int order, int failure, void* old,
                      const change& by) {
    point(address);
    apply(address, size, order, failure, old, by);
}

void explorer::apply(void* address, std::size_t size, int order, int failure, void* old,
                     const change& by) {
    thread& self = *current_;
    location& place = at(address, size);
    const std::size_t number = numbers_[address];
    const auto latest = static_cast<std::uint32_t>(place.stores.size() - 1);
    std::array<std::byte, 8> changed{};
    std::memcpy(old, place.stores[latest].value.data(), size);
    if (!by(old, changed.data())) {
        // A compare-and-swap that fails sees the latest store here: what sees an older one is one
        // that fails earlier.
        see(self, number, latest, failure);
        trace("finds", address, old, size, failure);
        return;
    }
    see(self, number, latest, order);
    self.knows.raise(number, latest + 1);
    stored made;
    made.released = to_release(self, order);
    // What the store before releases goes on to whoever acquires this one.
    made.released.join(place.stores[latest].released);
    made.released.raise(number, latest + 1);
    made.value = changed;
    place.stores.push_back(std::move(made));
    if (is_sequential(order)) {
        place.sequential = latest + 1;
    }
    std::memcpy(address, changed.data(), size);
    for (std::size_t i = 0; i < used_threads_; ++i) {
        threads_[i]->spins = false;
    }
    trace("changes", address, changed.data(), size, order);
}

// One step: a point before it, the second word's access joins in.
bool explorer::compare_and_swap_pair(void* at, std::uint64_t* first, void** second,
                                     std::uint64_t new_first, void* new_second) {
    constexpr int sequential = static_cast<int>(std::memory_order_seq_cst);
    constexpr std::size_t size = sizeof(std::uint64_t);
    struct word {
        void* at;
        std::uint64_t expected;
        std::uint64_t wanted;
        std::uint64_t found;
    };
    std::array<word, 2> words{{
        {at, *first, new_first, 0},
        {static_cast<std::byte*>(at) + size, reinterpret_cast<std::uintptr_t>(*second),
         reinterpret_cast<std::uintptr_t>(new_second), 0},
    }};
    point(at);
    (void)is_shared(words[1].at);
    sequential_fence();
    bool same = true;
    for (const word& one : words) {
        same = same && std::memcmp(one.at, &one.expected, size) == 0;
    }
    for (word& one : words) {
        apply(one.at, size, sequential, sequential, &one.found, [&](const void*, void* changed) {
            std::memcpy(changed, &one.wanted, size);
            return same;
        });
    }
    *first = words[0].found;
    *second = reinterpret_cast<void*>(words[1].found); // NOLINT(performance-no-int-to-ptr)
    if (same) {
        // Who acquires one of the two stores learns of both.
        for (const word& one : words) {
            locations_[numbers_[one.at]].stores.back().released.join(current_->knows);
        }
    }
    return same;
}

void explorer::finish() {
    next_ = nullptr;
    host::host_switch(&current_->sp, engine_);
    std::abort(); // the run is over
}

void explorer::sequential_fence() {
    thread& self = *current_;
    self.knows.join(self.acquirable);
    self.knows.join(sequential_);
    for (std::size_t number = 0; number < used_locations_; ++number) {
        self.knows.raise(number, locations_[number].sequential);
        // And who loads sequentially from now on sees what this thread had stored.
        locations_[number].sequential =
            std::max(locations_[number].sequential, self.knows.of(number));
    }
    sequential_ = self.knows;
    self.fenced = self.knows;
}

void explorer::fence(int order) {
    point(nullptr);
    thread& self = *current_;
    if (is_sequential(order)) {
        sequential_fence();
    } else {
        if (acquires(order)) {
            self.knows.join(self.acquirable);
        }
        if (releases(order)) {
            self.fenced = self.knows;
        }
    }
    trace("fences", nullptr, nullptr, 0, order);
}

void explorer::fence_all() {
    point(nullptr);
    thread& self = *current_;
    const view before = self.knows;
    for (std::size_t i = 0; i < used_threads_; ++i) {
        thread& other = *threads_[i];
        self.knows.join(other.knows);
        other.knows.join(before);
    }
    trace("makes all fence", nullptr, nullptr, 0, 0);
}

void explorer::sleep() {
    point(nullptr);
    thread& self = *current_;
    trace("sleeps", nullptr, nullptr, 0, 0);
    if (!self.woken) {
        self.now = state::blocked;
        choose_next();
    }
    self.woken = false;
}

void explorer::wake(const void* local) {
    point(nullptr);
    for (std::size_t i = 0; i < used_threads_; ++i) {
        thread& one = *threads_[i];
        if (one.local == local) {
            trace("wakes a thread", local, nullptr, 0, 0);
            one.woken = true;
            one.knows.join(current_->knows);
            if (one.now == state::blocked) {
                one.now = state::ready;
            }
        }
    }
    point(nullptr);
}

// The kernel compares under the lock of its queue, and both calls are full barriers.
int explorer::futex_wait(const std::uint32_t* word, std::uint32_t expected,
                         std::int64_t nanoseconds) {
    point(word);
    sequential_fence();
    thread& self = *current_;
    trace("waits for", word, word, sizeof *word, 0);
    if (*word != expected) {
        return -EAGAIN;
    }
    if (random_ || spurious_ < limits_.spurious) {
        const std::size_t ways = nanoseconds >= 0 ? 3 : 2;
        if (const std::size_t way = choose(ways, 16); way != 0) {
            // At any time from now on.
            ++spurious_;
            choose_next();
            return way == 1 ? -EINTR : -ETIMEDOUT;
        }
    }
    self.now = state::blocked;
    self.waits_for = word;
    self.wakes_after = nanoseconds;
    self.wait_result = 0;
    choose_next();
    sequential_fence();
    return self.wait_result;
}

int explorer::futex_wake(const std::uint32_t* word, int count) {
    point(word);
    sequential_fence();
    trace("wakes", word, word, sizeof *word, 0);
    std::vector<thread*> sleepers;
    for (std::size_t i = 0; i < used_threads_; ++i) {
        if (threads_[i]->now == state::blocked && threads_[i]->waits_for == word) {
            sleepers.push_back(threads_[i].get());
        }
    }
    int woken = 0;
    while (woken < count && !sleepers.empty()) {
        const std::size_t which = choose(sleepers.size(), 0);
        sleepers[which]->now = state::ready;
        sleepers.erase(sleepers.begin() + static_cast<std::ptrdiff_t>(which));
        ++woken;
    }
    // Whoever is woken may be faster than what the waker does next, which may be no atomic access.
    point(nullptr);
    return woken;
}

void explorer::start(std::function<void()> body) {
    if (used_threads_ == 32) {
        fail("more than 32 threads");
    }
    thread& made = make_thread(std::move(body));
    made.knows = current_->knows;
    trace("starts a thread", nullptr, nullptr, 0, 0);
    point(nullptr);
}

void explorer::join() {
    thread& self = *current_;
    if (!all_over_from(1)) {
        self.now = state::joining;
        choose_next();
    }
    self.knows.join(self.joined);
}

void explorer::trace(const char* what, const void* address, const void* value, std::size_t size,
                     int order) const {
    if (!trace_) {
        return;
    }
    static constexpr std::array<const char*, 6> orders{"relaxed", "consume", "acquire",
                                                       "release", "acq_rel", "seq_cst"};
    std::uint64_t number = 0;
    std::memcpy(&number, value, value != nullptr ? size : 0);
    std::printf("  thread %zu %s %p: %#lx, %s\n", current_->id, what, address, number,
                orders.at(static_cast<std::size_t>(order)));
}

void explorer::fail(const char* text) {
    std::printf("%s FAILED after %lu schedules: %s\n", model_->name, runs_ + 1, text);
    std::printf("again: %s %s", program_, model_->name);
    if (bug_ != 0) {
        std::printf(" --planted %d", bug_);
    }
    if (random_) {
        std::printf(" --random");
    }
    std::printf(" --preemptions %d --stale %d --spurious %d", limits_.preemptions, limits_.stale,
                limits_.spurious);
    if (!random_) {
        const auto list = [](const char* option, const std::set<std::size_t>& numbers) {
            for (const std::size_t number : numbers) {
                std::printf("%s%zu", std::exchange(option, ","), number);
            }
        };
        std::set<std::size_t> numbers = shared_numbers_;
        for (std::size_t number = 0; number < used_locations_; ++number) {
            if (shared_.contains(locations_[number].address) && !late_numbers_.contains(number)) {
                numbers.insert(number);
            }
        }
        list(" --shared ", numbers);
        list(" --late ", late_numbers_);
    }
    std::printf(" --replay ");
    // As runs: 12x0,1,3x0,2
    const std::size_t count = random_ && !replay_ ? schedule_.size() : taken_;
    const char* separator = "";
    for (std::size_t i = 0; i < count;) {
        std::size_t same = 1;
        while (i + same < count && schedule_[i + same].taken == schedule_[i].taken) {
            ++same;
        }
        if (same > 1) {
            std::printf("%s%zux%u", separator, same, schedule_[i].taken);
        } else {
            std::printf("%s%u", separator, schedule_[i].taken);
        }
        separator = ",";
        i += same;
    }
    std::printf("\n");
    std::fflush(stdout);
    std::_Exit(failure_expected_ ? 0 : 1);
}

void explorer::run_once(const model& what) {
    model_ = &what;
    used_threads_ = 0;
    used_locations_ = 0;
    numbers_.clear();
    sequential_ = view{};
    steps_ = 0;
    all_spin_ = 0;
    preemptions_ = 0;
    stale_ = 0;
    spurious_ = 0;
    taken_ = 0;
    grown_ = false;
    if (!replay_) {
        late_numbers_.clear();
    }
    next_ = &make_thread(what.body);
    while (next_ != nullptr) {
        current_ = next_;
        host::host_switch(&engine_, current_->sp);
    }
    ++runs_;
    longest_ = std::max(longest_, steps_);
}

// The next in order, where there is one: the last choice that has an alternative takes it.
bool explorer::next_schedule() {
    schedule_.resize(taken_);
    while (!schedule_.empty() && schedule_.back().taken + 1 == schedule_.back().of) {
        schedule_.pop_back();
    }
    if (schedule_.empty()) {
        return false;
    }
    ++schedule_.back().taken;
    return true;
}

void explorer::say(const model& what, const char* how) const {
    std::printf("%s: %lu schedules, %s", what.name, runs_, how);
    if (!random_) {
        std::printf(", with up to %d preemptions, %d old loads, %d spurious wake-ups",
                    limits_.preemptions, limits_.stale, limits_.spurious);
    }
    std::printf(": none fails; up to %zu steps\n", longest_);
    std::fflush(stdout);
}

void explorer::everything(const model& what) {
    const auto begin = std::chrono::steady_clock::now();
    shared_.clear();
    // What is shared where threads take turns in ways that need more preemptions than the bound
    // has.
    random_ = true;
    for (std::uint64_t i = 0; i < 200; ++i) {
        run_at_random(what, i);
        for (std::size_t number = 0; number < used_locations_; ++number) {
            const location& place = locations_[number];
            if ((place.users & (place.users - 1)) != 0) {
                shared_.insert(place.address);
            }
        }
    }
    random_ = false;
    schedule_.clear();
    runs_ = 0;
    longest_ = 0;
    for (;;) {
        run_once(what);
        if (grown_) {
            schedule_.clear(); // there are more points than those runs had
            continue;
        }
        if (!next_schedule()) {
            say(what, "all that there are");
            return;
        }
        if (seconds_ > 0 &&
            std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(seconds_)) {
            say(what, "as many as there was time for");
            return;
        }
    }
}

void explorer::run_at_random(const model& what, std::uint64_t seed) {
    generator_.seed(seed);
    changes_.clear();
    for (std::size_t i = generator_() % 4; i > 0; --i) {
        changes_.push_back(1 + generator_() % std::max<std::size_t>(longest_, 100));
    }
    std::ranges::sort(changes_);
    schedule_.clear();
    run_once(what);
}

void explorer::at_random(const model& what) {
    const auto begin = std::chrono::steady_clock::now();
    constexpr std::uint64_t without_limits = 10'000;
    const std::uint64_t runs = random_runs_ != 0 ? random_runs_
                               : seconds_ > 0    ? ~std::uint64_t{0}
                                                 : without_limits;
    runs_ = 0;
    longest_ = 0;
    while (runs_ < runs) {
        run_at_random(what, seed_ + runs_);
        if (seconds_ > 0 &&
            std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(seconds_)) {
            break;
        }
    }
    say(what, "at random");
}

std::vector<choice> parse_schedule(const char* text) {
    std::vector<choice> schedule;
    while (*text != '\0') {
        char* end = nullptr;
        unsigned long taken = std::strtoul(text, &end, 10);
        unsigned long times = 1;
        if (*end == 'x') {
            times = std::exchange(taken, std::strtoul(end + 1, &end, 10));
        }
        schedule.insert(schedule.end(), times, {static_cast<std::uint16_t>(taken), 0});
        if (*end != '\0' && *end != ',') {
            std::fprintf(stderr, "explore: what is %s?\n", end);
            std::exit(2);
        }
        text = *end == ',' ? end + 1 : end;
    }
    return schedule;
}

int explorer::main(int argc, char** argv, std::span<const model> models) {
    program_ = argv[0];
    // What a broken protocol may come to; there is nothing left to be careful with.
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
        (void)std::signal(signal, [](int) { the.fail("it crashes"); });
    }
    const std::string_view wanted = argc > 1 ? argv[1] : "all";
    int preemptions = -1;
    int stale = -1;
    int spurious = -1;
    for (int i = 2; i < argc; ++i) {
        const std::string_view option = argv[i];
        const auto value = [&]() -> const char* {
            if (i + 1 == argc) {
                std::fprintf(stderr, "%s: %s needs a value\n", program_, argv[i]);
                std::exit(2);
            }
            return argv[++i];
        };
        if (option == "--preemptions") {
            preemptions = std::atoi(value());
        } else if (option == "--stale") {
            stale = std::atoi(value());
        } else if (option == "--spurious") {
            spurious = std::atoi(value());
        } else if (option == "--seconds") {
            seconds_ = std::atof(value());
        } else if (option == "--seed") {
            seed_ = std::strtoull(value(), nullptr, 10);
        } else if (option == "--runs") {
            random_runs_ = std::strtoull(value(), nullptr, 10);
        } else if (option == "--random") {
            random_ = true;
        } else if (option == "--trace") {
            trace_ = true;
        } else if (option == "--planted") {
            bug_ = std::atoi(value());
        } else if (option == "--expect-failure") {
            failure_expected_ = true;
        } else if (option == "--shared") {
            for (const choice& number : parse_schedule(value())) {
                shared_numbers_.insert(number.taken);
            }
        } else if (option == "--late") {
            for (const choice& number : parse_schedule(value())) {
                late_numbers_.insert(number.taken);
            }
        } else if (option == "--replay") {
            replay_ = true;
            trace_ = true;
            schedule_ = parse_schedule(value());
        } else {
            std::fprintf(stderr, "%s: what is %s?\n", program_, argv[i]);
            return 2;
        }
    }
    bool found = false;
    for (const model& one : models) {
        if (wanted != "all" && wanted != one.name) {
            continue;
        }
        found = true;
        limits_ = one.limits;
        limits_.preemptions = preemptions >= 0 ? preemptions : limits_.preemptions;
        limits_.stale = stale >= 0 ? stale : limits_.stale;
        limits_.spurious = spurious >= 0 ? spurious : limits_.spurious;
        if (replay_) {
            run_once(one);
            std::printf("%s does not fail\n", one.name);
        } else if (random_) {
            at_random(one);
        } else {
            everything(one);
        }
    }
    if (!found) {
        std::fprintf(stderr, "%s: there is no model %s\n", program_, argv[1]);
        return 2;
    }
    if (failure_expected_) {
        std::printf("the planted bug was not found\n");
        return 1;
    }
    return 0;
}

} // namespace

void start(std::function<void()> body) {
    the.start(std::move(body));
}
void join() {
    the.join();
}
void check(bool condition, const char* text) {
    if (!condition) {
        the.fail(text);
    }
}
void fail(const char* text) {
    the.fail(text);
}
void end_thread() {
    the.end_thread();
}
void finish() {
    the.finish();
}
void*& local() {
    return the.local();
}
bool compare_and_swap_pair(void* at, std::uint64_t* first, void** second, std::uint64_t new_first,
                           void* new_second) {
    return the.compare_and_swap_pair(at, first, second, new_first, new_second);
}
int run(int argc, char** argv, std::span<const model> models) {
    return the.main(argc, argv, models);
}
void pause() {
    the.pause();
}
int futex_wait(const std::uint32_t* word, std::uint32_t expected, std::int64_t nanoseconds) {
    return the.futex_wait(word, expected, nanoseconds);
}
int futex_wake(const std::uint32_t* word, int count) {
    return the.futex_wake(word, count);
}
bool interrupt(const void* local, std::function<void()> handler) {
    return the.interrupt(local, std::move(handler));
}
void point() {
    the.point();
}
bool has_bug(int number) {
    return the.has_bug(number);
}
std::size_t any(std::size_t of) {
    return the.any(of);
}
void fence_all() {
    the.fence_all();
}
void sleep() {
    the.sleep();
}
void wake(const void* local) {
    the.wake(local);
}
void touch(const void* address, bool writes) {
    the.touch(address, writes);
}
void forget(const void* address) {
    the.forget(address);
}
void forget(const void* begin, std::size_t size) {
    the.forget(begin, size);
}
void load(const void* address, std::size_t size, int order, void* out) {
    the.load(address, size, order, out);
}
void store(void* address, std::size_t size, int order, const void* value) {
    the.store(address, size, order, value);
}
void modify(void* address, std::size_t size, int order, int failure, void* old, const change& by) {
    the.modify(address, size, order, failure, old, by);
}
void fence(int order) {
    the.fence(order);
}

} // namespace explore
