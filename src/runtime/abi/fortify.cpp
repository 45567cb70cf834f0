// What _FORTIFY_SOURCE makes of calls whose destination has a known size: the plain function behind
// a check that `room` is enough.
#include "base/fatal.h"

#include <cstddef>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) noexcept;
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int byte, size_t size);
void* mempcpy(void* to, const void* from, size_t size);
size_t strlen(const char* s);
size_t strnlen(const char* s, size_t limit);
char* strncpy(char* to, const char* from, size_t size);
// NOLINTNEXTLINE(readability-redundant-declaration): only by chance does <string_view> have it.
wchar_t* wmemset(wchar_t* to, wchar_t value, size_t count);

[[noreturn]] void __chk_fail() {
    runtime::fatal("buffer overflow detected");
}

} // extern "C"

namespace {

void check(size_t size, size_t room) {
    if (size > room)
        __chk_fail();
}

} // namespace

extern "C" {

void* __memcpy_chk(void* to, const void* from, size_t size, size_t room) {
    check(size, room);
    return memcpy(to, from, size);
}

void* __memmove_chk(void* to, const void* from, size_t size, size_t room) {
    check(size, room);
    return memmove(to, from, size);
}

void* __mempcpy_chk(void* to, const void* from, size_t size, size_t room) {
    check(size, room);
    return mempcpy(to, from, size);
}

void* __memset_chk(void* to, int byte, size_t size, size_t room) {
    check(size, room);
    return memset(to, byte, size);
}

char* __stpcpy_chk(char* to, const char* from, size_t room) {
    const size_t length = strlen(from);
    check(length + 1, room);
    memcpy(to, from, length + 1);
    return to + length;
}

char* __strcpy_chk(char* to, const char* from, size_t room) {
    __stpcpy_chk(to, from, room);
    return to;
}

char* __strncpy_chk(char* to, const char* from, size_t size, size_t room) {
    check(size, room);
    return strncpy(to, from, size);
}

char* __strncat_chk(char* to, const char* from, size_t limit, size_t room) {
    const size_t before = strnlen(to, room);
    const size_t length = strnlen(from, limit);
    check(before + length + 1, room);
    memcpy(to + before, from, length);
    to[before + length] = 0;
    return to;
}

char* __strcat_chk(char* to, const char* from, size_t room) {
    return __strncat_chk(to, from, static_cast<size_t>(-1), room);
}

// std::char_traits<wchar_t> calls these. Both sizes count wchar_t.
wchar_t* __wmemcpy_chk(wchar_t* to, const wchar_t* from, size_t count, size_t room) {
    check(count, room);
    return static_cast<wchar_t*>(memcpy(to, from, count * sizeof(wchar_t)));
}

wchar_t* __wmemmove_chk(wchar_t* to, const wchar_t* from, size_t count, size_t room) {
    check(count, room);
    return static_cast<wchar_t*>(memmove(to, from, count * sizeof(wchar_t)));
}

wchar_t* __wmemset_chk(wchar_t* to, wchar_t value, size_t count, size_t room) {
    check(count, room);
    return wmemset(to, value, count);
}

} // extern "C"
