// cgroups have two versions, and a system may have both: version 2 is one tree, version 1 a tree
// for each group of controllers. A controller is in one tree only, so a version 1 tree with the CPU
// controller in it is the one that counts, and version 2's counts where there is none.
//
// /proc/self/cgroup says where in its tree this process is, /proc/self/mountinfo where the trees
// are mounted. A mount may begin below the tree's root, as it does in a container, and then its
// beginning is left out of the path.
#include "sched/quota.h"

#include <string_view>

#include "os/os.h"

namespace runtime {

namespace {

// The kernel's limits of a path, including its terminator, and of a line that we read.
constexpr size_t path_size = 4096;
constexpr size_t line_size = 4096;

// So many reads of a file are enough for tens of megabytes. It is the bound for a file that never
// ends.
constexpr int reads_at_most = 1 << 14;

// The lines of a file, one after the other, through a buffer of fixed size. Lines that do not fit
// are skipped: nothing that we look for is that long.
class line_reader {
public:
    line_reader(const quota_files& files, const char* path)
        : files_(files)
        , file_(files.open(path))
        , reads_left_(file_ >= 0 ? reads_at_most : 0) {}

    line_reader(const line_reader&) = delete;
    line_reader& operator=(const line_reader&) = delete;

    ~line_reader() {
        if (file_ >= 0) {
            files_.close(file_);
        }
    }

    // The next line, without its newline; it is there until the next call. False at the end, and
    // where the file cannot be read.
    bool next(std::string_view& line) {
        size_t scanned = begin_;
        bool skip = false;
        for (;;) {
            while (scanned < end_ && buffer_[scanned] != '\n') {
                ++scanned;
            }
            if (scanned < end_) {
                line = {buffer_ + begin_, scanned - begin_};
                begin_ = ++scanned;
                if (!skip) {
                    return true;
                }
                skip = false;
                continue;
            }
            // What is left is the beginning of a line. It moves to the front, to make room.
            end_ -= begin_;
            for (size_t i = 0; begin_ > 0 && i < end_; ++i) {
                buffer_[i] = buffer_[begin_ + i];
            }
            begin_ = 0;
            if (end_ == line_size) {
                skip = true;
                end_ = 0;
            }
            scanned = end_;
            const long size = read();
            if (size <= 0) {
                // The last line may lack its newline. Before an error, it may lack more.
                line = {buffer_, end_};
                const bool last = size == 0 && end_ > 0 && !skip;
                end_ = 0;
                return last;
            }
            end_ += static_cast<size_t>(size);
        }
    }

private:
    // Reads on behind end_. As read(2), but the first end or error is final, and too many reads are
    // an error.
    long read() {
        long size = -os::EINVAL_;
        while (reads_left_ > 0) {
            --reads_left_;
            size = files_.read(file_, buffer_ + end_, line_size - end_);
            if (size > 0) {
                return size;
            }
            if (size != -os::EINTR_) {
                reads_left_ = 0;
            }
        }
        return size;
    }

    const quota_files& files_;
    int file_;
    int reads_left_;
    // What was read and not yet returned is in buffer_ from begin_ to end_.
    size_t begin_ = 0;
    size_t end_ = 0;
    char buffer_[line_size];
};

// Here and below loops and not the library's functions, which are calls of memcmp, memchr and
// strlen: a program that starts a thread need not have those.
bool same(std::string_view text, const char* name) {
    for (const char c : text) {
        if (*name == '\0' || c != *name) {
            return false;
        }
        ++name;
    }
    return *name == '\0';
}

// Takes the text up to separator, or all of it, from the front of rest, and the separator too.
std::string_view take(std::string_view& rest, char separator) {
    size_t size = 0;
    while (size < rest.size() && rest[size] != separator) {
        ++size;
    }
    const std::string_view field = rest.substr(0, size);
    rest.remove_prefix(size < rest.size() ? size + 1 : size);
    return field;
}

// Whether one of the fields of list, between separators, is name.
bool contains(std::string_view list, char separator, const char* name) {
    while (!list.empty()) {
        if (same(take(list, separator), name)) {
            return true;
        }
    }
    return false;
}

// Takes a character from the front of a field of mountinfo, which must not be empty. Blanks, the
// backslash and some others stand there as a backslash and three octal digits.
char take_character(std::string_view& field) {
    const char first = field[0];
    if (first == '\\' && field.size() >= 4) {
        unsigned code = 0;
        for (size_t i = 1; i <= 3; ++i) {
            const unsigned digit = static_cast<unsigned char>(field[i]) - unsigned{'0'};
            code = digit < 8 ? code * 8 + digit : 0400; // Which stays too large.
        }
        // A name has no terminator in it, so that is none.
        if (code > 0 && code < 0400) {
            field.remove_prefix(4);
            return static_cast<char>(code);
        }
    }
    field.remove_prefix(1);
    return first;
}

// The whole of text as a decimal number that fits; false otherwise.
bool parse_number(std::string_view text, uint64_t& value) {
    value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, uint64_t{10}, &value) ||
            __builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value)) {
            return false;
        }
    }
    return !text.empty();
}

// Where the CPU controller has this process.
struct cgroup {
    int version = 0; // 0 is nowhere
    // Empty for the root of the tree, otherwise from the first slash on.
    size_t size = 0;
    char path[line_size];
};

// Finds this process in /proc/self/cgroup. Its lines are number:controllers:path, and version 2's
// is 0::path.
void find_cgroup(const quota_files& files, cgroup& group) {
    line_reader lines(files, "/proc/self/cgroup");
    std::string_view line;
    while (group.version != 1 && lines.next(line)) {
        const std::string_view number = take(line, ':');
        const std::string_view controllers = take(line, ':');
        const bool v2 = controllers.empty() && same(number, "0");
        if (line.empty() || line[0] != '/' || !(v2 || contains(controllers, ',', "cpu"))) {
            continue;
        }
        group.version = v2 ? 2 : 1;
        group.size = line.size() == 1 ? 0 : line.size();
        for (size_t i = 0; i < group.size; ++i) {
            group.path[i] = line[i];
        }
    }
}

// The cgroup as a directory: path up to size, the mount point up to mount_size.
struct directory {
    // How much of the cgroup's path the mount leaves out; more than any path: there is no mount.
    size_t root_size = line_size;
    size_t mount_size = 0;
    size_t size = 0;
    char path[path_size];

    // path with the name of a file behind it.
    const char* with(const char* name) {
        char* end = path + size;
        do {
            *end++ = *name;
        } while (*name++ != '\0');
        return path;
    }

    // Goes up to the parent; false at the mount point.
    bool up() {
        if (size == mount_size) {
            return false;
        }
        do {
            --size;
        } while (path[size] != '/');
        return true;
    }
};

constexpr char v2_file[] = "/cpu.max";
constexpr char v1_quota_file[] = "/cpu.cfs_quota_us";
constexpr char v1_period_file[] = "/cpu.cfs_period_us"; // The longest of them.

// Makes place the directory of group, if the mount of this line of mountinfo has it and has more of
// the cgroups above it than place has so far; of two that have the same the later one, which may
// hide the other.
void try_mount(std::string_view line, const cgroup& group, directory& place) {
    for (int i = 0; i < 3; ++i) {
        take(line, ' '); // The mount's number, its parent's, the device.
    }
    std::string_view root = take(line, ' ');
    std::string_view mount_point = take(line, ' ');
    // The mount's options and any number of optional fields.
    while (!same(take(line, ' '), "-")) {
        if (line.empty()) {
            return;
        }
    }
    const std::string_view type = take(line, ' ');
    take(line, ' '); // The source; what remains is the file system's options.
    if (group.version == 2 ? !same(type, "cgroup2")
                           : !(same(type, "cgroup") && contains(line, ',', "cpu"))) {
        return;
    }

    std::string_view path(group.path, group.size);
    if (same(root, "/")) {
        root = {};
    }
    size_t root_size = 0;
    for (; !root.empty(); ++root_size) {
        if (path.empty() || path[0] != take_character(root)) {
            return;
        }
        path.remove_prefix(1);
    }
    // /a is no root of /ab. And a process outside of its cgroup namespace has a path that begins
    // with /.., which leads out of the mount.
    if ((!path.empty() && path[0] != '/') || contains(path, '/', "..")) {
        return;
    }
    if (same(mount_point, "/")) {
        mount_point = {};
    }
    if (root_size > place.root_size ||
        mount_point.size() + path.size() + sizeof v1_period_file > path_size) {
        return;
    }
    place.root_size = root_size;
    place.size = 0;
    while (!mount_point.empty()) {
        place.path[place.size++] = take_character(mount_point);
    }
    place.mount_size = place.size;
    for (const char c : path) {
        place.path[place.size++] = c;
    }
}

// Finds the directory of this process's cgroup; the version of its tree, or 0 where there is none.
// Not inlined, nor is quota_of: their buffers are not needed at the same time.
[[gnu::noinline]] int find_directory(const quota_files& files, directory& place) {
    cgroup group;
    find_cgroup(files, group);
    if (group.version == 0) {
        return 0;
    }
    line_reader mounts(files, "/proc/self/mountinfo");
    std::string_view line;
    while (mounts.next(line)) {
        try_mount(line, group, place);
    }
    return place.root_size < line_size ? group.version : 0;
}

// The number of a file that has only that; false where it has something else: -1 is no quota.
bool read_number(const quota_files& files, const char* path, uint64_t& value) {
    line_reader lines(files, path);
    std::string_view line;
    return lines.next(line) && parse_number(line, value);
}

// The quota of one cgroup as a number of processors, rounded up.
[[gnu::noinline]] uint32_t quota_of(const quota_files& files, int version, directory& place) {
    uint64_t quota = 0;
    uint64_t period = 0;
    if (version == 2) {
        line_reader lines(files, place.with(v2_file));
        std::string_view line;
        if (!lines.next(line) || !parse_number(take(line, ' '), quota) ||
            !parse_number(line, period)) {
            return no_cpu_quota;
        }
    } else if (!read_number(files, place.with(v1_quota_file), quota) ||
               !read_number(files, place.with(v1_period_file), period)) {
        return no_cpu_quota;
    }
    // The kernel accepts neither.
    if (quota == 0 || period == 0) {
        return no_cpu_quota;
    }
    const uint64_t processors = quota / period + (quota % period != 0 ? 1 : 0);
    return processors < no_cpu_quota ? static_cast<uint32_t>(processors) : no_cpu_quota;
}

} // namespace

uint32_t cpu_quota(const quota_files& files) {
    directory place;
    const int version = find_directory(files, place);
    if (version == 0) {
        return no_cpu_quota;
    }
    uint32_t least = no_cpu_quota;
    do {
        const uint32_t quota = quota_of(files, version, place);
        least = quota < least ? quota : least;
    } while (place.up());
    return least > 2 ? least : 2;
}

uint32_t cpu_quota() {
    return cpu_quota(quota_files{
        .open = [](const char* path) { return os::open(path, os::o_rdonly | os::o_cloexec, 0); },
        .read = os::read,
        .close = [](int file) { (void)os::close(file); },
    });
}

} // namespace runtime
