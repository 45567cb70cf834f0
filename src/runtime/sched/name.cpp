// Goroutines' names. A name is a heap block that the g points to; who ends a program reads the
// names of goroutines that run on meanwhile, so it is replaced, and read, under a lock.
#include <rt0/go.h>

#include <cstring>

#include "base/fatal.h"
#include "base/lock.h"
#include "base/report.h"
#include "mem/heap.h"
#include "sched/sched.h"

namespace runtime {

namespace {

constexpr size_t longest_name = 63;

constinit futex_lock names;

void replace_name(g* gp, char* name) {
    char* old = nullptr;
    {
        const lock_guard guard(names);
        old = gp->name;
        gp->name = name;
    }
    mem::deallocate(old);
}

// Where to cut a text that is too long: not within a character.
size_t cut(std::string_view text) {
    if (text.size() <= longest_name) {
        return text.size();
    }
    size_t size = longest_name;
    while (size > 0 && (text[size] & 0xC0) == 0x80) {
        --size;
    }
    return size;
}

} // namespace

void drop_name(g* gp) {
    replace_name(gp, nullptr);
}

void print_name(report& out, const g* gp) {
    text<longest_name> name;
    {
        const lock_guard guard(names);
        if (gp->name == nullptr) {
            return;
        }
        name << gp->name;
    }
    out << ", \"";
    for (const char c : name.view()) {
        // It stays one line, and what reads Go's dumps finds the end of the brackets.
        out.put(static_cast<unsigned char>(c) < ' ' || c == '"' || c == ']' || c == '\x7f' ? '?'
                                                                                           : c);
    }
    out.put('"');
}

} // namespace runtime

namespace rt0 {

void set_name(std::string_view name) {
    using namespace runtime;
    const size_t size = cut(name);
    char* copy = nullptr;
    if (size != 0) {
        copy = static_cast<char*>(mem::allocate(size + 1, 1));
        if (copy == nullptr) {
            fatal("out of memory for the name of a goroutine");
        }
        std::memcpy(copy, name.data(), size);
        copy[size] = '\0';
    }
    replace_name(getg(), copy);
}

} // namespace rt0
