// The same without a class.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main() {
    throw 7;
}
