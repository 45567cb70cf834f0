// Each of these must not link, and the linker must say what is missing.
#if MISSING == 1 // rt0_has_no_iostream_and_no_locale__use_rt0_println_and_rt0_format
#include <iostream>
int main() {
    std::cout << "text" << 1.5 << std::endl;
}
#elif MISSING == 2 // rt0_has_no_iostream_and_no_locale__use_rt0_println_and_rt0_format
#include <sstream>
int main() {
    std::ostringstream text;
    text << 1;
    return static_cast<int>(text.str().size());
}
#elif MISSING == 3 // rt0_has_no_stdio__use_rt0_println_and_rt0_format
#include <cstdio>
int main(int argc, char** argv) {
    std::printf("%d %s\n", argc, argv[0]);
}
#elif MISSING == 4 // rt0_has_no_std_thread__use_goroutines
#include <thread>
int main() {
    std::thread([] {}).join();
}
#elif MISSING == 5 // rt0_has_no_std_condition_variable
#include <condition_variable>
#include <mutex>
int main() {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable().wait(lock);
}
#elif MISSING == 6 // rt0_has_no_std_call_once__use_a_function_local_static
#include <mutex>
std::once_flag flag;
int main() {
    std::call_once(flag, [] {});
}
#elif MISSING == 7 // rt0_has_no_std_shared_mutex_and_no_std_timed_mutex
#include <shared_mutex>
int main() {
    std::shared_mutex mutex;
    mutex.lock_shared();
}
#elif MISSING == 8 // rt0_has_no_std_atomic_wait_nor_latch_barrier_semaphore_and_no_syscall
#include <latch>
int main() {
    std::latch(1).wait();
}
#elif MISSING == 9 // rt0_has_no_posix_files_and_no_filesystem__use_rt0_os_h
#include <filesystem>
int main() {
    return std::filesystem::exists("x") ? 0 : 1;
}
#elif MISSING == 10 // rt0_has_no_posix_files_and_no_filesystem__use_rt0_os_h
#include <random>
int main() {
    return static_cast<int>(std::random_device()());
}
#elif MISSING == 11 // rt0_has_no_std_this_thread_sleep_for
#include <chrono>
#include <thread>
int main() {
    std::this_thread::sleep_for(std::chrono::seconds(1));
}
#elif MISSING == 12 // rt0_has_no_strtod_and_no_std_stod__use_std_from_chars
#include <string>
int main(int, char** argv) {
    return static_cast<int>(std::stod(argv[0]));
}
#elif MISSING == 13 // rt0_has_no_iostream_and_no_locale__use_rt0_println_and_rt0_format
#include <regex>
int main(int, char** argv) {
    return std::regex_match(argv[0], std::regex("x*")) ? 0 : 1;
}
#elif MISSING == 14 // rt0_has_no_std_thread__use_goroutines
#include <future>
int main() {
    return std::async([] { return 1; }).get();
}
#endif
