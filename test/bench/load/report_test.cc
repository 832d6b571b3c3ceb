#include "test/bench/load/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mantlet::bench {
namespace {

TEST(ReportTest, DividesByTheTimeAndTheOperationsOfTheWindow) {
  Window window;
  window.began = {1'000'000'000, 500'000'000};
  window.operations = 4000;
  window.handshakes = 10;
  window.resumed = 9;
  for (int i = 0; i < 99; ++i) window.latency.Add(100);
  window.latency.Add(1'000'000);
  const auto json = nlohmann::json::parse(
      ToJson("report", "one", window, {3'000'000'000, 540'000'000}, {"TLSv1.3", "c", "g"}));
  EXPECT_EQ(json["event"], "report");
  EXPECT_EQ(json["label"], "one");
  EXPECT_DOUBLE_EQ(json["seconds"], 2);
  EXPECT_DOUBLE_EQ(json["rate"], 2000);
  EXPECT_DOUBLE_EQ(json["own_cpu_us_per_operation"], 10);
  EXPECT_EQ(json["resumed"], 9);
  EXPECT_DOUBLE_EQ(json["latency_us"]["p50"], 0.1);
  EXPECT_DOUBLE_EQ(json["latency_us"]["max"], 1000);
  EXPECT_EQ(json["tls"], "TLSv1.3");
}

TEST(ReportTest, AddsUpErrorsByKind) {
  Window window;
  window.AddError("reset");
  window.AddError("closed");
  window.AddError("reset");
  EXPECT_EQ(window.error_count(), 3u);
  const auto json = nlohmann::json::parse(ToJson("report", "", window, {}, {}));
  EXPECT_EQ(json["errors"], 3);
  EXPECT_EQ(json["error_kinds"]["reset"], 2);
}

TEST(ReportTest, TellsTheLatenciesOfEachStretch) {
  Window window;
  window.stretches = {{100, 2'000, 30'000}, {50, 1'000, 9'500}};
  const auto json = nlohmann::json::parse(ToJson("report", "", window, {}, {}));
  ASSERT_EQ(json["windows"].size(), 2u);
  EXPECT_EQ(json["windows"][0]["operations"], 100);
  EXPECT_DOUBLE_EQ(json["windows"][0]["p50_us"], 2);
  EXPECT_DOUBLE_EQ(json["windows"][1]["p99_us"], 9.5);
}

TEST(ReportTest, AnEmptyWindowHasNoRateAndNoCost) {
  const auto json = nlohmann::json::parse(ToJson("window", "", Window(), {}, {}));
  EXPECT_EQ(json["rate"], 0);
  EXPECT_EQ(json["own_cpu_us_per_operation"], 0);
}

}  // namespace
}  // namespace mantlet::bench
