// What the runtime's sources call, by the headers that stand in the place of theirs: many of them
// are compiled, once for each planted bug, so this includes next to nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace explore {

/// An object that outlives a run is as new at the beginning of the next.
template <class T>
void anew(T& object) {
    object.~T();
    new (&object) T{};
}

/// A point where another thread may go on: a call to the kernel.
void point();
/// One of so many numbers, from 0 on: each of them in some schedule.
std::size_t any(std::size_t of);
/// Is that the bug that this program is to have? --planted N (planted in CMakeLists.txt).
bool has_bug(int number);
/// The thread spins: others have a turn before it goes on.
void pause();
/// What modify makes of a value: refers to a callable that returns whether it stores.
class change {
public:
    template <class F>
    change(const F& by) // NOLINT(google-explicit-constructor): as a callable
        : by_(&by)
        , call_([](const void* self, const void* old, void* changed) {
            return (*static_cast<const F*>(self))(old, changed);
        }) {}
    bool operator()(const void* old, void* changed) const { return call_(by_, old, changed); }

private:
    const void* by_;
    bool (*call_)(const void* by, const void* old, void* changed);
};

// What atomic.h calls. An order is std::memory_order's number. Values are passed as bytes.

/// The atomic at address is a new one.
void forget(const void* address);
/// All that begin in the range are: memory that the kernel has taken back.
void forget(const void* begin, std::size_t size);
/// One access. load: returns which of the stores it sees, copied to out.
void load(const void* address, std::size_t size, int order, void* out);
void store(void* address, std::size_t size, int order, const void* value);
/// Replaces *address by what change makes of it, in one step; old gets what was there. failure is
/// the order where by does not store.
void modify(void* address, std::size_t size, int order, int failure, void* old, const change& by);
void fence(int order);
/// An access to what is watched. No step.
void touch(const void* address, bool writes);
/// Compares and swaps two words that lie side by side, in one step, as cmpxchg16b: a full barrier.
/// Where they differ from *first and *second, these get what is there.
bool compare_and_swap_pair(void* at, std::uint64_t* first, void** second, std::uint64_t new_first,
                           void* new_second);

} // namespace explore
