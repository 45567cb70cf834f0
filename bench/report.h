// What the benchmarks that run other programs have in common: medians, and the rows of the JSON.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

inline double median(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t n = values.size();
    return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// null where there is no number.
inline std::string number(double value) {
    if (!std::isfinite(value))
        return "null";
    std::array<char, 64> text{};
    const int length = std::snprintf(text.data(), text.size(), "%.9g", value);
    return {text.data(), static_cast<std::size_t>(length)};
}

inline std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out + '"';
}

struct json_row {
    std::string_view name;
    std::string_view unit;
    double ours;
    std::vector<std::pair<std::string_view, double>> peers;
    double ratio;
    std::size_t runs;
};

inline std::string text_of(const json_row& row) {
    std::string text = "{\"name\":" + quoted(row.name) + ",\"unit\":" + quoted(row.unit) +
                       ",\"ours\":" + number(row.ours) + ",\"peers\":{";
    const char* separator = "";
    for (const auto& [name, value] : row.peers) {
        text += separator + quoted(name) + ':' + number(value);
        separator = ",";
    }
    return text + "},\"ratio\":" + number(row.ratio) + ",\"runs\":" + std::to_string(row.runs) +
           '}';
}

} // namespace bench
