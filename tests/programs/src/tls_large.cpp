// A megabyte of .tdata and another of .tbss.
#include <cstddef>

#include <rt0/print.h>

namespace {

constexpr size_t size = size_t{1} << 20;
thread_local unsigned char data[size] = {1, 2, 3};
thread_local unsigned char zeroes[size];
thread_local int last = 99;

} // namespace

int main() {
    size_t sum = 0;
    for (const unsigned char byte : data) {
        sum += byte;
    }
    for (const unsigned char byte : zeroes) {
        sum += byte;
    }
    rt0::println("{} {}", sum, last);
    for (unsigned char& byte : zeroes) {
        byte = 1;
    }
    rt0::println("{} {} {}", data[0] + data[1] + data[2], zeroes[0] + zeroes[size - 1], last);
}
