#include "proxy/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

namespace mantlet::base {
namespace {

using nlohmann::json;

const std::string kTime = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";

class JsonLog : public testing::Test {
 protected:
  json Only() const {
    EXPECT_EQ(captured_.lines().size(), 1u);
    return json::parse(captured_.text());
  }

  CapturedLog captured_;
  Logger logger_{LogFormat::kJson, LogLevel::kInfo, captured_.sink()};
};

TEST_F(JsonLog, ARecordIsOneLineWithTimeLevelEventMessageAndFields) {
  const std::string name = "public";
  logger_.Info("listener_bound", "Listening.", {{"listener", name}, {"port", 8443}});
  const std::string& line = captured_.lines().at(0);
  EXPECT_THAT(line, testing::MatchesRegex(
                        R"(\{"ts":")" + kTime +
                        R"(","level":"info","event":"listener_bound","msg":"Listening\.",)"
                        R"("listener":"public","port":8443\})"
                        "\n"));
}

TEST_F(JsonLog, EachLevelHasTheNameThatTheConfigurationUses) {
  logger_.set_level(LogLevel::kDebug);
  logger_.Debug("e", "m");
  logger_.Info("e", "m");
  logger_.Warn("e", "m");
  logger_.Error("e", "m");
  std::vector<std::string> levels;
  for (const std::string& line : captured_.lines()) levels.push_back(json::parse(line)["level"]);
  EXPECT_EQ(levels, (std::vector<std::string>{"debug", "info", "warn", "error"}));
}

TEST_F(JsonLog, FieldsKeepTheirTypes) {
  const std::vector<std::string> list = {"a", "b\"c"};
  logger_.Info("e", "m",
               {{"text", "t"},
                {"view", std::string_view("v")},
                {"small", -1},
                {"large", std::numeric_limits<uint64_t>::max()},
                {"size", sizeof(int)},
                {"ratio", 0.5},
                {"yes", true},
                {"list", list}});
  const json record = Only();
  EXPECT_EQ(record["text"], "t");
  EXPECT_EQ(record["view"], "v");
  EXPECT_EQ(record["small"], -1);
  EXPECT_EQ(record["large"], std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(record["size"], 4);
  EXPECT_EQ(record["ratio"], 0.5);
  EXPECT_EQ(record["yes"], true);
  EXPECT_EQ(record["list"], json(list));
}

TEST_F(JsonLog, ALiteralIsTextAndNotATruthValue) {
  logger_.Info("e", "m", {{"reason", "timeout"}});
  EXPECT_TRUE(Only()["reason"].is_string());
}

TEST_F(JsonLog, NumbersThatJsonDoesNotHaveAreNull) {
  logger_.Info("e", "m", {{"nan", std::nan("")}, {"inf", HUGE_VAL}});
  EXPECT_TRUE(Only()["nan"].is_null());
  EXPECT_TRUE(Only()["inf"].is_null());
}

TEST_F(JsonLog, BytesFromAPeerCannotForgeARecord) {
  logger_.Info("e\"", "m\n{}", {{"k\"ey", "\"}\n{\"level\":\"error\"\xff%v{}"}});
  const json record = Only();
  EXPECT_EQ(record["level"], "info");
  EXPECT_EQ(record["k\"ey"], "\"}\n{\"level\":\"error\"\xEF\xBF\xBD%v{}");
  EXPECT_EQ(record["msg"], "m\n{}");
}

TEST_F(JsonLog, ALongFieldIsNotCut) {
  const std::string pem(100'000, 'x');
  logger_.Info("e", "m", {{"pem", pem}});
  EXPECT_EQ(Only()["pem"], pem);
}

TEST_F(JsonLog, RecordsUnderTheLevelAreNotWritten) {
  logger_.Debug("e", "m");
  EXPECT_TRUE(captured_.lines().empty());
  EXPECT_FALSE(logger_.enabled(LogLevel::kDebug));
  EXPECT_TRUE(logger_.enabled(LogLevel::kInfo));
}

TEST_F(JsonLog, TheLevelChangesWhileRunning) {
  logger_.set_level(LogLevel::kError);
  logger_.Warn("e", "m");
  EXPECT_TRUE(captured_.lines().empty());
  logger_.set_level(LogLevel::kDebug);
  logger_.Debug("e", "m");
  EXPECT_EQ(captured_.lines().size(), 1u);
}

TEST_F(JsonLog, FieldsMayBePutTogetherAtRunTime) {
  std::vector<LogField> fields;
  fields.emplace_back("peer", "10.0.0.1");
  fields.emplace_back("depth", 1);
  logger_.Log(LogLevel::kWarn, "e", "m", fields);
  EXPECT_EQ(Only()["peer"], "10.0.0.1");
  EXPECT_EQ(Only()["depth"], 1);
}

TEST_F(JsonLog, LinesOfSeveralThreadsDoNotMix) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 200; ++i) logger_.Info("e", std::string(300, 'm'), {{"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(captured_.lines().size(), 800u);
  for (const std::string& line : captured_.lines()) EXPECT_FALSE(json::parse(line).empty());
}

TEST(TextLog, IsReadableAndKeepsToOneLine) {
  CapturedLog captured;
  Logger logger(LogFormat::kText, LogLevel::kInfo, captured.sink());
  const std::vector<std::string> names = {"a", "b"};
  logger.Warn("reload_failed", "Kept the old one.",
              {{"file", "/etc/a b"}, {"count", 2}, {"ok", false}, {"names", names}});
  logger.Warn("e", "two\nlines", {{"k", "v\n"}});
  EXPECT_THAT(
      captured.lines().at(0),
      testing::MatchesRegex(kTime + R"( warn reload_failed: Kept the old one\. file="/etc/a b" )"
                                    R"(count=2 ok=false names=a,b)"
                                    "\n"));
  const std::string& second = captured.lines().at(1);
  EXPECT_TRUE(second.ends_with(" warn e: \"two\\nlines\" k=\"v\\n\"\n")) << second;
}

TEST(LogLevel, ParsesExactlyTheFourNames) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    EXPECT_EQ(ParseLogLevel(ToString(level)), level);
  }
  EXPECT_EQ(ParseLogLevel("warning"), std::nullopt);
  EXPECT_EQ(ParseLogLevel("INFO"), std::nullopt);
  EXPECT_EQ(ParseLogLevel(""), std::nullopt);
}

TEST(StandardErrorLog, WritesOneLineToStandardError) {
  Logger logger(LogFormat::kJson, LogLevel::kInfo);
  testing::internal::CaptureStderr();
  logger.Info("started", "Up.");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_EQ(json::parse(line)["event"], "started");
  EXPECT_EQ(line.back(), '\n');
}

TEST(Logger, ALineForTheJournalBeginsWithItsPriority) {
  CapturedLog captured;
  Logger logger(LogFormat::kText, LogLevel::kDebug, captured.sink(), LogPrefix::kPriority);
  logger.Debug("e", "m");
  logger.Info("e", "m");
  logger.Warn("e", "m");
  logger.Error("e", "m");
  ASSERT_EQ(captured.lines().size(), 4u);
  EXPECT_TRUE(captured.lines()[0].starts_with("<7>2"));
  EXPECT_TRUE(captured.lines()[1].starts_with("<6>2"));
  EXPECT_TRUE(captured.lines()[2].starts_with("<4>2"));
  EXPECT_TRUE(captured.lines()[3].starts_with("<3>2"));
}

}  // namespace
}  // namespace mantlet::base
