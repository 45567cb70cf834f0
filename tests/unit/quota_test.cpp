// The CPU quota, from files that are in memory.
#include "sched/quota.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "host_os.h"
#include "os/os.h"

namespace runtime {
namespace {

// A machine's files, and how they are read.
class machine {
public:
    std::map<std::string, std::string> files;
    // A read gives at most so many bytes, and the first one first of them.
    size_t chunk = std::numeric_limits<size_t>::max();
    size_t first_chunk = std::numeric_limits<size_t>::max();
    // This file answers each read at or behind an offset with an error, or every other read.
    std::string failing;
    size_t fails_at = 0;
    long error = -5;
    bool every_other = false;
    // This file starts again where it ends.
    std::string endless;
    // What was opened, in order.
    std::vector<std::string> opened;

    machine& with(const std::string& path, const std::string& text) {
        files[path] = text;
        return *this;
    }

    // A machine with one mounted hierarchy of version 2 and this process in path.
    static machine v2(const std::string& path, const std::string& root = "/",
                      const std::string& mount_point = "/sys/fs/cgroup") {
        machine m;
        m.with("/proc/self/cgroup", "0::" + path + "\n");
        m.with("/proc/self/mountinfo",
               "22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n"
               "28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n" +
                   mount("cgroup2", root, mount_point, "rw,nsdelegate"));
        return m;
    }

    // The same of version 1.
    static machine v1(const std::string& path, const std::string& root = "/") {
        machine m;
        m.with("/proc/self/cgroup", "12:cpuset:/other\n5:cpu,cpuacct:" + path +
                                        "\n1:name=systemd:/init.scope\n0::/init.scope\n");
        m.with("/proc/self/mountinfo",
               mount("cgroup", "/", "/sys/fs/cgroup/systemd", "rw,xattr,name=systemd") +
                   mount("cgroup", "/", "/sys/fs/cgroup/cpuset", "rw,cpuset") +
                   mount("cgroup", root, "/sys/fs/cgroup/cpu", "rw,cpu,cpuacct") +
                   mount("cgroup2", "/", "/sys/fs/cgroup/unified", "rw"));
        return m;
    }

    // A line of mountinfo.
    static std::string mount(const std::string& type, const std::string& root,
                             const std::string& mount_point, const std::string& options) {
        std::string line = "34 28 0:29 " + root + " " + mount_point;
        line += " rw,nosuid shared:9 - " + type + " cgroup " + options + "\n";
        return line;
    }

    machine& v1_quota(const std::string& directory, const std::string& quota,
                      const std::string& period) {
        with(directory + "/cpu.cfs_quota_us", quota + "\n");
        return with(directory + "/cpu.cfs_period_us", period + "\n");
    }

    // cpu_quota of this machine. Every file must be closed again.
    uint32_t quota() {
        current = this;
        opened.clear();
        const uint32_t result = cpu_quota({.open = open, .read = read, .close = close});
        current = nullptr;
        EXPECT_TRUE(descriptors.empty()) << "a file stays open";
        return result;
    }

private:
    struct descriptor {
        std::string path;
        size_t offset = 0;
        bool interrupted = false;
    };

    static int open(const char* path) {
        current->opened.emplace_back(path);
        if (!current->files.contains(path)) {
            return -os::ENOENT_;
        }
        const int file = current->next_file++;
        current->descriptors[file].path = path;
        return file;
    }

    static long read(int file, void* buffer, size_t size) {
        descriptor& d = current->descriptors.at(file);
        EXPECT_GT(size, 0U) << "a read of nothing looks like the end";
        if (d.path == current->failing) {
            d.interrupted = !d.interrupted;
            if (d.offset >= current->fails_at && (!current->every_other || d.interrupted)) {
                return current->error;
            }
        }
        const std::string& text = current->files.at(d.path);
        if (d.path == current->endless && d.offset == text.size()) {
            d.offset = 0;
        }
        size = std::min(
            {size, text.size() - d.offset, d.offset == 0 ? current->first_chunk : current->chunk});
        std::memcpy(buffer, text.data() + d.offset, size);
        d.offset += size;
        return static_cast<long>(size);
    }

    static void close(int file) {
        EXPECT_EQ(current->descriptors.erase(file), 1U) << "closed, but not open";
    }

    static inline machine* current = nullptr;
    std::map<int, descriptor> descriptors;
    int next_file = 0; // 0 is a descriptor too.
};

// The quota of a version 2 cgroup with this text in cpu.max.
uint32_t cpu_max(const std::string& text) {
    return machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", text).quota();
}

// The quota of a version 1 cgroup with these numbers.
uint32_t cfs(const std::string& quota, const std::string& period) {
    return machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", quota, period).quota();
}

TEST(Quota, V2) {
    EXPECT_EQ(cpu_max("400000 100000\n"), 4U);
    EXPECT_EQ(cpu_max("max 100000\n"), no_cpu_quota);
}

TEST(Quota, V1) {
    EXPECT_EQ(cfs("400000", "100000"), 4U);
    EXPECT_EQ(cfs("-1", "100000"), no_cpu_quota);
}

TEST(Quota, FractionsAreRoundedUp) {
    EXPECT_EQ(cpu_max("200000 100000\n"), 2U);
    EXPECT_EQ(cpu_max("2000001 1000000\n"), 3U);
    EXPECT_EQ(cpu_max("250000 100000\n"), 3U);
    EXPECT_EQ(cpu_max("299999 100000\n"), 3U);
    EXPECT_EQ(cpu_max("300000 100000\n"), 3U);
    EXPECT_EQ(cfs("2000001", "1000000"), 3U);
    EXPECT_EQ(cfs("3000000", "1000000"), 3U);
}

TEST(Quota, BelowTwoIsTwo) {
    for (const char* text : {"50000 100000\n", "100000 100000\n", "150000 100000\n",
                             "1000 1000000\n", "1 18446744073709551615\n"}) {
        EXPECT_EQ(cpu_max(text), 2U) << text;
    }
    EXPECT_EQ(cfs("50000", "100000"), 2U);
    EXPECT_EQ(cfs("100000", "100000"), 2U);
}

TEST(Quota, HugeNumbersDoNotOverflow) {
    EXPECT_EQ(cpu_max("2147483646 1\n"), 2147483646U);
    EXPECT_EQ(cpu_max("2147483647 1\n"), no_cpu_quota);
    EXPECT_EQ(cpu_max("4294967298 1\n"), no_cpu_quota) << "2 in its lower half";
    EXPECT_EQ(cpu_max("18446744073709551615 1\n"), no_cpu_quota);
    EXPECT_EQ(cpu_max("18446744073709551615 18446744073709551615\n"), 2U);
    EXPECT_EQ(cpu_max("18446744073709551615 4611686018427387904\n"), 4U) << "rounding wraps";
    EXPECT_EQ(cpu_max("18446744073709551616 100000\n"), no_cpu_quota);
    EXPECT_EQ(cpu_max("18446744073709951616 100000\n"), no_cpu_quota) << "400000 beyond 2^64";
    EXPECT_EQ(cpu_max("400000 18446744073709651616\n"), no_cpu_quota) << "100000 beyond 2^64";
    EXPECT_EQ(cpu_max(std::string(60, '9') + " 1\n"), no_cpu_quota);
}

TEST(Quota, MalformedCpuMaxIsNone) {
    for (const char* text : {"",
                             "\n",
                             " ",
                             "400000",
                             "400000\n",
                             "400000 \n",
                             " 400000 100000\n",
                             "400000  100000\n",
                             "400000 100000 1\n",
                             "400000 100000 \n",
                             "400000\t100000\n",
                             "400000 max\n",
                             "max\n",
                             "max 0\n",
                             "-400000 100000\n",
                             "400000 -100000\n",
                             "+400000 100000\n",
                             "0x400 100\n",
                             "4e5 100000\n",
                             "400000 0\n",
                             "0 100000\n",
                             "0 0\n",
                             "\n400000 100000\n",
                             "400000 100000\r\n",
                             "Max 100000\n",
                             "4.5 1\n"}) {
        EXPECT_EQ(cpu_max(text), no_cpu_quota) << '"' << text << '"';
    }
    EXPECT_EQ(cpu_max(std::string("400000 100000\0\n", 15)), no_cpu_quota);
    EXPECT_EQ(cpu_max(std::string(1000000, '1')), no_cpu_quota);
    EXPECT_EQ(cpu_max(std::string(1000000, '\n')), no_cpu_quota);
}

TEST(Quota, MalformedCfsIsNone) {
    for (const char* text : {"", " ", "-1", "-", "0", "4x", "400000 100000", "max"}) {
        EXPECT_EQ(cfs(text, "100000"), no_cpu_quota) << '"' << text << '"';
        EXPECT_EQ(cfs("400000", text), no_cpu_quota) << '"' << text << '"';
    }
}

TEST(Quota, TheLastNewlineMayBeMissing) {
    EXPECT_EQ(cpu_max("400000 100000"), 4U);
    machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000");
    for (const char* path : {"/proc/self/cgroup", "/proc/self/mountinfo"}) {
        m.files[path].pop_back();
    }
    EXPECT_EQ(m.quota(), 4U);
}

TEST(Quota, MissingFilesAreNone) {
    machine empty;
    EXPECT_EQ(empty.quota(), no_cpu_quota);

    const machine v2 = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    machine v1 = machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", "400000", "100000");
    v1.files["/proc/self/cgroup"] = "1:cpu:/a\n";
    for (const machine& whole : {v2, v1}) {
        for (const auto& [path, text] : whole.files) {
            machine m = whole;
            ASSERT_EQ(m.quota(), 4U);
            m.files.erase(path);
            EXPECT_EQ(m.quota(), no_cpu_quota) << path;
            m.files[path] = "";
            EXPECT_EQ(m.quota(), no_cpu_quota) << path << " is empty";
        }
    }
}

TEST(Quota, TheTightestAncestorCounts) {
    machine m = machine::v2("/a/b/c/d");
    m.with("/sys/fs/cgroup/a/cpu.max", "800000 100000\n");
    m.with("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    m.with("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    m.with("/sys/fs/cgroup/a/b/c/d/cpu.max", "600000 100000\n");
    EXPECT_EQ(m.quota(), 3U) << "in the middle";
    m.files["/sys/fs/cgroup/a/cpu.max"] = "125000 50000\n";
    EXPECT_EQ(m.quota(), 3U) << "2.5 is no less";
    m.files["/sys/fs/cgroup/a/cpu.max"] = "20000 10000\n";
    EXPECT_EQ(m.quota(), 2U) << "at the top, of another period";
    m.files["/sys/fs/cgroup/a/cpu.max"] = "garbage\n";
    EXPECT_EQ(m.quota(), 3U) << "a level that cannot be read is skipped";
    m.files.erase("/sys/fs/cgroup/a/b/c/d/cpu.max");
    EXPECT_EQ(m.quota(), 3U);
    m.files["/sys/fs/cgroup/a/b/cpu.max"] = "max 100000\n";
    m.files["/sys/fs/cgroup/a/b/c/d/cpu.max"] = "600000 100000\n";
    EXPECT_EQ(m.quota(), 6U) << "at the bottom";
}

TEST(Quota, TheTightestAncestorCountsInV1) {
    machine m = machine::v1("/a/b/c");
    m.v1_quota("/sys/fs/cgroup/cpu", "-1", "100000");
    m.v1_quota("/sys/fs/cgroup/cpu/a", "800000", "100000");
    m.v1_quota("/sys/fs/cgroup/cpu/a/b", "30000", "10000");
    m.v1_quota("/sys/fs/cgroup/cpu/a/b/c", "500000", "100000");
    EXPECT_EQ(m.quota(), 3U);
}

TEST(Quota, EveryLevelIsAskedOnceFromTheInside) {
    machine m = machine::v2("/a/b");
    m.quota();
    EXPECT_EQ(m.opened,
              (std::vector<std::string>{"/proc/self/cgroup", "/proc/self/mountinfo",
                                        "/sys/fs/cgroup/a/b/cpu.max", "/sys/fs/cgroup/a/cpu.max",
                                        "/sys/fs/cgroup/cpu.max"}))
        << "and nothing above the mount";
}

TEST(Quota, TheMountPointItselfCounts) {
    EXPECT_EQ(machine::v2("/").with("/sys/fs/cgroup/cpu.max", "400000 100000\n").quota(), 4U)
        << "in a cgroup namespace";
    EXPECT_EQ(machine::v2("/a").with("/sys/fs/cgroup/cpu.max", "400000 100000\n").quota(), 4U);
    EXPECT_EQ(machine::v2("/a").with("/sys/fs/cpu.max", "400000 100000\n").quota(), no_cpu_quota);
}

TEST(Quota, MountedAtTheRoot) {
    machine m = machine::v2("/a", "/", "/");
    m.with("/a/cpu.max", "400000 100000\n").with("/cpu.max", "300000 100000\n");
    EXPECT_EQ(m.quota(), 3U);
    EXPECT_EQ(m.opened.back(), "/cpu.max");
}

TEST(Quota, ContainerWithARootPrefix) {
    machine m = machine::v2("/docker/123/inner", "/docker/123");
    m.with("/sys/fs/cgroup/inner/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), 4U);
    m.with("/sys/fs/cgroup/cpu.max", "300000 100000\n");
    EXPECT_EQ(m.quota(), 3U);

    EXPECT_EQ(machine::v2("/docker/123", "/docker/123")
                  .with("/sys/fs/cgroup/cpu.max", "400000 100000\n")
                  .quota(),
              4U);
    EXPECT_EQ(machine::v1("/docker/123", "/docker/123")
                  .v1_quota("/sys/fs/cgroup/cpu", "400000", "100000")
                  .quota(),
              4U);
}

TEST(Quota, ARootThatIsNoPrefixIsAnotherCgroups) {
    for (const char* root : {"/docker/12", "/docker/1234", "/docker/124", "/docker/123/inner/x",
                             "/docker/123/", "docker/123", "/..", "/../.."}) {
        machine m = machine::v2("/docker/123/inner", root);
        for (const char* directory : {"", "/inner", "/3", "/3/inner", "/docker/123/inner"}) {
            m.with(std::string("/sys/fs/cgroup") + directory + "/cpu.max", "400000 100000\n");
        }
        EXPECT_EQ(m.quota(), no_cpu_quota) << root;
    }
}

TEST(Quota, OutsideOfItsNamespace) {
    machine m = machine::v2("/../other");
    m.with("/sys/fs/cgroup/../other/cpu.max", "400000 100000\n");
    m.with("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), no_cpu_quota) << "the mount does not have it";
    EXPECT_EQ(machine::v2("/../other", "/..").with("/sys/fs/cgroup/other/cpu.max", "4 1\n").quota(),
              4U);
    EXPECT_EQ(machine::v2("/a..b/..c").with("/sys/fs/cgroup/a..b/..c/cpu.max", "4 1\n").quota(), 4U)
        << "a name may have dots";
}

TEST(Quota, ARemovedCgroupLeavesItsAncestors) {
    machine m = machine::v2("/a/b (deleted)");
    m.with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), 4U);
}

TEST(Quota, HybridWithTheControllerInV1) {
    machine m = machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", "400000", "100000");
    m.with("/sys/fs/cgroup/unified/init.scope/cpu.max", "300000 100000\n");
    EXPECT_EQ(m.quota(), 4U);
    m.files["/proc/self/cgroup"] = "0::/init.scope\n5:cpu,cpuacct:/a\n";
    EXPECT_EQ(m.quota(), 4U) << "in any order";
    m.files.erase("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us");
    EXPECT_EQ(m.quota(), no_cpu_quota) << "version 2 has no CPU controller then";
}

TEST(Quota, HybridWithTheControllerInV2) {
    machine m = machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", "400000", "100000");
    m.files["/proc/self/cgroup"] = "12:cpuset:/a\n1:name=systemd:/a\n0::/init.scope\n";
    m.with("/sys/fs/cgroup/unified/init.scope/cpu.max", "300000 100000\n");
    EXPECT_EQ(m.quota(), 3U);
}

TEST(Quota, ControllersThatAreNotTheCpus) {
    for (const char* controllers :
         {"cpuset", "cpuacct", "cpuacct,cpuset", "xcpu", "name=cpu", "CPU", ",", "c", "cp"}) {
        machine m = machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", "400000", "100000");
        m.files["/proc/self/cgroup"] = std::string("5:") + controllers + ":/a\n";
        EXPECT_EQ(m.quota(), no_cpu_quota) << controllers;
    }
    for (const char* controllers : {"cpu", "cpu,cpuacct", "cpuacct,cpu", "cpuset,cpu,cpuacct"}) {
        machine m = machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", "400000", "100000");
        m.files["/proc/self/cgroup"] = std::string("5:") + controllers + ":/a\n";
        m.files["/proc/self/mountinfo"] =
            machine::mount("cgroup", "/", "/sys/fs/cgroup/cpu", std::string("rw,") + controllers);
        EXPECT_EQ(m.quota(), 4U) << controllers;
    }
}

TEST(Quota, MalformedCgroupLinesAreSkipped) {
    for (const char* line : {"", ":", "::", "0", "0:", "0::", "0::a", "1::/a", "00::/a", ":cpu:",
                             "5:cpu", "5:cpu:", "5:cpu:a", "0:memory:/a", " 0::/a", "\\0::/a"}) {
        machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
        m.files["/proc/self/cgroup"] = std::string(line) + "\n";
        EXPECT_EQ(m.quota(), no_cpu_quota) << '"' << line << '"';
        m.files["/proc/self/cgroup"] += "0::/a\n";
        EXPECT_EQ(m.quota(), 4U) << '"' << line << '"';
    }
}

TEST(Quota, ColonsAndBlanksInTheCgroupsPath) {
    machine m = machine::v2("/a:b/c d:cpu:/e\\040f");
    m.with("/sys/fs/cgroup/a:b/c d:cpu:/e\\040f/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), 4U) << "nothing is escaped there";
}

TEST(Quota, MalformedMountsAreSkipped) {
    for (const char* line :
         {"", " ", "      ", "34", "34 28 0:29", "34 28 0:29 /", "34 28 0:29 / /sys/fs/cgroup",
          "34 28 0:29 / /sys/fs/cgroup rw", "34 28 0:29 / /sys/fs/cgroup rw -",
          "34 28 0:29 / /sys/fs/cgroup rw cgroup2 cgroup rw",
          "34 28 0:29 / /sys/fs/cgroup rw - cgroup cgroup rw",
          "34 28 0:29 / /sys/fs/cgroup rw - cgroup22 cgroup rw",
          "34 28 0:29 / /sys/fs/cgroup rw - tmpfs cgroup2 rw",
          "34 28 0:29 / /sys/fs/cgroup rw - - cgroup2 rw", "- - - - - - -"}) {
        machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
        const std::string good = m.files["/proc/self/mountinfo"];
        m.files["/proc/self/mountinfo"] = std::string(line) + "\n";
        EXPECT_EQ(m.quota(), no_cpu_quota) << '"' << line << '"';
        m.files["/proc/self/mountinfo"] += good;
        EXPECT_EQ(m.quota(), 4U) << '"' << line << '"';
    }
}

TEST(Quota, OptionalFieldsOfAMount) {
    for (const char* fields : {"", "shared:1 ", "shared:1 master:2 ", "a b c d e f g ", "-- -x "}) {
        machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
        m.files["/proc/self/mountinfo"] =
            std::string("34 28 0:29 / /sys/fs/cgroup rw ") + fields + "- cgroup2 none rw\n";
        EXPECT_EQ(m.quota(), 4U) << '"' << fields << '"';
    }
}

TEST(Quota, EscapesInTheMountPoint) {
    machine m = machine::v2("/x", "/", R"(/a\040b\011c\012d\134e\043f\303\244)");
    m.with("/a b\tc\nd\\e#f\303\244/x/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), 4U);
}

TEST(Quota, EscapesInTheRoot) {
    machine m = machine::v2("/a b\\c/d", R"(/a\040b\134c)");
    m.with("/sys/fs/cgroup/d/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), 4U);
}

TEST(Quota, WhatIsNoEscapeStaysAsItIs) {
    for (const char* name : {R"(\)", R"(\4)", R"(\04)", R"(\048)", R"(\x20)", R"(\400)", R"(\777)",
                             R"(\000)", R"(\08)", R"(\8)", R"(\ab\04)", R"(\/40)"}) {
        machine m = machine::v2("/x", "/", std::string("/a") + name);
        m.with(std::string("/a") + name + "/x/cpu.max", "400000 100000\n");
        EXPECT_EQ(m.quota(), 4U) << name;
    }
}

TEST(Quota, TheMountThatShowsMostCounts) {
    machine m = machine::v2("/a/b");
    m.with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    const std::string whole = m.files["/proc/self/mountinfo"];
    const std::string part = machine::mount("cgroup2", "/a/b", "/mnt", "rw");
    m.files["/proc/self/mountinfo"] = whole + part;
    EXPECT_EQ(m.quota(), 4U);
    m.files["/proc/self/mountinfo"] = part + whole;
    EXPECT_EQ(m.quota(), 4U);
    m.with("/hiding/a/cpu.max", "300000 100000\n");
    m.files["/proc/self/mountinfo"] = whole + machine::mount("cgroup2", "/", "/hiding", "rw");
    EXPECT_EQ(m.quota(), 3U) << "the later of two alike";
}

// Every file with a boundary between two reads at every offset.
TEST(Quota, ChunkBoundariesAtEveryOffset) {
    machine v2 = machine::v2("/docker/1 2/inner", R"(/docker/1\0402)", R"(/sys/fs/c\040group)");
    v2.with("/sys/fs/c group/inner/cpu.max", "412345 100000\n");
    machine v1 = machine::v1("/a/b");
    v1.v1_quota("/sys/fs/cgroup/cpu/a", "412345", "100000");
    for (machine m : {v2, v1}) {
        for (size_t offset = 1; offset < m.files["/proc/self/mountinfo"].size() + 1; ++offset) {
            m.first_chunk = offset;
            EXPECT_EQ(m.quota(), 5U) << offset;
        }
        for (size_t size = 1; size < 64; ++size) {
            m.first_chunk = m.chunk = size;
            EXPECT_EQ(m.quota(), 5U) << size;
        }
    }
}

// The mount's line at every offset in the buffer, past lines that fill it more than once.
TEST(Quota, LongMountinfoInChunks) {
    machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    const std::string line = machine::mount("cgroup2", "/", "/sys/fs/cgroup", "rw");
    for (size_t before = 8000; before < 8400; ++before) {
        std::string text;
        while (text.size() + 100 < before) {
            text += "28 1 8:1 / /home rw - ext4 /dev/sda1 rw\n";
        }
        text += std::string(before - text.size(), 'x') + "\n" + line;
        m.files["/proc/self/mountinfo"] = text;
        EXPECT_EQ(m.quota(), 4U) << before;
    }
}

TEST(Quota, MountinfoOf100KiBAndMore) {
    for (const size_t size : {100'000UZ, 5'000'000UZ}) {
        machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
        std::string text;
        for (int i = 0; text.size() < size; ++i) {
            text += "34 28 0:29 / /var/lib/" + std::to_string(i) + " rw - overlay overlay rw\n";
        }
        m.files["/proc/self/mountinfo"].insert(0, text);
        EXPECT_EQ(m.quota(), 4U) << size;
    }
}

TEST(Quota, LinesLongerThanTheBufferAreSkipped) {
    for (size_t size = 4090; size < 4100; ++size) {
        for (const size_t longer : {0UZ, 4096UZ, 50'000UZ}) {
            machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
            const std::string junk(size + longer, 'x');
            m.files["/proc/self/mountinfo"].insert(0, junk + "\n");
            m.files["/proc/self/cgroup"].insert(0, junk + "\n");
            m.files["/proc/self/cgroup"] += junk;
            EXPECT_EQ(m.quota(), 4U) << size;
            m.chunk = m.first_chunk = 7;
            EXPECT_EQ(m.quota(), 4U) << size << " in pieces";
        }
    }
}

// Behind what does not fit there must be no line found that is the rest of a longer one.
TEST(Quota, TheRestOfALongLineIsNoLine) {
    const std::string good = "0::/a\n";
    for (size_t size = 4080; size < 4110; ++size) {
        machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
        m.files["/proc/self/cgroup"] = std::string(size, 'x') + good;
        EXPECT_EQ(m.quota(), no_cpu_quota) << size;
    }
}

TEST(Quota, PathsOfEveryLength) {
    for (size_t size = 3900; size < 4300; ++size) {
        const std::string path = "/b/" + std::string(size - 3, 'a');
        machine m = machine::v2(path);
        m.with("/sys/fs/cgroup" + path + "/cpu.max", "400000 100000\n");
        const uint32_t quota = m.quota();
        EXPECT_TRUE(quota == 4 || quota == no_cpu_quota) << size;
        EXPECT_EQ(quota, size < 4064 ? 4U : no_cpu_quota) << size;
        for (const std::string& opened : m.opened) {
            EXPECT_LT(opened.size(), 4096U) << "the kernel's limit";
        }
    }
}

TEST(Quota, ACgroupOfAThousandLevels) {
    std::string path;
    for (int i = 0; i < 1000; ++i) {
        path += "/a";
    }
    machine m = machine::v2(path).with("/sys/fs/cgroup/a/a/cpu.max", "400000 100000\n");
    EXPECT_EQ(m.quota(), 4U);
    EXPECT_EQ(m.opened.size(), 1003U);
}

TEST(Quota, AReadErrorEndsAFile) {
    const machine whole = machine::v2("/a/b").with("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
    for (const auto& [path, text] : whole.files) {
        for (size_t offset = 0; offset < text.size(); ++offset) {
            machine m = whole;
            m.chunk = m.first_chunk = 1;
            m.failing = path;
            m.fails_at = offset;
            EXPECT_EQ(m.quota(), no_cpu_quota) << path << " at " << offset;
            for (const std::string& opened : m.opened) {
                EXPECT_TRUE(opened == "/proc/self/cgroup" || opened == "/proc/self/mountinfo" ||
                            opened.ends_with("/cpu.max"))
                    << opened;
            }
        }
    }
}

TEST(Quota, AnInterruptedReadIsRepeated) {
    machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    for (const char* path :
         {"/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup/a/cpu.max"}) {
        m.failing = path;
        m.error = -os::EINTR_;
        m.chunk = 3;
        m.every_other = true;
        EXPECT_EQ(m.quota(), 4U) << path;
        m.every_other = false;
        EXPECT_EQ(m.quota(), no_cpu_quota) << path << ": for ever";
    }
}

TEST(Quota, FilesWithoutAnEnd) {
    for (const size_t chunk : {1UZ, 3UZ, 4096UZ}) {
        machine m = machine::v2("/a").with("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
        m.chunk = m.first_chunk = chunk;
        for (const char* path :
             {"/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup/a/cpu.max"}) {
            m.endless = path;
            EXPECT_EQ(m.quota(), 4U) << path << ": what was read counts";
        }
        for (const char* path :
             {"/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup/a/cpu.max"}) {
            machine junk = m;
            junk.endless = path;
            junk.files[path] = std::string(10000, 'x');
            EXPECT_EQ(junk.quota(), no_cpu_quota) << path;
        }
    }
}

// Whatever a byte of the files is changed to, or wherever they end: an answer.
TEST(Quota, DamagedFiles) {
    machine v2 = machine::v2("/a/b", "/a", R"(/sys/fs/c\040g)");
    v2.with("/sys/fs/c g/b/cpu.max", "400000 100000\n");
    machine v1 = machine::v1("/a").v1_quota("/sys/fs/cgroup/cpu/a", "400000", "100000");
    for (const machine* whole : {&v2, &v1}) {
        for (const auto& [path, text] : whole->files) {
            machine m = *whole;
            for (size_t offset = 0; offset < text.size(); ++offset) {
                for (const char c : {'\0', '\n', ' ', '/', '\\', ':', ',', '-', '9', '\377'}) {
                    m.files[path] = text;
                    m.files[path][offset] = c;
                    EXPECT_GE(m.quota(), 2U);
                }
                m.files[path] = text.substr(0, offset);
                EXPECT_GE(m.quota(), 2U);
            }
        }
    }
}

// The real kernel's files, whatever they say here.
TEST(Quota, OfThisMachine) {
    host_os::reset();
    EXPECT_GE(cpu_quota(), 2U);
    EXPECT_LE(cpu_quota(), no_cpu_quota);
    EXPECT_GE(host_os::calls(host_os::call::open), 2);
    EXPECT_GT(host_os::calls(host_os::call::read), 0);

    host_os::reset();
    host_os::fail(host_os::call::open, os::ENOENT_);
    EXPECT_EQ(cpu_quota(), no_cpu_quota);
    EXPECT_EQ(host_os::calls(host_os::call::close), 0);

    host_os::reset();
    host_os::fail(host_os::call::read, os::EINTR_);
    EXPECT_EQ(cpu_quota(), no_cpu_quota);
    EXPECT_EQ(host_os::calls(host_os::call::close), 1);
    host_os::reset();
}

} // namespace
} // namespace runtime
