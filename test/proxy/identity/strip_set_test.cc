#include "proxy/identity/strip_set.h"

#include <gtest/gtest.h>

#include <string>

namespace mantlet::identity {
namespace {

TEST(StripSetTest, HoldsTheFixedFamilyWhateverTheConfigurationSays) {
  config::IdentityHeaders headers;
  headers.xfcc = config::XfccMode::kAlwaysForwardOnly;
  const StripSet strip(headers);
  for (const char* name : {"x-forwarded-client-cert", "Client-Cert", "Client-Cert-Chain"}) {
    EXPECT_TRUE(strip.Contains(name)) << name;
  }
}

TEST(StripSetTest, SeesThroughEverySpellingAnApplicationMightFold) {
  config::IdentityHeaders headers;
  headers.set = {{"X-SSL-Client-S-DN", config::IdentityField::kSubject},
                 {"user_id.v2", config::IdentityField::kCn}};
  const StripSet strip(headers);
  for (const char* name :
       {"x-ssl-client-s-dn", "X_SSL_CLIENT_S_DN", "x.ssl.client.s.dn", "X-ssl_Client.S-dn",
        "USER-ID-V2", "user.id_v2", "CLIENT_CERT", "client.cert.chain", "X_Forwarded_Client_Cert",
        "x_forwarded_for", "X.Forwarded.Proto", "content_length", "Transfer.Encoding",
        "Client+Cert", "X~SSL~Client~S~DN", "client|cert!chain"}) {
    EXPECT_TRUE(strip.Contains(name)) << name;
  }
}

TEST(StripSetTest, LeavesOtherNamesAlone) {
  config::IdentityHeaders headers;
  headers.set = {{"X-User", config::IdentityField::kCn}};
  const StripSet strip(headers);
  for (const char* name : {"", "X", "X-Use", "X-Users", "X-Usar", "XUser", "X--User", "Cookie",
                           "Client-Certs", "ClientCert", "X~Users", "Host", "x-user "}) {
    EXPECT_FALSE(strip.Contains(name)) << name;
  }
}

TEST(StripSetTest, HoldsNamesOfAnyLength) {
  for (size_t length = 1; length < 200; ++length) {
    config::IdentityHeaders headers;
    headers.set = {{std::string(length, 'Q'), config::IdentityField::kCn}};
    const StripSet strip(headers);
    EXPECT_TRUE(strip.Contains(std::string(length, 'q')));
    EXPECT_FALSE(strip.Contains(std::string(length + 1, 'q')));
    EXPECT_FALSE(strip.Contains(std::string(length - 1, 'q')));
  }
}

}  // namespace
}  // namespace mantlet::identity
