#include <rt0/print.h>

int main(int argc, char** argv) {
    rt0::println("{} {} {}", argc, argv[1], argv[argc] == nullptr);
}
