#include <charconv>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "check.h"

namespace {

void strings() {
    std::string text = "hello";
    text += ", world and everybody else who reads this";
    check(text.size() == 46 && text.starts_with("hello") && text.contains("world"));
    check(text.substr(7, 5) == "world" && text.find("else") == 27 && text.rfind('e') == 37);
    text.replace(0, 5, "goodbye").insert(0, "> ").erase(2, 1);
    check(text.starts_with("> oodbye, "));
    check(text.find_first_of("xyz") == 6 && text.find_last_not_of("s") == 47);
    std::string copy = text;
    copy.resize(10'000, 'x');
    check(copy.compare(0, text.size(), text) == 0 && copy.back() == 'x' && copy > text);
    const std::wstring wide = std::wstring(L"wide ") + L"text";
    check(wide.size() == 9 && wide.find(L't') == 5);
    const std::u8string utf = u8"\u00e4";
    check(utf.size() == 2);
    check(std::hash<std::string>()(text) == std::hash<std::string_view>()(text));
}

void views() {
    using namespace std::literals;
    constexpr std::string_view view = "one two three";
    check(view.substr(4, 3) == "two"sv && view.find('t') == 4 && view.ends_with("three"));
    check(view.find("three") == 8 && view.find_first_not_of("eno") == 3);
    std::string_view rest = view;
    rest.remove_prefix(4);
    rest.remove_suffix(6);
    check(rest == "two" && rest < "zwei" && std::string_view(std::strchr("a=b", '=')) == "=b");
}

template <typename number>
number from(std::string_view text) {
    number result{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    check(error == std::errc{} && end == text.data() + text.size());
    return result;
}

template <typename number>
std::string to(number value) {
    char buffer[64];
    const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), value);
    check(error == std::errc{});
    return {buffer, end};
}

void numbers() {
    check(std::to_string(-42) == "-42" && std::to_string(18446744073709551615ULL).size() == 20);
    check(std::stoi("  -17 apples") == -17 && std::stoul("ff", nullptr, 16) == 255);
    check(std::stoll("9223372036854775807") == std::numeric_limits<long long>::max());
    check(from<int>("-123") == -123 && from<unsigned char>("255") == 255);
    check(to(-9223372036854775807L - 1) == "-9223372036854775808");
    unsigned char small = 0;
    const std::string_view big = "256";
    check(std::from_chars(big.data(), big.data() + 3, small).ec == std::errc::result_out_of_range);
    check(to(0.1) == "0.1" && to(1e300) == "1e+300" && to(1.0F / 3) == "0.33333334");
    check(from<double>("0.1") == 0.1 && from<double>("-1.7976931348623157e308") < -1e308);
    check(from<float>("3.4028235e38") == std::numeric_limits<float>::max());
}

} // namespace

int main() {
    strings();
    views();
    numbers();
    return failures;
}
