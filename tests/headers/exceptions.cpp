// With rt0::exceptions alone.
#include <any>
#include <array>
#include <bitset>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeindex>
#include <typeinfo>
#include <variant>
#include <vector>

#include "check.h"

namespace {

int unwound;

struct guard {
    guard() = default;
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { ++unwound; }
};

struct base {
    base() = default;
    base(const base&) = default;
    base& operator=(const base&) = default;
    virtual ~base() = default;
};
struct left : virtual base {};
struct right : virtual base {
    int value = 5;
};
struct both : left, right {};

// Is `thrown` what function throws?
template <typename thrown>
bool throws(const std::function<void()>& function) {
    try {
        const guard here;
        function();
    } catch (const thrown&) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}

int deep(int n) {
    const guard here;
    return n == 0 ? throw std::runtime_error("deep") : deep(n - 1) + 1;
}

void library() {
    std::vector<int> vector(3);
    std::map<int, int> map;
    const std::string text = "text";
    check(throws<std::out_of_range>([&] { vector.at(3) = 1; }));
    check(throws<std::length_error>([&] { vector.reserve(SIZE_MAX); }));
    check(throws<std::out_of_range>([&] { map.at(1) = 1; }));
    check(throws<std::out_of_range>([&] { check(text.substr(5).empty()); }));
    check(throws<std::invalid_argument>([] { check(std::stoi("x") == 0); }));
    check(throws<std::out_of_range>([] { check(std::stoi("99999999999") == 0); }));
    check(throws<std::bad_function_call>([] { std::function<void()>()(); }));
    check(throws<std::bad_optional_access>([] { check(std::optional<int>().value() == 0); }));
    check(throws<std::bad_variant_access>(
        [] { check(std::get<0>(std::variant<int, char>('x')) == 0); }));
    check(throws<std::bad_any_cast>([] { check(std::any_cast<int>(std::any('x')) == 0); }));
    check(throws<std::bad_weak_ptr>([] { const std::shared_ptr<int> p((std::weak_ptr<int>())); }));
    check(throws<std::bad_alloc>([] {
        volatile size_t far_too_much = SIZE_MAX / 4;
        char* volatile block =
            new char[far_too_much]; // volatile: compilers may leave unused ones out
        delete[] block;
    }));
    // bad_array_new_length with GCC.
    check(throws<std::bad_alloc>([] {
        volatile size_t negative = SIZE_MAX;
        int* volatile block = new int[negative];
        delete[] block;
    }));
    check(throws<std::out_of_range>([] { check(std::bitset<4>().test(4)); }));
}

void errors() {
    try {
        throw std::system_error(ENOENT, std::generic_category(), "open");
    } catch (const std::system_error& error) {
        check(error.code() == std::errc::no_such_file_or_directory);
        check(std::string(error.what()).starts_with("open: "));
    }
    const std::error_code code = std::make_error_code(std::errc::invalid_argument);
    check(code.value() == EINVAL && !code.message().empty());
}

void language() {
    unwound = 0;
    try {
        deep(1000);
        check(false);
    } catch (const std::exception& error) {
        check(std::string(error.what()) == "deep" && unwound == 1001);
    }
    // Thrown again, kept, nested.
    std::exception_ptr kept;
    try {
        try {
            throw 7;
        } catch (...) {
            kept = std::current_exception();
            throw;
        }
    } catch (const int n) {
        check(n == 7);
    }
    check(throws<int>([&] { std::rethrow_exception(kept); }));
    try {
        try {
            throw std::logic_error("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::runtime_error& outer) {
        check(throws<std::logic_error>([&] { std::rethrow_if_nested(outer); }));
    }
    check(std::uncaught_exceptions() == 0);
    // Types at run time.
    both object;
    base& plain = object;
    check(dynamic_cast<right&>(plain).value == 5 && dynamic_cast<left*>(&plain) != nullptr);
    const base object_of_base;
    const base& only = object_of_base;
    check(dynamic_cast<const left*>(&only) == nullptr);
    check(throws<std::bad_cast>([&] { check(&dynamic_cast<const left&>(only) == nullptr); }));
    check(typeid(plain) == typeid(both) && std::type_index(typeid(int)) != typeid(char));
    check(std::string(typeid(both).name()).contains("both"));
    // Out of the callbacks of C's functions.
    std::array<int, 3> numbers{3, 1, 2};
    const auto compare = [](const void*, const void*) -> int { throw 1; };
    check(throws<int>([&] { std::qsort(numbers.data(), 3, sizeof(int), compare); }));
    check(throws<int>([&] {
        const void* const found =
            std::bsearch(numbers.data(), numbers.data(), 3, sizeof(int), compare);
        check(found == nullptr);
    }));
    // One from a local static's initialiser: it is tried again.
    int tries = 0;
    const auto make = [&] {
        static const int made = ++tries == 1 ? throw 1 : tries;
        check(made == 2);
    };
    check(throws<int>(make) && !throws<int>(make) && tries == 2);
}

} // namespace

int main() {
    library();
    errors();
    language();
    return failures;
}
