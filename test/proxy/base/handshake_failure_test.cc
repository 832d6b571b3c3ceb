#include "proxy/base/handshake_failure.h"

#include <gtest/gtest.h>

#include <set>

namespace mantlet::base {
namespace {

TEST(HandshakeFailure, EveryReasonHasTheLabelOfItsName) {
  EXPECT_EQ(ToString(HandshakeFailure::kNoClientCertificate), "no_client_certificate");
  EXPECT_EQ(ToString(HandshakeFailure::kCrlExpired), "crl_expired");
  EXPECT_EQ(ToString(HandshakeFailure::kPathTooLong), "path_too_long");
  EXPECT_EQ(ToString(HandshakeFailure::kSpiffeInvalid), "spiffe_invalid");
  EXPECT_EQ(ToString(HandshakeFailure::kNoSharedCipher), "no_shared_cipher");
  EXPECT_EQ(ToString(HandshakeFailure::kTimeout), "timeout");
  EXPECT_EQ(ToString(HandshakeFailure::kPeerAlert), "peer_alert");
  EXPECT_EQ(ToString(HandshakeFailure::kOther), "other");
}

TEST(HandshakeFailure, NoTwoReasonsShareALabel) {
  const std::set<std::string_view> labels(kHandshakeFailureLabels.begin(),
                                          kHandshakeFailureLabels.end());
  EXPECT_EQ(labels.size(), kHandshakeFailureCount);
  EXPECT_FALSE(labels.contains(""));
}

}  // namespace
}  // namespace mantlet::base
