#include "proxy/tls/library_support.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LibrarySupport, HasSuitesAndGroupsAloneAndOfEqualPreference) {
  config::Tls tls;
  tls.cipher_suites = {"ECDHE-RSA-AES256-GCM-SHA384",
                       "ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305"};
  tls.groups = {"X25519", "P-256"};
  EXPECT_THAT(NamesTheLibraryLacks(tls), IsEmpty());
}

TEST(LibrarySupport, NamesEachSuiteAndGroupThatIsNotThere) {
  config::Tls tls;
  tls.cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-OF-TOMORROW", "NO-SUITE"};
  tls.groups = {"X25519", "P-1024"};
  EXPECT_THAT(NamesTheLibraryLacks(tls), ElementsAre("ECDHE-OF-TOMORROW", "NO-SUITE", "P-1024"));
}

}  // namespace
}  // namespace mantlet::tls
