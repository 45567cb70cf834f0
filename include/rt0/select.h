// Waiting for several channels at once.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <rt0/chan.h>

namespace rt0 {

namespace detail {

struct selected {
    std::size_t index; // of the case, or how many there are where none could be taken
    outcome what;
};

// Takes one of the cases, as select says; order is room for as many numbers.
selected select_one(waiter* cases, std::size_t count, std::uint16_t* order, bool waits,
                    bool in_order, transfer* by);
[[noreturn]] void too_many_cases();

inline constexpr std::size_t most_cases = 65536;

template <class Case>
concept waits_for_channel = requires { std::remove_cvref_t<Case>::of_channel; };

// What a case that receives a T may call.
template <class F, class T>
concept takes_received = std::invocable<F&, std::optional<T>> || std::invocable<F&>;

template <class F, class T>
void call_with(F& handler, arrival<T>& value) {
    if constexpr (std::invocable<F&, std::optional<T>>) {
        (void)handler(value.take()); // made where the handler wants it, not copied there
    } else {
        (void)handler();
    }
}

template <class T, class F>
struct receive_case {
    static constexpr bool of_channel = true;
    channel* from;
    F handler;
    arrival<T> value;

    receive_case(channel* c, F f)
        : from(c)
        , handler(std::forward<F>(f)) {}

    void prepare(waiter& as) {
        value.clear(); // of the select before
        as.of = from;
        as.value = value.room();
        as.sends = false;
        as.plain = is_plain<T>;
    }
    void complete(outcome what, const transfer& by) {
        value.complete(from, what, by);
        call_with(handler, value);
    }
};

// Value: T, or T&& where the caller's own is moved from if the case is taken.
template <class T, class Value, class F>
struct send_case {
    static constexpr bool of_channel = true;
    channel* to;
    Value value;
    F handler;

    void prepare(waiter& as) {
        as.of = to;
        as.value = const_cast<void*>(static_cast<const void*>(std::addressof(value)));
        as.sends = true;
        as.plain = is_plain<T>;
    }
    void complete(outcome what, const transfer& by) {
        if (what == outcome::move) {
            move_sent(to, by, std::move(value));
        }
        (void)std::apply(handler, std::tuple<>());
    }
};

template <class F>
struct otherwise_case {
    static constexpr bool of_none = true;
    F handler;
};

template <class Case>
concept selectable = waits_for_channel<Case> || requires { std::remove_cvref_t<Case>::of_none; };

template <class Case>
void finish_case(Case& taken, outcome what, const transfer& by) {
    if constexpr (waits_for_channel<Case>) {
        taken.complete(what, by);
    } else {
        (void)std::apply(taken.handler, std::tuple<>());
    }
}

template <std::size_t... I, class... Cases>
std::size_t select_of(bool in_order, std::index_sequence<I...> /*numbers*/, Cases&... cases) {
    constexpr auto count = (std::size_t{0} + ... + (waits_for_channel<Cases> ? 1 : 0));
    static_assert(sizeof...(Cases) - count <= 1, "a select has one otherwise at most");
    static_assert(count <= most_cases);
    constexpr std::size_t room = count != 0 ? count : 1;
    // At which place in the list each of those is that wait for a channel; behind them the other.
    static constexpr std::array<std::size_t, sizeof...(Cases) + 1> places = [] {
        std::array<std::size_t, sizeof...(Cases) + 1> at{};
        std::size_t next = 0; // NOLINT(misc-const-correctness): not in every instance
        ((waits_for_channel<Cases> ? void(at[next++] = I) : void(at[count] = I)), ...);
        return at;
    }();
    std::array<waiter, room> waiters;
    std::array<std::uint16_t, room> order;
    // NOLINTNEXTLINE(misc-const-correctness): not in every instance
    [[maybe_unused]] std::size_t next = 0;
    (
        [&] {
            if constexpr (waits_for_channel<Cases>) {
                cases.prepare(waiters[next++]);
            }
        }(),
        ...);
    transfer by;
    const selected one =
        select_one(waiters.data(), count, order.data(), sizeof...(Cases) == count, in_order, &by);
    const std::size_t taken = places[one.index];
    (void)((I == taken && (finish_case(cases, one.what, by), true)) || ...);
    return taken;
}

} // namespace detail

/// A case of a select: receive from c, then call f(value) with a std::optional, which is empty
/// where the channel is closed; or f().
template <class Channel, class F>
    requires std::derived_from<Channel, detail::receiving<Channel, typename Channel::value_type>> &&
             detail::takes_received<F, typename Channel::value_type>
auto recv(const Channel& c, F&& f) {
    return detail::receive_case<typename Channel::value_type, F>(c.internal(), std::forward<F>(f));
}

/// A case of a select: send value through c, then call f(). An rvalue is moved from only if the
/// case is taken, and must live until then; anything else is copied or converted first.
template <class Channel, class V, class F>
    requires std::derived_from<Channel, detail::sending<Channel, typename Channel::value_type>> &&
             std::convertible_to<V, typename Channel::value_type> && std::invocable<F&>
auto send(const Channel& c, V&& value, F&& f) {
    using T = typename Channel::value_type;
    using kept = std::conditional_t<std::is_same_v<V&&, T&&>, T&&, T>;
    return detail::send_case<T, kept, F>{c.internal(), static_cast<kept>(std::forward<V>(value)),
                                         std::forward<F>(f)};
}

/// A case of a select: what to do where none of the others could be taken without waiting.
template <class F>
    requires std::invocable<F&>
auto otherwise(F&& f) {
    return detail::otherwise_case<F>{std::forward<F>(f)};
}

/// Takes one of the cases that can be taken now, each with the same probability; where there is
/// none, the otherwise, or else parks the goroutine until there is one. Calls that case's function
/// and returns its place in the list. That none can be taken is so at one instant, for all of them.
/// Null channels are never taken; without any other it parks for ever. Panics where it sends on a
/// closed channel. Does not allocate. Any goroutine. After Go's select.
///
///     rt0::select(rt0::recv(c, [](std::optional<int> v) { ... }),
///                 rt0::send(d, 7, [] { ... }),
///                 rt0::otherwise([] { ... }));
template <detail::selectable... Cases>
std::size_t select(Cases&&... cases) {
    return detail::select_of(false, std::index_sequence_for<Cases...>(), cases...);
}

/// The same, but the first in the list of those that can be taken now.
template <detail::selectable... Cases>
std::size_t select_in_order(Cases&&... cases) {
    return detail::select_of(true, std::index_sequence_for<Cases...>(), cases...);
}

/// Where a case of a number that is known at run time receives to.
template <class T>
class received {
public:
    received() = default;
    /// Takes what has been received out. Empty where the channel was closed, or the case has not
    /// been taken.
    [[nodiscard]] std::optional<T> take() { return value_.take(); }

private:
    friend class select_case;
    detail::arrival<T> value_;
};

/// A case of a select of a number that is known at run time. What it refers to must live as long.
class select_case {
public:
    /// Receive from c to to, which is empty.
    template <class Channel>
    select_case(const Channel& c, received<typename Channel::value_type>& to)
        requires std::derived_from<Channel,
                                   detail::receiving<Channel, typename Channel::value_type>>
    {
        using T = typename Channel::value_type;
        as_.of = c.internal();
        as_.value = std::addressof(to.value_);
        as_.sends = false;
        as_.plain = detail::is_plain<T>;
        as_.complete = [](detail::waiter* self, detail::outcome what, const detail::transfer& by) {
            static_cast<detail::arrival<T>*>(self->value)->complete(self->of, what, by);
        };
    }
    /// Send value through c: it is moved from if the case is taken.
    template <class Channel>
    select_case(const Channel& c, typename Channel::value_type& value)
        requires std::derived_from<Channel, detail::sending<Channel, typename Channel::value_type>>
    {
        using T = typename Channel::value_type;
        as_.of = c.internal();
        as_.value = std::addressof(value);
        as_.sends = true;
        as_.plain = detail::is_plain<T>;
        as_.complete = [](detail::waiter* self, detail::outcome what, const detail::transfer& by) {
            if (what == detail::outcome::move) {
                detail::move_sent(self->of, by, std::move(*static_cast<T*>(self->value)));
            }
        };
    }

private:
    friend std::size_t select(std::span<select_case> cases);
    friend std::size_t select_in_order(std::span<select_case> cases);
    friend std::optional<std::size_t> try_select(std::span<select_case> cases);
    friend std::optional<std::size_t> try_select_in_order(std::span<select_case> cases);

    static std::size_t one_of(std::span<select_case> cases, bool waits, bool in_order) {
        constexpr std::size_t few = 64;
        if (cases.size() > detail::most_cases) {
            detail::too_many_cases();
        }
        std::array<std::uint16_t, few> little;
        struct memory {
            std::uint16_t* of = nullptr;
            memory() = default;
            memory(const memory&) = delete;
            memory& operator=(const memory&) = delete;
            ~memory() { delete[] of; }
        } large;
        std::uint16_t* order = little.data();
        if (cases.size() > few) {
            large.of = new std::uint16_t[cases.size()];
            order = large.of;
        }
        static_assert(sizeof(select_case) == sizeof(detail::waiter));
        auto* const waiters = cases.empty() ? nullptr : &cases.front().as_;
        detail::transfer by;
        const detail::selected one =
            detail::select_one(waiters, cases.size(), order, waits, in_order, &by);
        if (one.index != cases.size()) {
            detail::waiter& taken = cases[one.index].as_;
            taken.complete(&taken, one.what, by);
        }
        return one.index;
    }

    detail::waiter as_;
};

/// Takes one of the cases, up to 65536, as select does, and returns its place. Allocates where they
/// are more than 64.
inline std::size_t select(std::span<select_case> cases) {
    return select_case::one_of(cases, true, false);
}

/// The same, but the first of those that can be taken now.
inline std::size_t select_in_order(std::span<select_case> cases) {
    return select_case::one_of(cases, true, true);
}

/// The same without waiting: nothing where none of them can be taken now.
inline std::optional<std::size_t> try_select(std::span<select_case> cases) {
    const std::size_t taken = select_case::one_of(cases, false, false);
    return taken != cases.size() ? std::optional(taken) : std::nullopt;
}

/// The same, the first of those that can be taken now.
inline std::optional<std::size_t> try_select_in_order(std::span<select_case> cases) {
    const std::size_t taken = select_case::one_of(cases, false, true);
    return taken != cases.size() ? std::optional(taken) : std::nullopt;
}

} // namespace rt0
