#include "config/checks/header_name_check.h"

#include <gtest/gtest.h>

namespace mantlet::config {
namespace {

TEST(CheckHeaderName, AcceptsTheNamesThatApplicationsRead) {
  for (const char* name :
       {"X-SSL-Client-Verify", "ssl-client-subject-dn", "X-Forwarded-Tls-Client-Cert", "X_Client",
        "x.client", "!#$%&'*+-.^_`|~", "A", "Remote-User"}) {
    EXPECT_FALSE(CheckHeaderName(name)) << name;
  }
}

TEST(CheckHeaderName, RejectsNonTokens) {
  for (const char* name :
       {"", "X Client", "X:Client", "X\tClient", "X(Client)", "X\"", "\xc3\xa4"}) {
    EXPECT_TRUE(CheckHeaderName(name)) << name;
  }
  EXPECT_TRUE(CheckHeaderName(std::string("a\0b", 3)));
}

TEST(CheckHeaderName, RefusesHeadersOfHttpInEverySpelling) {
  for (const char* name :
       {"Host", "CONTENT-LENGTH", "content_length", "Content.Length", "Transfer_Encoding", "te",
        "Trailer", "upgrade", "Keep_Alive", "Proxy.Authorization", "Connection", "Expect"}) {
    EXPECT_TRUE(CheckHeaderName(name)) << name;
  }
}

TEST(CheckHeaderName, RefusesHeadersThatAreWrittenAnyway) {
  for (const char* name : {"X-Forwarded-For", "x_forwarded_proto", "X-Forwarded-Client-Cert",
                           "Client_Cert", "client.cert.chain"}) {
    EXPECT_TRUE(CheckHeaderName(name)) << name;
  }
}

TEST(CheckHeaderName, LeavesXfccFreeWhereNothingIsWrittenUnderIt) {
  for (const char* name : {"X-Forwarded-Client-Cert", "x_forwarded_client_cert"}) {
    EXPECT_FALSE(CheckHeaderName(name, false)) << name;
    EXPECT_TRUE(CheckHeaderName(name, true)) << name;
  }
  for (const char* name : {"X-Forwarded-For", "Client-Cert", "Content_Length"}) {
    EXPECT_TRUE(CheckHeaderName(name, false)) << name;
  }
}

TEST(CheckRemovedHeader, RejectsHeadersOfHttpAndHeadersRemovedAnyway) {
  for (const char* name : {"SSL_CLIENT_VERIFY", "Remote-User", "Authorization", "x.y"}) {
    EXPECT_FALSE(CheckRemovedHeader(name)) << name;
  }
  for (const char* name : {"", "a b", "Host", "content_length", "Transfer-Encoding",
                           "X-Forwarded-For", "x_forwarded_client_cert", "Client-Cert"}) {
    EXPECT_TRUE(CheckRemovedHeader(name)) << name;
  }
}

}  // namespace
}  // namespace mantlet::config
