#include <rt0/error.h>

extern "C" {

// std::error_code's messages come from here. The texts are constants with a NUL behind each.
char* strerror(int error) {
    return const_cast<char*>(rt0::error(error).message().data());
}

} // extern "C"
