// What the kernel hands to a program: arguments, environment, auxiliary vector.
#include <rt0/os.h>
#include <rt0/print.h>

int main(int argc, char** argv, char** envp) {
    for (int i = 0; i < argc; ++i) {
        rt0::println("argv[{}] = {}", i, argv[i]);
    }
    for (char** entry = envp; *entry != nullptr; ++entry) {
        rt0::println("env {}", *entry);
    }
    for (const rt0::auxv_entry& entry : rt0::auxv()) {
        rt0::println("auxv {:2} = {:#x}", entry.type, entry.value);
    }
}
