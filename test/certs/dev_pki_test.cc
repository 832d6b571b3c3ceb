#include "certs/dev_pki.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "certs/file_reader.h"
#include "certs/generation_loader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/x509/material.h"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using x509::kDay;
using x509::kNow;
namespace fs = std::filesystem;

class DevPkiTest : public testing::Test {
 protected:
  DevPkiTest() {
    std::string pattern = testing::TempDir() + "/dev_pki.XXXXXX";
    dir_ = fs::canonical(mkdtemp(pattern.data()));
    options_.directory = dir_ + "/pki";
    options_.now = kNow;
  }
  ~DevPkiTest() override { fs::remove_all(dir_); }

  std::string Path(const std::string& name) const { return options_.directory + "/" + name; }
  std::vector<x509::CertificatePtr> Certificates(const std::string& name) {
    auto content = DiskFileReader().Read(Path(name));
    if (!content.ok()) return {};
    auto material = x509::ParseMaterial(content->bytes, std::nullopt);
    return material.ok() ? material->certificates() : std::vector<x509::CertificatePtr>();
  }

  std::string dir_;
  DevPkiOptions options_;
};

TEST_F(DevPkiTest, WhatItMakesCanBeServed) {
  auto report = WriteDevPki(options_);
  ASSERT_TRUE(report.ok()) << report.status();
  config::Config config = OneListener();
  config.listeners[0].tls.certificates[0].chain = Path("server.crt");
  config.listeners[0].tls.certificates[0].key = Path("server.key");
  config.listeners[0].client_auth.trust_bundle = {config::TrustFile{Path("ca.crt"), ""}};
  DiskFileReader reader;
  auto generation = GenerationLoader::Load(config, reader, kNow);
  ASSERT_TRUE(generation.ok()) << generation.status();
  const ServerCertificate& server = (*generation)->listeners[0].certificates[0];
  EXPECT_THAT(server.names, ElementsAre("localhost"));
  EXPECT_THAT(server.leaf->san().ip, ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(server.san_uri, ElementsAre("spiffe://dev.mantlet/server"));
  EXPECT_TRUE((*generation)->warnings.empty());
  EXPECT_THAT(report->text, HasSubstr("curl --cacert " + Path("ca.crt")));
  EXPECT_THAT(report->text, HasSubstr("https://localhost:8443/"));
}

TEST_F(DevPkiTest, ItsClientIsAcceptedByItsTrustBundle) {
  ASSERT_TRUE(WriteDevPki(options_).ok());
  verify::ChainVerifier verifier(*x509::TrustStore::Create(Certificates("ca.crt")), {});
  std::vector<x509::CertificatePtr> chain = Certificates("client.crt");
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_THAT(chain[0]->san().uri, ElementsAre("spiffe://dev.mantlet/client"));
  EXPECT_FALSE(chain[0]->san().dns.empty());
  std::vector<std::string_view> ders = {chain[0]->der(), chain[1]->der()};
  verify::VerifyResult result = verifier.Verify(ders, kNow);
  EXPECT_TRUE(result.ok()) << result.detail;
}

TEST_F(DevPkiTest, KeysAreForTheirOwnerOnly) {
  auto report = WriteDevPki(options_);
  ASSERT_TRUE(report.ok());
  int keys = 0;
  for (const std::string& file : report->files) {
    struct stat status = {};
    ASSERT_EQ(stat(file.c_str(), &status), 0) << file;
    if (!file.ends_with(".key")) continue;
    ++keys;
    EXPECT_EQ(status.st_mode & 07777, 0600u) << file;
  }
  EXPECT_EQ(keys, 4);
}

TEST_F(DevPkiTest, ASecondRunRenewsTheLeavesUnderTheSameRoot) {
  ASSERT_TRUE(WriteDevPki(options_).ok());
  std::string root = Certificates("ca.crt")[0]->fingerprint_sha256();
  std::string server = Certificates("server.crt")[0]->fingerprint_sha256();
  options_.now += 10 * kDay;
  ASSERT_TRUE(WriteDevPki(options_).ok());
  EXPECT_EQ(Certificates("ca.crt")[0]->fingerprint_sha256(), root);
  EXPECT_NE(Certificates("server.crt")[0]->fingerprint_sha256(), server);
  // The CAs are too old to outlive new leaves, so everything is replaced.
  options_.now += 280 * kDay;
  ASSERT_TRUE(WriteDevPki(options_).ok());
  EXPECT_NE(Certificates("ca.crt")[0]->fingerprint_sha256(), root);
}

TEST_F(DevPkiTest, AForeignFileIsLeftAloneAndNothingIsWritten) {
  fs::create_directories(options_.directory);
  std::ofstream(Path("server.key")) << "precious";
  auto report = WriteDevPki(options_);
  EXPECT_EQ(report.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr(Path("server.key")));
  EXPECT_FALSE(fs::exists(Path("root.crt")));
  EXPECT_EQ(DiskFileReader().Read(Path("server.key"))->bytes, "precious");
}

TEST_F(DevPkiTest, NamesAreSortedIntoTheirKinds) {
  options_.sans = {"App.Example", "10.0.0.1", "spiffe://x/y"};
  auto report = WriteDevPki(options_);
  ASSERT_TRUE(report.ok()) << report.status();
  x509::CertificatePtr leaf = Certificates("server.crt")[0];
  EXPECT_THAT(leaf->san().dns, ElementsAre("app.example"));
  EXPECT_THAT(leaf->san().ip, ElementsAre("10.0.0.1"));
  EXPECT_THAT(leaf->san().uri, ElementsAre("spiffe://x/y", "spiffe://dev.mantlet/server"));
  EXPECT_THAT(report->text, HasSubstr("--resolve app.example:8443:127.0.0.1"));
}

TEST_F(DevPkiTest, BadNamesAndDaysAreRejected) {
  options_.sans = {"two words"};
  EXPECT_FALSE(WriteDevPki(options_).ok());
  options_.sans = {""};
  EXPECT_FALSE(WriteDevPki(options_).ok());
  options_.sans = {};
  options_.days = 0;
  EXPECT_FALSE(WriteDevPki(options_).ok());
}

}  // namespace
}  // namespace mantlet::certs
