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

TEST(StripSetTest, ContainsHeadersThatFrameworksReadAsSetByAProxy) {
  config::IdentityHeaders headers;
  const StripSet strip(headers);
  headers.forwarding_headers = config::ForwardingHeaders::kForward;
  const StripSet forwarding(headers);
  for (const char* name : {"Forwarded",
                           "X-Real-IP",
                           "X-Forwarded-Port",
                           "X-Forwarded-Prefix",
                           "X-Forwarded-Server",
                           "X-Forwarded-Ssl",
                           "X-Forwarded-Scheme",
                           "X-Forwarded-Tls-Client-Cert",
                           "True-Client-IP",
                           "CF-Connecting-IP",
                           "X-Client-IP",
                           "Client-IP",
                           "X-Cluster-Client-IP",
                           "Front-End-Https",
                           "X-Original-URL",
                           "X-Original-Forwarded-For",
                           "X-Rewrite-URL",
                           "X-SSL-Client-S-DN",
                           "ssl-client-verify",
                           "SSL_CLIENT_VERIFY",
                           "SSL_CLIENT_S_DN_CN",
                           "ssl_cipher",
                           "X-ARR-ClientCert",
                           "X-Client-Cert",
                           "X-Amzn-Mtls-Clientcert-Subject",
                           "SCRIPT_NAME",
                           "WL-Proxy-Client-IP",
                           "$WSCC",
                           "$WSRU",
                           "X_REAL_IP",
                           "x.real.ip",
                           "x_forwarded_port",
                           "X-Forwarded_Port",
                           "X~Real~IP",
                           "FORWARDED"}) {
    EXPECT_TRUE(strip.Contains(name)) << name;
    EXPECT_FALSE(forwarding.Contains(name)) << name;
  }
  for (const char* name :
       {"X-Forwarded-For", "X_Forwarded_Host", "X.Forwarded.Proto", "X_Forwarded_Client_Cert"}) {
    EXPECT_TRUE(forwarding.Contains(name)) << name;
  }
  for (const char* name : {"X-Request-Id", "X-Forward", "Forwarded-By-Me", "X-Real", "X-SSL",
                           "X-Requested-With", "X-Api-Key", "X-HTTP-Method-Override", "Via",
                           "Authorization", "Cookie", "Ssl", "X-Originals", "Sec-WebSocket-Key"}) {
    EXPECT_FALSE(strip.Contains(name)) << name;
  }
}

TEST(StripSetTest, HoldsTheNamesThatAreToBeRemoved) {
  config::IdentityHeaders headers;
  headers.remove = {"Remote_User", "X-Auth-Request-Email"};
  const StripSet strip(headers);
  for (const char* name : {"Remote-User", "REMOTE.USER", "remote_user", "x_auth_request_email"}) {
    EXPECT_TRUE(strip.Contains(name)) << name;
  }
  EXPECT_FALSE(strip.Contains("Remote-Users"));
  EXPECT_FALSE(strip.Contains("X-Auth-Request-User"));
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
