// The environment's knobs.
#include "base/knobs.h"

#include <gtest/gtest.h>

namespace runtime {
namespace {

uint32_t gomaxprocs(std::string_view text) {
    knob_values values;
    values.gomaxprocs = 77;
    parse_gomaxprocs(text, values);
    return values.gomaxprocs;
}

traceback_level traceback(std::string_view text) {
    knob_values values;
    parse_gotraceback(text, values);
    return values.traceback;
}

knob_values godebug(std::string_view text) {
    knob_values values;
    parse_godebug(text, values);
    return values;
}

TEST(Knobs, GomaxprocsIsAWholeNumber) {
    EXPECT_EQ(gomaxprocs("1"), 1U);
    EXPECT_EQ(gomaxprocs("64"), 64U);
    EXPECT_EQ(gomaxprocs("007"), 7U);
    EXPECT_EQ(gomaxprocs("2147483647"), 2147483647U);
    EXPECT_EQ(gomaxprocs("0"), 0U) << "0 means what unset means";
}

TEST(Knobs, GomaxprocsThatIsNoneLeavesTheValue) {
    for (const char* text : {"", "-1", "+4", "4x", "x4", " 4", "4 ", "4,5", "2147483648",
                             "18446744073709551617", "99999999999999999999999", "0x10"}) {
        EXPECT_EQ(gomaxprocs(text), 77U) << '"' << text << '"';
    }
}

TEST(Knobs, TracebackLevels) {
    EXPECT_EQ(traceback(""), traceback_level::single);
    EXPECT_EQ(traceback("none"), traceback_level::none);
    EXPECT_EQ(traceback("0"), traceback_level::none);
    EXPECT_EQ(traceback("single"), traceback_level::single);
    EXPECT_EQ(traceback("all"), traceback_level::all);
    EXPECT_EQ(traceback("1"), traceback_level::all);
    EXPECT_EQ(traceback("system"), traceback_level::system);
    EXPECT_EQ(traceback("2"), traceback_level::system);
    EXPECT_EQ(traceback("crash"), traceback_level::crash);
    for (const char* text : {"3", "None", "crash ", "crashed", "cras", "al"}) {
        EXPECT_EQ(traceback(text), traceback_level::single) << '"' << text << '"';
    }
}

TEST(Knobs, TracebackLevelsAreInOrder) {
    EXPECT_LT(traceback_level::none, traceback_level::single);
    EXPECT_LT(traceback_level::single, traceback_level::all);
    EXPECT_LT(traceback_level::all, traceback_level::system);
    EXPECT_LT(traceback_level::system, traceback_level::crash);
    EXPECT_EQ(knob_values{}.traceback, traceback_level{0}) << "the default must be all zeroes";
}

TEST(Knobs, GodebugList) {
    EXPECT_EQ(godebug("schedtrace=1000").schedtrace, 1000U);
    EXPECT_EQ(godebug("schedtrace=5,scheddetail=1").scheddetail, 1U);
    EXPECT_EQ(godebug("scheddetail=1,schedtrace=5").schedtrace, 5U);
    EXPECT_EQ(godebug("asyncpreemptoff=1").asyncpreemptoff, 1U);
    EXPECT_EQ(godebug("asyncpreemptof=1").asyncpreemptoff, 0U);
    EXPECT_EQ(godebug("asyncpreemptofff=1").asyncpreemptoff, 0U);
    EXPECT_EQ(godebug("asyncpreemptoff=0,randsched=2147483647").randsched, 2147483647U);
    EXPECT_EQ(godebug("gctrace=1,schedtrace=5,foo").schedtrace, 5U) << "others are skipped";
    EXPECT_EQ(godebug("schedtrace=5,schedtrace=6").schedtrace, 6U) << "the last counts";
    EXPECT_EQ(godebug(",,schedtrace=5,").schedtrace, 5U);
}

TEST(Knobs, GodebugThatCannotBeParsedIsSkipped) {
    for (const char* text :
         {"", ",", "=", "=5", "schedtrace", "schedtrace=", "schedtrace=x", "schedtrace=-1",
          "schedtrace=1=2", "xschedtrace=1", "schedtracex=1", "schedtrace =1", "SCHEDTRACE=1"}) {
        EXPECT_EQ(godebug(text).schedtrace, 0U) << '"' << text << '"';
    }
}

} // namespace
} // namespace runtime
