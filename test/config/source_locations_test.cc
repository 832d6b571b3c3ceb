#include "config/source_locations.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace mantlet::config {
namespace {

TEST(SourceLocationsTest, LocatesAValueOrTheNearestThingAroundIt) {
  SourceLocations locations;
  locations.Set("", {"m.yaml", 1, 1});
  locations.Set("listeners", {"m.yaml", 2, 1});
  locations.Set("listeners[1]", {"m.yaml", 5, 3});
  locations.Set("listeners[1].tls", {"m.yaml", 6, 5});
  for (const auto& [path, line] : std::initializer_list<std::pair<const char*, int>>{
           {"listeners[1].tls", 6},
           {"listeners[1].tls.min_version", 6},
           {"listeners[1].tls.certificates[3].chain", 6},
           {"listeners[1].name", 5},
           {"listeners[10].tls", 2},
           {"listeners[0]", 2},
           {"metrics.address", 1},
           {"", 1}}) {
    EXPECT_EQ(locations.Locate(path).line, line) << path;
  }
  EXPECT_EQ(SourceLocations().Locate("listeners[0]").line, 0);
}

TEST(SourceLocationsTest, HasTheValuesOfTheFile) {
  SourceLocations locations;
  locations.Set("listeners[1].tls", {"m.yaml", 6, 5});
  EXPECT_TRUE(locations.Has("listeners[1].tls"));
  EXPECT_FALSE(locations.Has("listeners[1]"));
  EXPECT_FALSE(locations.Has("listeners[1].tls.groups"));
}

TEST(SourceLocationsTest, RejectsAPathWithARejectedValueBelow) {
  SourceLocations locations;
  EXPECT_FALSE(locations.Rejected(""));
  locations.SetRejected("listeners[1].tls.groups[0]");
  locations.SetRejected("listeners[1].tls-x");
  locations.SetRejected("admin");
  for (const char* path : {"", "listeners", "listeners[1]", "listeners[1].tls",
                           "listeners[1].tls.groups", "listeners[1].tls.groups[0]", "admin"}) {
    EXPECT_TRUE(locations.Rejected(path)) << path;
  }
  // Names with a common prefix, siblings, and values below a rejected one.
  for (const char* path :
       {"listener", "listeners[10]", "listeners[0]", "listeners[1].tl", "listeners[1].tls.group",
        "listeners[1].tls.groups[1]", "listeners[1].tls.groups[0].x", "admin.address", "adm"}) {
    EXPECT_FALSE(locations.Rejected(path)) << path;
  }
}

}  // namespace
}  // namespace mantlet::config
