// print and println with arguments.
//
// The text is collected and handed to the kernel in one write: on the stack up to 512 bytes, then
// in pages of its own, which are returned at once. Not on the heap, so that printing takes no lock,
// works when the heap is full or broken, and does not put an allocator into a program that has no
// other use for it.
#include <cstring>

#include "diag/format.h"
#include "diag/print.h"

namespace rt0::detail {

namespace {

class print_buffer : public output {
public:
    print_buffer()
        : output(storage_, storage_ + sizeof storage_,
                 [](output& self) { static_cast<print_buffer&>(self).grow(); }) {}
    ~print_buffer() { release(); }

    // The errno value that kept the buffer from growing, or 0. Text that came after it is lost.
    [[nodiscard]] int failure() const { return failure_; }

private:
    void grow() {
        const size_t size = on_stack() ? first_mapping : capacity() * 2;
        int error = 0;
        void* const larger = failure_ == 0 ? runtime::os::map(size, &error) : nullptr;
        if (larger == nullptr) {
            failure_ = failure_ == 0 ? -error : failure_;
            clear();
            return;
        }
        const std::string_view text = pending();
        std::memcpy(larger, text.data(), text.size());
        release();
        move_to(static_cast<char*>(larger), size);
    }

    [[nodiscard]] bool on_stack() const { return buffer() == storage_; }

    void release() {
        if (!on_stack()) {
            (void)runtime::os::unmap(buffer(), capacity());
        }
    }

    static constexpr size_t first_mapping = 16384;

    int failure_ = 0;
    char storage_[512];
};

} // namespace

std::expected<void, error> vprint(print_target target, std::string_view fmt, const format_arg* args,
                                  size_t count) {
    print_buffer text;
    vformat_to(text, fmt, {.data = args, .count = count});
    if (ends_line(target)) {
        text.put('\n');
    }
    if (text.failure() != 0) {
        return std::unexpected(error(text.failure()));
    }
    return write_to(target, text.pending());
}

} // namespace rt0::detail
