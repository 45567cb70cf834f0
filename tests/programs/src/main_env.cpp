#include <rt0/print.h>

int main(int argc, char** argv, char** envp) {
    rt0::println("{} {} {} {}", argc, argv[1], envp[0], envp[1] == nullptr);
    rt0::println("{}", envp == argv + argc + 1);
    return 3;
}
