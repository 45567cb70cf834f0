// Ends with 42. Compiled with -fsplit-stack.
int foreign(int n);

int main() {
    return foreign(21);
}
