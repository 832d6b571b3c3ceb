#include "proxy/http/message.h"

#include <gtest/gtest.h>

namespace mantlet::http {
namespace {

TEST(VersionName, IsTheNameInLogs) {
  EXPECT_EQ(VersionName(Version::kHttp10), "HTTP/1.0");
  EXPECT_EQ(VersionName(Version::kHttp11), "HTTP/1.1");
  EXPECT_EQ(VersionName(Version::kHttp2), "HTTP/2");
}

TEST(RequestHead, IsOfHttp11AgainAfterReset) {
  RequestHead head;
  head.version = Version::kHttp2;
  head.Reset();
  EXPECT_EQ(head.version, Version::kHttp11);
}

}  // namespace
}  // namespace mantlet::http
