// An exception that nobody catches, and nothing else: what says so is there all the same.
#include <stdexcept>

// NOLINTNEXTLINE(bugprone-exception-escape)
int main() {
    throw std::runtime_error("boom");
}
