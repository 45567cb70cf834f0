// Ordinary C++, linked statically.

#include <iostream>

int main() {
    std::cout << "Hello, world!\n";
}
