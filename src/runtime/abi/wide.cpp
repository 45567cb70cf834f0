// wchar_t has 32 bits: ranges of it are moved as bytes.
#include <cstddef>

extern "C" {

void* memcpy(void* to, const void* from, size_t size) noexcept;
void* memmove(void* to, const void* from, size_t size);

size_t wcslen(const wchar_t* s) {
    size_t length = 0;
    while (s[length] != 0)
        ++length;
    return length;
}

wchar_t* wmemcpy(wchar_t* to, const wchar_t* from, size_t count) {
    return static_cast<wchar_t*>(memcpy(to, from, count * sizeof(wchar_t)));
}

wchar_t* wmemmove(wchar_t* to, const wchar_t* from, size_t count) {
    return static_cast<wchar_t*>(memmove(to, from, count * sizeof(wchar_t)));
}

wchar_t* wmemset(wchar_t* to, wchar_t value, size_t count) {
    for (size_t i = 0; i < count; ++i)
        to[i] = value;
    return to;
}

int wmemcmp(const wchar_t* a, const wchar_t* b, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

wchar_t* wmemchr(const wchar_t* range, wchar_t value, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (range[i] == value)
            return const_cast<wchar_t*>(range + i);
    }
    return nullptr;
}

} // extern "C"
