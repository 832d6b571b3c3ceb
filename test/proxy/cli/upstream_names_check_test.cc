#include "proxy/cli/upstream_names_check.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// "good.test" has an address, "bad.test" has none, "silent.test" gets no answer.
class FakeLookup final : public io::NameLookup {
 public:
  explicit FakeLookup(io::Loop& loop) : loop_(loop) {}
  void Start(const std::string& host, uint16_t port, Done done) override {
    asked.push_back(host);
    if (host == "silent.test") return;
    Answer answer = absl::NotFoundError("cannot resolve '" + host + "'");
    if (host == "good.test") answer = {{*io::SocketAddress::Literal("127.0.0.1", port)}};
    loop_.Post([done = std::move(done), answer] { done(answer); });
  }

  std::vector<std::string> asked;

 private:
  io::Loop& loop_;
};

class UpstreamNamesCheckTest : public testing::Test {
 protected:
  void Add(const std::string& name, const std::string& host, bool used = true) {
    config::Upstream& upstream = config_.upstreams.emplace_back();
    upstream.name = name;
    upstream.address.host = host;
    upstream.address.port = 80;
    if (used) config_.listeners.emplace_back().upstream = name;
  }
  std::vector<config::Diagnostic> Check() {
    return CheckUpstreamNames(config_, loop_, lookup_, config::Milliseconds(200));
  }

  config::Config config_;
  io::Loop loop_;
  FakeLookup lookup_{loop_};
};

TEST_F(UpstreamNamesCheckTest, ANameWithAnAddressIsFine) {
  Add("app", "good.test");
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(UpstreamNamesCheckTest, WarnsOfEachNameWithoutAnAddress) {
  Add("good", "good.test");
  Add("bad", "bad.test");
  Add("silent", "silent.test");
  const auto warnings = Check();
  ASSERT_EQ(warnings.size(), 2u);
  for (const config::Diagnostic& warning : warnings) {
    EXPECT_EQ(warning.severity, config::Severity::kWarning) << "`run` starts, too";
  }
  EXPECT_THAT(warnings[0].what, HasSubstr("upstream 'bad': cannot resolve 'bad.test'"));
  EXPECT_THAT(warnings[1].what, HasSubstr("no name server has answered"));
}

TEST_F(UpstreamNamesCheckTest, AsksForNothingThatIsNotNeeded) {
  Add("literal", "127.0.0.1");
  Add("unused", "bad.test", false);
  config::Upstream& path = config_.upstreams.emplace_back();
  path.name = "path";
  path.address.kind = config::Address::Kind::kUnix;
  config_.listeners.emplace_back().upstream = "path";
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_THAT(lookup_.asked, IsEmpty());
}

}  // namespace
}  // namespace mantlet::cli
