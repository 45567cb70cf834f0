#include <any>
#include <bit>
#include <compare>
#include <concepts>
#include <expected>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <optional>
#include <ratio>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <variant>
#include <vector>

#include "check.h"

namespace {

struct version {
    int major;
    int minor;
    auto operator<=>(const version&) const = default;
};

template <typename... visitor>
struct overloaded : visitor... {
    using visitor::operator()...;
};

std::expected<int, std::string> half(int n) {
    if (n % 2 != 0) {
        return std::unexpected("odd");
    }
    return n / 2;
}

int sum(std::initializer_list<int> numbers) {
    int total = 0;
    for (const int n : numbers) {
        total += n;
    }
    return total;
}

void optionals() {
    std::optional<std::string> name;
    check(!name && name.value_or("none") == "none");
    name = "somebody";
    check(name.value() == "somebody" && name->size() == 8);
    check(name.transform([](const std::string& s) { return s.size(); }) == 8U);
    check(half(8) == 4 && half(3).error() == "odd" && half(8).value() == 4);
}

void variants() {
    std::variant<int, std::string, std::vector<int>> value = 7;
    check(std::get<int>(value) == 7 && std::get_if<std::string>(&value) == nullptr);
    value = std::string("text");
    check(value.index() == 1 && std::holds_alternative<std::string>(value));
    const auto size = std::visit(
        overloaded{[](int) { return size_t{0}; }, [](const auto& range) { return range.size(); }},
        value);
    check(size == 4);
    std::any any = std::string(100, 'a');
    check(std::any_cast<std::string>(&any)->size() == 100 && std::any_cast<int>(&any) == nullptr);
    any = 3;
    check(std::any_cast<int>(any) == 3);
}

void others() {
    const auto [number, text] = std::tuple(1, std::string("one"));
    check(number == 1 && text == "one" &&
          std::tuple_cat(std::tuple(1), std::tuple(2.0)) == std::tuple(1, 2.0));
    check(version{1, 9} < version{2, 0} && std::is_lt(version{1, 2} <=> version{1, 3}));
    check(std::popcount(0xff00U) == 8 && std::countl_zero(uint32_t{1}) == 31);
    check(std::bit_cast<uint32_t>(1.0F) == 0x3f800000 && std::byteswap(uint16_t{0x1234}) == 0x3412);
    check(std::bit_ceil(65U) == 128 && std::endian::native == std::endian::little);
    check(sum({1, 2, 3}) == 6 && std::exchange(failures, failures) == failures);
    check(std::cmp_less(-1, 1U) && std::in_range<uint8_t>(255) && !std::in_range<uint8_t>(256));
    check(std::numbers::pi > 3.14 && std::ratio_add<std::ratio<1, 2>, std::ratio<1, 3>>::num == 5);
    static_assert(std::integral<int> && std::is_same_v<std::remove_cvref_t<const int&>, int>);
    check(std::numeric_limits<double>::digits == 53);
    volatile unsigned __int128 wide = static_cast<unsigned __int128>(1) << 100;
    wide = wide / 3;
    check(static_cast<uint64_t>(wide >> 64) == (uint64_t{1} << 36) / 3);
}

} // namespace

int main() {
    optionals();
    variants();
    others();
    return failures;
}
