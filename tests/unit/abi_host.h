// The runtime's memory and string functions beside the host's, in one program.
//
// What is tested is the runtime's own object code: `objcopy
// --redefine-syms=tests/unit/abi_names.txt` on an archive of src/runtime/abi and
// src/runtime/base/cpu*.cpp gives each function that libc has as well the prefix rt0_.
#pragma once

#include <cstddef>

extern "C" {
void* rt0_memcpy(void* to, const void* from, size_t size);
void* rt0_memmove(void* to, const void* from, size_t size);
void* rt0_mempcpy(void* to, const void* from, size_t size);
void* rt0_memset(void* to, int byte, size_t size);
int rt0_memcmp(const void* a, const void* b, size_t size);
int rt0_bcmp(const void* a, const void* b, size_t size);
void* rt0_memchr(const void* range, int byte, size_t size);
void* rt0_memrchr(const void* range, int byte, size_t size);
size_t rt0_strlen(const char* s);
size_t rt0_strnlen(const char* s, size_t limit);
int rt0_strcmp(const char* a, const char* b);
int rt0_strncmp(const char* a, const char* b, size_t limit);
char* rt0_strchr(const char* s, int byte);
char* rt0_strrchr(const char* s, int byte);
char* rt0_strcpy(char* to, const char* from);
char* rt0_stpcpy(char* to, const char* from);
char* rt0_strncpy(char* to, const char* from, size_t size);
char* rt0_strcat(char* to, const char* from);
char* rt0_strncat(char* to, const char* from, size_t limit);
char* rt0_strstr(const char* text, const char* wanted);
size_t rt0_wcslen(const wchar_t* s);
wchar_t* rt0_wmemcpy(wchar_t* to, const wchar_t* from, size_t count);
wchar_t* rt0_wmemmove(wchar_t* to, const wchar_t* from, size_t count);
wchar_t* rt0_wmemset(wchar_t* to, wchar_t value, size_t count);
int rt0_wmemcmp(const wchar_t* a, const wchar_t* b, size_t count);
wchar_t* rt0_wmemchr(const wchar_t* range, wchar_t value, size_t count);
void* rt0___memcpy_chk(void* to, const void* from, size_t size, size_t room);
void* rt0___memmove_chk(void* to, const void* from, size_t size, size_t room);
void* rt0___memset_chk(void* to, int byte, size_t size, size_t room);
void* rt0___mempcpy_chk(void* to, const void* from, size_t size, size_t room);
char* rt0___strcpy_chk(char* to, const char* from, size_t room);
char* rt0___stpcpy_chk(char* to, const char* from, size_t room);
char* rt0___strncpy_chk(char* to, const char* from, size_t size, size_t room);
char* rt0___strcat_chk(char* to, const char* from, size_t room);
char* rt0___strncat_chk(char* to, const char* from, size_t limit, size_t room);
wchar_t* rt0___wmemcpy_chk(wchar_t* to, const wchar_t* from, size_t count, size_t room);
wchar_t* rt0___wmemmove_chk(wchar_t* to, const wchar_t* from, size_t count, size_t room);
wchar_t* rt0___wmemset_chk(wchar_t* to, wchar_t value, size_t count, size_t room);
[[noreturn]] void rt0___chk_fail();
}
