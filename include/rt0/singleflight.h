// The same work, asked for by many at the same time, done once. Not part of rt0/rt0.h: it brings
// <map>.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <rt0/chan.h>
#include <rt0/detail/caught.h>
#include <rt0/go.h>
#include <rt0/sync.h>

namespace rt0 {

/// Calls of functions by key: who asks for a key for which a call is under way waits for its result
/// instead of calling. Nothing is kept: who asks when it is over calls again. Value is what the
/// functions return, with an error in it where there may be one. Must outlive its calls; not
/// copyable. Any goroutine. As Go's singleflight.Group.
template <class Key, std::copy_constructible Value, class Less = std::less<Key>>
class singleflight {
public:
    /// What a call has given.
    struct result {
        /// A copy, where it is shared.
        Value value;
        /// Has it been given to several?
        bool shared;
    };

    singleflight() = default;
    singleflight(const singleflight&) = delete;
    singleflight& operator=(const singleflight&) = delete;
    ~singleflight() = default;

    /// Returns what f() returns, or throws what it throws; where a call for key is under way, parks
    /// until that is over and does the same with what that one gave. A call for the same key from
    /// within f waits for itself. As Go's Do.
    template <class F>
        requires std::is_invocable_r_v<Value, F&>
    result call(const Key& key, F&& f) {
        ticket own(this, key);
        return own.use(f) ? own.given() : call(key, std::forward<F>(f));
    }

    /// The same without waiting: the channel gets the result when there is one. f is called in a
    /// goroutine of its own; what it throws ends the program, as with go. As Go's DoChan.
    template <class F>
        requires std::is_invocable_r_v<Value, std::decay_t<F>&>
    recv_only<result> start(const Key& key, F&& f) {
        const chan<result> to(1);
        go([this, to, key, f = std::forward<F>(f), own = ticket(this, key)]() mutable {
            to.send(own.use(f) ? own.given() : call(key, std::move(f)));
        });
        return to;
    }

    /// Who asks for key from now on calls, even if a call for it is under way. As Go's Forget.
    void forget(const Key& key) {
        const std::lock_guard lock(mutex_);
        if (const auto at = flights_.find(key); at != flights_.end()) {
            at->second->listed = false;
            flights_.erase(at);
        }
    }

private:
    struct flight;
    using flights = std::map<Key, std::shared_ptr<flight>, Less>;

    struct flight {
        flights::iterator at; // while it is listed
        bool listed = true;
        bool shared = false;
        std::optional<Value> value;
        detail::caught thrown;
        latch over{1};
    };

    // To be on the flight for a key, and for the first one to fly it.
    class ticket {
    public:
        ticket(singleflight* of, const Key& key)
            : of_(of) {
            const std::lock_guard lock(of->mutex_);
            auto at = of->flights_.find(key);
            flies_ = at == of->flights_.end();
            if (flies_) {
                at = of->flights_.emplace(key, std::make_shared<flight>()).first;
                at->second->at = at;
            } else {
                at->second->shared = true;
            }
            on_ = at->second;
        }
        ticket(ticket&& other) noexcept
            : of_(other.of_)
            , on_(std::move(other.on_))
            , flies_(std::exchange(other.flies_, false)) {}
        ticket& operator=(ticket&&) = delete;
        // Where no goroutine could be started for it the others look for themselves.
        ~ticket() {
            if (flies_) {
                land();
            }
        }

        // Flies, or waits. Is there a result? Throws where the call has thrown.
        template <class F>
        bool use(F& f) {
            if (flies_) {
                (void)on_->thrown.call([this, &f] { on_->value.emplace(f()); });
                land();
            } else {
                on_->over.wait();
            }
            on_->thrown.rethrow();
            return on_->value.has_value();
        }

        result given() {
            // Nobody joins any more.
            Value& value = *on_->value; // NOLINT(bugprone-unchecked-optional-access): use says so
            return on_->shared ? result{value, true} : result{std::move(value), false};
        }

    private:
        void land() {
            flies_ = false;
            {
                const std::lock_guard lock(of_->mutex_);
                if (on_->listed) {
                    of_->flights_.erase(on_->at);
                }
            }
            on_->over.count_down();
        }

        singleflight* of_;
        std::shared_ptr<flight> on_;
        bool flies_ = false;
    };

    mutex mutex_;
    flights flights_; // under mutex_, and of a flight listed and shared
};

} // namespace rt0
