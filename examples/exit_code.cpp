// Ends with the status that the first argument names, one of the ways in which a program can end.
#include <charconv>
#include <string_view>

#include <rt0/os.h>
#include <rt0/print.h>

namespace {

struct goodbye {
    ~goodbye() { rt0::println("static destructor"); }
};

goodbye at_the_end;

} // namespace

int main(int argc, char** argv) {
    int status = 0;
    if (argc > 1) {
        const std::string_view text = argv[1];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
        if (error != std::errc{} || end != text.data() + text.size()) {
            rt0::eprintln("exit_code: {}: not a number", text);
            return 2;
        }
    }
    if (argc > 2 && std::string_view(argv[2]) == "exit") {
        rt0::exit(status);
    }
    return status;
}
