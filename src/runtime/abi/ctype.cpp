// <cctype> in the C locale: ASCII; no class has any other value, EOF included.
namespace {

// One comparison: what is below `first` wraps around.
constexpr bool in(int c, char first, char last) {
    return static_cast<unsigned>(c - first) <= static_cast<unsigned>(last - first);
}

constexpr int letter_case = 'a' - 'A';

} // namespace

extern "C" {

int isdigit(int c) {
    return in(c, '0', '9');
}

int isupper(int c) {
    return in(c, 'A', 'Z');
}

int islower(int c) {
    return in(c, 'a', 'z');
}

int isalpha(int c) {
    return in(c | letter_case, 'a', 'z');
}

int isalnum(int c) {
    return isalpha(c) | isdigit(c);
}

int isxdigit(int c) {
    return isdigit(c) | in(c | letter_case, 'a', 'f');
}

int isblank(int c) {
    return c == ' ' || c == '\t';
}

int isspace(int c) {
    return c == ' ' || in(c, '\t', '\r');
}

int iscntrl(int c) {
    return in(c, 0, 31) || c == 127;
}

int isgraph(int c) {
    return in(c, '!', '~');
}

int isprint(int c) {
    return in(c, ' ', '~');
}

int ispunct(int c) {
    return isgraph(c) & ~isalnum(c);
}

int tolower(int c) {
    return isupper(c) ? c + letter_case : c;
}

int toupper(int c) {
    return islower(c) ? c - letter_case : c;
}

} // extern "C"
