// libstdc++ asks for its exceptions' texts in the user's language. There is one language.
extern "C" {

char* gettext(const char* text) {
    return const_cast<char*>(text);
}

char* dgettext(const char* /*domain*/, const char* text) {
    return const_cast<char*>(text);
}

} // extern "C"
