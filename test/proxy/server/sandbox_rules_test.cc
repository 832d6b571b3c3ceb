#include "proxy/server/sandbox_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "certs/file_source.h"
#include "config/loader/loader.h"
#include "test/proxy/io/temp_directory.h"

namespace mantlet::server {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class SandboxRulesTest : public testing::Test {
 protected:
  SandboxRulesTest() {
    for (const char* folder : {"a/config", "a/tls", "b/elsewhere", "run"}) {
      std::filesystem::create_directories(directory_.File(folder));
    }
    config_ = Config();
  }

  std::string Path(const std::string& name) const { return directory_.File(name); }

  // A configuration that uses every key with a file.
  config::Config Config() const {
    const std::string text = R"(
listeners:
  - name: one
    address: 0.0.0.0:8443
    upstream: app
    tls:
      certificates:
        - {chain: TLS/chain, key: TLS/key, passphrase_file: TLS/pass, ocsp_response: TLS/ocsp}
        - {bundle: TLS/bundle}
        - {pkcs12: TLS/pkcs12, passphrase_file: TLS/pkcs12.pass}
    client_auth:
      trust_bundle: [TLS/ca, {pkcs12: TLS/trust, passphrase_file: TLS/trust.pass}]
      spiffe:
        trust_domains: [{name: example.org, bundle: [TLS/org]}]
        bundle_map: TLS/map
      crl: {files: [TLS/crl]}
  - name: two
    address: unix:RUN/two.sock
    upstream: app
    tls: {certificates: [{bundle: TLS/bundle}]}
    client_auth: {mode: none}
upstreams:
  - {name: app, address: "127.0.0.1:8080"}
metrics: {address: "127.0.0.1:9900"}
)";
    std::string yaml = text;
    for (const auto& [word, folder] : {std::pair("TLS", "a/tls"), std::pair("RUN", "run")}) {
      for (size_t at = 0; (at = yaml.find(word, at)) != std::string::npos;) {
        yaml.replace(at, 3, Path(folder));
      }
    }
    const config::LoadResult loaded =
        config::LoadText(yaml, Path("a/config/mantlet.yaml"), config::Environment());
    EXPECT_TRUE(loaded.config.has_value()) << loaded.status();
    return *loaded.config;
  }

  std::string Problem(const config::Config& next) const {
    return std::string(FitsInto(RulesFor(config_), next).message());
  }

  io::TempDirectory directory_;
  config::Config config_;
};

TEST_F(SandboxRulesTest, NamesEveryFileThatAReloadReads) {
  std::set<std::string> named;
  for (const NamedFile& file : FilesToRead(config_)) named.insert(file.path);
  std::set<std::string> read = {config_.file};
  for (const std::string& path : certs::MaterialFiles(config_)) read.insert(path);
  EXPECT_EQ(read, named);
  EXPECT_EQ(14u, named.size());
}

TEST_F(SandboxRulesTest, AllowsTheDirectoriesAndPortsOfTheConfiguration) {
  const sandbox::Ruleset rules = RulesFor(config_);
  EXPECT_THAT(rules.read, AllOf(Contains(Path("a/config")), Contains(Path("a/tls"))));
  EXPECT_THAT(rules.read, Not(Contains("/etc"))) << "no name is resolved";
  EXPECT_THAT(rules.read, Contains(Path("a"))) << "where the folder may be made anew";
  EXPECT_THAT(rules.read, AllOf(Not(Contains("/tmp")), Not(Contains("/"))));
  EXPECT_TRUE(rules.write.empty());
  EXPECT_THAT(rules.sockets, UnorderedElementsAre(Path("run")));
  EXPECT_THAT(*rules.bind_ports, UnorderedElementsAre(8443, 9900));
  EXPECT_THAT(*rules.connect_ports, UnorderedElementsAre(8080));
  EXPECT_EQ("", Problem(config_));
}

TEST_F(SandboxRulesTest, AllowsEveryHopOfALink) {
  std::ofstream(Path("b/elsewhere/key")) << "key";
  std::filesystem::create_symlink(Path("b/elsewhere/key"), Path("a/tls/key"));
  EXPECT_THAT(RulesFor(config_).read,
              AllOf(Contains(Path("a/tls")), Contains(Path("b/elsewhere"))));
}

TEST_F(SandboxRulesTest, AllowsNoFolderOfTheSystemForAFileFurtherBelow) {
  config_.listeners[1].tls.certificates[0].bundle = "/var/run/mantlet-test/bundle.pem";
  config_.listeners[0].tls.certificates[0].key = "/etc/mantlet-test/tls.key";
  config_.listeners[0].tls.certificates[0].chain = "/tls.crt";
  const sandbox::Ruleset rules = RulesFor(config_);
  EXPECT_THAT(rules.read, AllOf(Contains("/etc/mantlet-test"), Contains("/tls.crt")));
  for (const char* folder : {"/", "/etc", "/run", "/var"}) {
    EXPECT_THAT(rules.read, Not(Contains(folder)));
  }
  EXPECT_EQ("", std::string(FitsInto(rules, config_).message()));
}

TEST_F(SandboxRulesTest, AllowsWhatTheResolverNeedsOnlyForNames) {
  config_.upstreams[0].address.host = "app.example";
  const sandbox::Ruleset rules = RulesFor(config_);
  EXPECT_THAT(rules.read, Contains("/etc"));
  EXPECT_THAT(*rules.connect_ports, UnorderedElementsAre(8080, 53));
}

TEST_F(SandboxRulesTest, CannotRestrictPortsThatTheKernelChooses) {
  config_.listeners[0].address.port = 0;
  EXPECT_FALSE(RulesFor(config_).bind_ports.has_value());
}

TEST_F(SandboxRulesTest, AllowsTheAccessLogToBeMadeAgain) {
  config_.log.access = Path("b/elsewhere/access.log");
  EXPECT_THAT(RulesFor(config_).write, UnorderedElementsAre(Path("b/elsewhere")));
  config_.log.access = "/dev/null";
  EXPECT_THAT(RulesFor(config_).write, UnorderedElementsAre("/dev/null"));
}

TEST_F(SandboxRulesTest, AReloadMayUseOtherFilesOfTheSameDirectories) {
  config::Config next = config_;
  next.listeners[0].tls.certificates[0].key = Path("a/tls/new/key");
  EXPECT_EQ("", Problem(next));
}

TEST_F(SandboxRulesTest, AReloadThatNeedsAnotherDirectoryNamesKeyAndPath) {
  config::Config next = config_;
  next.listeners[0].tls.certificates[0].key = Path("b/elsewhere/key");
  EXPECT_THAT(Problem(next),
              AllOf(StartsWith("restart needed: listeners[0].tls.certificates[0].key: "),
                    HasSubstr(Path("b/elsewhere/key"))));
  next = config_;
  // A name that only begins like an allowed one.
  next.listeners[0].client_auth.crl_files[0] = Path("a-other/crl");
  EXPECT_THAT(Problem(next), StartsWith("restart needed: listeners[0].client_auth.crl.files[0]: "));
}

TEST_F(SandboxRulesTest, ALinkThatLeadsElsewhereNeedsARestart) {
  const sandbox::Ruleset rules = RulesFor(config_);
  std::ofstream(Path("b/elsewhere/key")) << "key";
  std::filesystem::create_symlink(Path("b/elsewhere/key"), Path("a/tls/key"));
  EXPECT_THAT(std::string(FitsInto(rules, config_).message()), HasSubstr(Path("b/elsewhere")));
}

TEST_F(SandboxRulesTest, AReloadThatNeedsAnotherPortNamesTheKey) {
  config::Config next = config_;
  next.upstreams[0].address.port = 8081;
  EXPECT_THAT(Problem(next),
              AllOf(StartsWith("restart needed: upstreams[0].address: "), HasSubstr("port 8081")));
  next = config_;
  next.upstreams[0].address.host = "app.example";
  EXPECT_THAT(Problem(next), HasSubstr("port 53, which name servers use"));
  next = config_;
  next.listeners[0].address.port = 8444;
  EXPECT_THAT(Problem(next),
              AllOf(StartsWith("restart needed: listeners[0].address: "), HasSubstr("port 8444")));
  next = config_;
  next.listeners[1].address.path = Path("b/elsewhere/two.sock");
  EXPECT_THAT(Problem(next), StartsWith("restart needed: listeners[1].address: "));
}

TEST_F(SandboxRulesTest, PortsThatTheKernelCannotRestrictNeedNoRestart) {
  sandbox::Ruleset rules = RulesFor(config_);
  rules.bind_ports.reset();
  rules.connect_ports.reset();
  config::Config next = config_;
  next.upstreams[0].address.port = 8081;
  next.listeners[0].address.port = 8444;
  EXPECT_TRUE(FitsInto(rules, next).ok());
}

}  // namespace
}  // namespace mantlet::server
