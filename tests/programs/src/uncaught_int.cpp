// The same without a class.
int main() {
    throw 7;
}
