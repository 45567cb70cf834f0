#include <rt0/print.h>

int main() {
    rt0::println("no arguments");
}
