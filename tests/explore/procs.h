// What lies below locks where the scheduler is not what is explored: the goroutines of
// goroutines.cpp on a p each.
#pragma once

#include <cstdint>
#include <functional>

namespace procs {

constexpr std::uint32_t most = 4;

/// One run of a model, as machine::run.
void run(const std::function<void()>& main);
/// A goroutine on the next p.
void go(std::function<void()> body);
/// What has been started with set_timer expires; there is one at most.
void time_passes();

} // namespace procs
