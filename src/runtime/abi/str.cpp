// The string functions that only few programs call: written for size. Those that can stand on
// strlen, memcpy and memchr do.
#include <cstddef>
#include <cstdint>

extern "C" {

size_t strlen(const char* s);
void* memcpy(void* to, const void* from, size_t size) noexcept;
void* memset(void* to, int byte, size_t size);
void* memchr(const void* range, int byte, size_t size);

size_t strnlen(const char* s, size_t limit) {
    const auto* end = static_cast<const char*>(memchr(s, 0, limit));
    return end != nullptr ? static_cast<size_t>(end - s) : limit;
}

int strncmp(const char* a, const char* b, size_t limit) {
    for (; limit != 0; --limit, ++a, ++b) {
        const auto x = static_cast<unsigned char>(*a);
        const auto y = static_cast<unsigned char>(*b);
        if (x != y || x == 0)
            return x - y;
    }
    return 0;
}

int strcmp(const char* a, const char* b) {
    return strncmp(a, b, SIZE_MAX);
}

char* strchr(const char* s, int byte) {
    for (const char wanted = static_cast<char>(byte); *s != wanted; ++s) {
        if (*s == 0)
            return nullptr;
    }
    return const_cast<char*>(s);
}

char* strrchr(const char* s, int byte) {
    const char* last = nullptr;
    const char wanted = static_cast<char>(byte);
    for (;; ++s) {
        if (*s == wanted)
            last = s;
        if (*s == 0)
            return const_cast<char*>(last);
    }
}

char* stpcpy(char* to, const char* from) {
    const size_t length = strlen(from);
    memcpy(to, from, length + 1);
    return to + length;
}

char* strcpy(char* to, const char* from) {
    stpcpy(to, from);
    return to;
}

char* strncpy(char* to, const char* from, size_t size) {
    const size_t length = strnlen(from, size);
    memcpy(to, from, length);
    memset(to + length, 0, size - length);
    return to;
}

char* strcat(char* to, const char* from) {
    stpcpy(to + strlen(to), from);
    return to;
}

char* strncat(char* to, const char* from, size_t limit) {
    const size_t length = strnlen(from, limit);
    char* const end = to + strlen(to);
    memcpy(end, from, length);
    end[length] = 0;
    return to;
}

// How many characters from the beginning on are among `set`.
size_t strspn(const char* s, const char* set) {
    size_t length = 0;
    while (s[length] != 0 && strchr(set, s[length]) != nullptr)
        ++length;
    return length;
}

// How many are not.
size_t strcspn(const char* s, const char* set) {
    size_t length = 0;
    // strchr finds the NUL of s, too.
    while (strchr(set, s[length]) == nullptr)
        ++length;
    return length;
}

char* strpbrk(const char* s, const char* set) {
    s += strcspn(s, set);
    return *s != 0 ? const_cast<char*>(s) : nullptr;
}

// Quadratic at worst.
char* strstr(const char* text, const char* wanted) {
    const size_t length = strlen(wanted);
    if (length == 0)
        return const_cast<char*>(text);
    for (; (text = strchr(text, *wanted)) != nullptr; ++text) {
        if (strncmp(text, wanted, length) == 0)
            return const_cast<char*>(text);
    }
    return nullptr;
}

} // extern "C"
