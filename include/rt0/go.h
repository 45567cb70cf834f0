// Goroutines.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rt0 {

namespace detail {

// What a goroutine begins with: called with its own address.
struct closure_base {
    void (*run)(closure_base* self);
};

// The runtime's part of go(): a goroutine that is not queued yet, with room for the closure at the
// top of its stack.
void* new_goroutine(std::size_t size, std::size_t alignment, std::size_t stack,
                    closure_base** room);
void start_goroutine(void* goroutine);
void drop_goroutine(void* goroutine) noexcept;
// In assembly: no frame of the runtime is there when function throws.
void call_on_big_stack(void (*function)(void*), void* argument,
                       std::size_t size) asm("runtime.call_with_room");

// Larger closures than this move to the heap: they would take too much of a small stack.
inline constexpr std::size_t largest_closure = 256;
inline constexpr std::size_t strictest_closure = 64;

template <class F, class... Args>
struct closure : closure_base {
    F function;
    [[no_unique_address]] std::tuple<Args...> arguments;

    template <class G, class... As>
    explicit closure(G&& g, As&&... as)
        : closure_base{&run_and_destroy}
        , function(std::forward<G>(g))
        , arguments(std::forward<As>(as)...) {}

    static void run_and_destroy(closure_base* self) {
        auto* const own = static_cast<closure*>(self);
        own->call();
        own->~closure();
    }
    void call() { (void)std::apply(std::move(function), std::move(arguments)); }
};

// One on the heap. std::unique_ptr would do, but its header takes longer to compile than all of
// this.
template <class Closure>
struct box {
    Closure* closure;

    explicit box(Closure* of)
        : closure(of) {}
    box(box&& other) noexcept
        : closure(std::exchange(other.closure, nullptr)) {}
    box& operator=(box&&) = delete;
    ~box() { delete closure; }
    void operator()() const { closure->call(); }
};

template <class F, class... Args>
void start(std::size_t stack, F&& f, Args&&... args) {
    using closure = closure<std::decay_t<F>, std::decay_t<Args>...>;
    if constexpr (sizeof(closure) > largest_closure || alignof(closure) > strictest_closure) {
        start(stack, box<closure>(new closure(std::forward<F>(f), std::forward<Args>(args)...)));
    } else {
        // Gives the goroutine back if the closure's constructor throws.
        struct fresh {
            void* goroutine;
            fresh(const fresh&) = delete;
            fresh& operator=(const fresh&) = delete;
            explicit fresh(void* of)
                : goroutine(of) {}
            ~fresh() {
                if (goroutine != nullptr) [[unlikely]] {
                    drop_goroutine(goroutine);
                }
            }
        };
        closure_base* room = nullptr;
        fresh started(new_goroutine(sizeof(closure), alignof(closure), stack, &room));
        ::new (static_cast<void*>(room)) closure(std::forward<F>(f), std::forward<Args>(args)...);
        start_goroutine(std::exchange(started.goroutine, nullptr));
    }
}

} // namespace detail

/// Starts a goroutine that calls f(args...) with copies of both, moved from what is passed as an
/// rvalue; what f returns is dropped. The goroutine runs when a processor is free for it, on any
/// thread; its stack grows. Callables and arguments that can only be moved are fine; a reference is
/// passed with std::ref. Does not block; in a burst of hundreds the current goroutine lets others
/// run now and then, as yield does. Fatal where there is no memory for the stack. Any goroutine. As
/// Go's go statement.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
void go(F&& f, Args&&... args) {
    detail::start(0, std::forward<F>(f), std::forward<Args>(args)...);
}

/// The first argument of go, for a goroutine that runs code which does not ask for stack: code that
/// was not compiled with -fsplit-stack.
struct stack_size {
    /// At least that many bytes, 256 KiB where that is less. What is not touched costs no memory.
    explicit constexpr stack_size(std::size_t n)
        : bytes(n) {}
    std::size_t bytes;
};

/// The same with a plain stack of that size and a guard page below it: what overflows it ends the
/// program with SIGSEGV instead of writing elsewhere. A mapping of its own, so it costs some
/// microseconds and 4 KiB at least.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
void go(stack_size stack, F&& f, Args&&... args) {
    detail::start(stack.bytes != 0 ? stack.bytes : 1, std::forward<F>(f),
                  std::forward<Args>(args)...);
}

/// Calls f() with at least size bytes of stack and returns what it returns: for a call of code that
/// was not compiled with -fsplit-stack. The stack stays with the goroutine, so the next call of the
/// kind costs a few nanoseconds. On main's goroutine, which has the kernel's stack of RLIMIT_STACK
/// bytes, a plain call. Fatal where there is no memory. f may park. Any goroutine.
template <class F>
    requires std::invocable<F>
decltype(auto) on_big_stack(F&& f, std::size_t size = 256 * 1024) {
    using result = std::invoke_result_t<F>;
    if constexpr (std::is_void_v<result>) {
        auto call = [&f] { std::forward<F>(f)(); };
        detail::call_on_big_stack([](void* self) { (*static_cast<decltype(call)*>(self))(); },
                                  std::addressof(call), size);
    } else if constexpr (std::is_reference_v<result>) {
        std::remove_reference_t<result>* got = nullptr;
        on_big_stack(
            [&f, &got] {
                result&& referred = std::forward<F>(f)();
                got = std::addressof(referred);
            },
            size);
        return static_cast<result>(*got);
    } else {
        std::optional<result> got;
        on_big_stack([&f, &got] { got.emplace(std::forward<F>(f)()); }, size);
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access)
        return result(*std::move(got));
    }
}

/// Lets the other goroutines run: the current one goes to the end of the queue. Any goroutine. As
/// Go's runtime.Gosched.
void yield();

/// How many goroutines may run at the same time, at most; n > 0 sets it, and takes effect where
/// goroutines next park, yield or end. Returns what it was. At first the number of processors that
/// the process may use, but not more than the cgroup's CPU quota has time for (rounded up, at least
/// 2); or the environment's GOMAXPROCS. Any goroutine. As Go's runtime.GOMAXPROCS.
int gomaxprocs(int n = 0);

/// The number of processors in the affinity mask that the program was started with. As Go's
/// runtime.NumCPU.
int num_cpu();

/// The number of goroutines that have not ended, main's included. While others start or end, a
/// number that was right at some time. As Go's runtime.NumGoroutine.
int num_goroutine();

/// The current goroutine's number: main's is 1, and none is used twice.
std::uint64_t goid();

/// Names the current goroutine, for the dumps that a dying program prints: goroutine 7 [runnable,
/// "reader"]. A copy, cut after 63 bytes; an empty one takes the name away, and so does the
/// goroutine's end. Fatal where there is no memory. Any goroutine.
void set_name(std::string_view name);

/// Ties the current goroutine to its thread: it runs on no other, and nothing else runs on that
/// one, until unlock_os_thread has been called as often. A goroutine that ends tied ends the thread
/// with it. For what the kernel keeps per thread: namespaces, credentials, thread_local. As Go's
/// runtime.LockOSThread.
void lock_os_thread();

/// Undoes one lock_os_thread; nothing where there is none.
void unlock_os_thread();

} // namespace rt0
