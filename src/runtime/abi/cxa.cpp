// Small hooks of the C++ ABI.
#include "base/fatal.h"

// What std::terminate calls at first, and what std::set_terminate goes back to. libsupc++'s own
// brings the demangler and stdio along. Weak, because librt0-exceptions.a has one that knows what
// was thrown.
namespace __gnu_cxx {

[[gnu::weak]] void __verbose_terminate_handler() {
    runtime::fatal("std::terminate called");
}

} // namespace __gnu_cxx

namespace __cxxabiv1 {

[[gnu::weak]] extern void (*__terminate_handler)();
void (*__terminate_handler)() = __gnu_cxx::__verbose_terminate_handler;

} // namespace __cxxabiv1

namespace std {

// Weak: a program with exceptions has libsupc++'s, which knows a handler that was set.
[[gnu::weak]] void terminate() noexcept {
    runtime::fatal("std::terminate called");
}

} // namespace std

extern "C" {

[[noreturn]] void __cxa_pure_virtual() {
    runtime::fatal("pure virtual function called");
}

[[noreturn]] void __cxa_deleted_virtual() {
    runtime::fatal("deleted virtual function called");
}

} // extern "C"
