#include <chrono>
#include <string>

#include <rt0/format.h>

#include "check.h"

int main() {
    using namespace std::chrono;
    using namespace std::literals;
    const auto before = steady_clock::now();
    const auto wall = system_clock::now();
    check(wall > sys_days{2024y / January / 1} && wall < sys_days{2200y / January / 1});
    check(high_resolution_clock::now().time_since_epoch().count() != 0);
    check(steady_clock::now() >= before && before.time_since_epoch() > 0s);
    check(duration_cast<milliseconds>(1h + 1ms) == 3'600'001ms && 90min / 2 == 45min);
    check(floor<hours>(119min) == 1h && round<seconds>(1'500ms) == 2s && abs(-3s) == 3s);
    constexpr year_month_day leap{sys_days{2024y / February / 28} + days{1}};
    static_assert(leap == 2024y / February / 29);
    check(weekday{sys_days{2026y / November / 24}} == Tuesday && (2023y / 2 / 29).ok() == false);
    check(hh_mm_ss{3'661s}.minutes() == 1min &&
          year_month_day_last{2023y / February / last}.day() == 28d);
    check(rt0::format("{}", 1500ms).ends_with("ms"));
    return failures;
}
