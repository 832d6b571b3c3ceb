#include "proxy/identity/rfc9440.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace mantlet::identity {
namespace {

// The certificates of RFC 9440, appendix A, base64 of the DER.
constexpr char kLeaf[] =
    "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUx"
    "GzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNa"
    "MA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalR"
    "hebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIw"
    "ADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAww"
    "CgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUC"
    "IBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBV"
    "oU4hBVZ1yhk=";
constexpr char kIntermediate[] =
    "MIIB5jCCAYugAwIBAgIBFjAKBggqhkjOPQQDAjBWMQswCQYDVQQGEwJVUzEbMBkGA1UECgwSTGV0J3Mg"
    "QXV0aGVudGljYXRlMSowKAYDVQQDDCFMZXQncyBBdXRoZW50aWNhdGUgUm9vdCBBdXRob3JpdHkwHhcN"
    "MjAwMTE0MjEzMjMwWhcNMzAwMTExMjEzMjMwWjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUx"
    "GzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJf+aA54"
    "RC5pyLAR5yfXVYmNpgd+CGUTDp2KOGhc0gK91zxhHesEYkdXkpS2UN8Kati+yHtWCV3kkhCngGyv7Rqj"
    "ZjBkMB0GA1UdDgQWBBRm3WjLa38lbEYCuiCPct0ZaSED2DAfBgNVHSMEGDAWgBTEA2Q6eecKu9g9yb5g"
    "lbkhhVINGDASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1UdDwEB/wQEAwIBhjAKBggqhkjOPQQDAgNJADBG"
    "AiEA5pLvaFwRRkxomIAtDIwg9D7gC1xzxBl4r28EzmSO1pcCIQCJUShpSXO9HDIQMUgH69fNDEMHXD3R"
    "RX5gP7kuu2KGMg==";

std::string Der(const char* base64) {
  std::string der;
  EXPECT_TRUE(absl::Base64Unescape(base64, &der));
  return der;
}

TEST(Rfc9440Test, WritesTheLeafAsTheAppendixDoes) {
  EXPECT_EQ(ClientCertValue(Der(kLeaf)), ":" + std::string(kLeaf) + ":");
}

TEST(Rfc9440Test, WritesTheChainAsAListOfByteSequences) {
  EXPECT_EQ(ClientCertChainValue({Der(kIntermediate)}), ":" + std::string(kIntermediate) + ":");
  EXPECT_EQ(ClientCertChainValue({Der(kIntermediate), "root"}),
            ":" + std::string(kIntermediate) + ":, :cm9vdA==:");
  EXPECT_EQ(ClientCertChainValue({}), "");
}

// Byte sequences are always padded (RFC 8941 section 3.3.5).
TEST(Rfc9440Test, PadsByteSequences) {
  EXPECT_EQ(ClientCertValue("a"), ":YQ==:");
  EXPECT_EQ(ClientCertValue("ab"), ":YWI=:");
  EXPECT_EQ(ClientCertValue("abc"), ":YWJj:");
  EXPECT_EQ(ClientCertValue("\xff\xfe\xfb"), "://77:");
}

}  // namespace
}  // namespace mantlet::identity
