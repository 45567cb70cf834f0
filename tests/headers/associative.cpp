#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "check.h"

namespace {

void ordered() {
    std::map<std::string, int> map;
    for (int i = 0; i < 1000; ++i) {
        map["key " + std::to_string(i)] = i;
    }
    check(map.size() == 1000 && map.at("key 500") == 500 && !map.contains("none"));
    check(map.begin()->first == "key 0" && map.rbegin()->first == "key 999");
    auto node = map.extract("key 7");
    node.key() = "seven";
    map.insert(std::move(node));
    check(map.find("seven")->second == 7 && map.size() == 1000);
    check(std::erase_if(map, [](const auto& entry) { return entry.second % 2 == 0; }) == 500);
    std::multimap<int, int> many{{1, 1}, {1, 2}, {2, 3}};
    check(many.count(1) == 2 && many.equal_range(1).first->second == 1);
    std::set<int> set{5, 3, 4, 3};
    check(set.size() == 3 && *set.lower_bound(4) == 4 && !set.insert(5).second);
    const std::multiset<int> bag{1, 1, 1};
    check(bag.count(1) == 3);
}

void unordered() {
    std::unordered_map<std::string, int> map;
    for (int i = 0; i < 10'000; ++i) {
        map.try_emplace(std::to_string(i), i);
    }
    check(map.size() == 10'000 && map.at("1234") == 1234 && map.load_factor() <= 1.0F);
    map.erase("1234");
    check(map.find("1234") == map.end());
    std::unordered_set<int> set;
    for (int i = 0; i < 1000; ++i) {
        set.insert(i % 100);
    }
    check(set.size() == 100 && set.contains(99));
    std::unordered_multimap<int, int> many{{1, 1}, {1, 2}};
    check(many.count(1) == 2);
}

} // namespace

int main() {
    ordered();
    unordered();
    return failures;
}
