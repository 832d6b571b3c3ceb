#include "proxy/observe/exposition.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/http/header_list.h"

namespace mantlet::observe {
namespace {

Exposition Choose(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::HeaderList list;
  for (const auto& [name, value] : fields) list.Add(name, value);
  return ChooseExposition(list);
}

bool IsOpenMetrics(const std::string& accept) { return Choose({{"Accept", accept}}).open_metrics; }
bool IsGzip(const std::string& accepted) { return Choose({{"accept-encoding", accepted}}).gzip; }

TEST(Exposition, WhoAsksForNothingGetsPlainText) {
  EXPECT_EQ(Choose({}), Exposition());
  EXPECT_EQ(Choose({{"Accept", "*/*"}, {"Accept-Encoding", "*"}}), Exposition());
}

TEST(Exposition, WhatPrometheusSendsIsOpenMetrics) {
  EXPECT_TRUE(
      IsOpenMetrics("application/openmetrics-text;version=1.0.0,application/"
                    "openmetrics-text;version=0.0.1;q=0.75,"
                    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_TRUE(IsOpenMetrics(
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
      "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"));
  EXPECT_TRUE(IsOpenMetrics("application/openmetrics-text; version=0.0.1,text/plain;q=0.5"));
  EXPECT_TRUE(IsOpenMetrics("Application/OpenMetrics-Text; Version=\"1.0.0\""));
}

TEST(Exposition, WhoRefusesOrPrefersAnotherGetsText) {
  EXPECT_FALSE(IsOpenMetrics("application/openmetrics-text;version=1.0.0;q=0"));
  EXPECT_FALSE(IsOpenMetrics("application/openmetrics-text;version=1.0.0;q=0.000"));
  EXPECT_FALSE(IsOpenMetrics("application/openmetrics-text;q=0.4,text/plain;q=0.5"));
  EXPECT_FALSE(IsOpenMetrics("application/openmetrics-text;version=2.0.0"));
  EXPECT_FALSE(IsOpenMetrics("application/openmetrics-text;q=much"));
  EXPECT_FALSE(IsOpenMetrics("application/openmetrics"));
}

TEST(Exposition, GzipIsForThoseWhoNameIt) {
  EXPECT_TRUE(IsGzip("gzip"));
  EXPECT_TRUE(IsGzip("br;q=1.0, GZIP;q=0.5"));
  EXPECT_FALSE(IsGzip("gzip;q=0"));
  EXPECT_FALSE(IsGzip("identity, br"));
  EXPECT_FALSE(IsGzip("gzipped"));
}

TEST(Exposition, SeveralFieldsAreOneList) {
  EXPECT_TRUE(Choose({{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}}).gzip);
}

}  // namespace
}  // namespace mantlet::observe
