#include "proxy/server/circuit_board.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

using testing::HasSubstr;

class CircuitBoardTest : public testing::Test {
 protected:
  CircuitBoardTest() { board_.Use({Target("app", {kOne, kTwo})}); }

  static upstream::TargetPtr Target(const std::string& name,
                                    const std::vector<std::string>& hosts) {
    auto target = std::make_shared<upstream::Target>();
    target->config.name = name;
    for (const std::string& host : hosts) {
      target->addresses.push_back(*io::SocketAddress::Literal(host, 80));
    }
    return target;
  }
  void Report(size_t worker, bool open, const std::string& host = kOne) {
    board_.OnChange(worker, "app",
                    {.open = open,
                     .address = *io::SocketAddress::Literal(host, 80),
                     .failing_ms = 2'000,
                     .error = "connection refused"});
  }
  // Returns the value of the metric.
  std::string Open() const {
    const std::string text = metrics_.Render();
    const std::string name = "mantlet_upstream_circuit_open{upstream=\"app\"} ";
    const size_t at = text.find("\n" + name);
    return at == text.npos ? "none" : text.substr(at + 1 + name.size(), 1);
  }
  // Returns how often `word` is in the log.
  size_t Logged(const std::string& word) const {
    size_t count = 0;
    for (size_t at = log_.find(word); at != log_.npos; at = log_.find(word, at + 1)) ++count;
    return count;
  }

  static constexpr char kOne[] = "127.0.0.1";
  static constexpr char kTwo[] = "127.0.0.2";

  std::string log_;
  base::Logger logger_{base::LogFormat::kText, base::LogLevel::kInfo,
                       [this](std::string_view line) { log_ += line; }};
  base::SystemClock clock_;
  observe::Metrics metrics_{{}};
  CircuitBoard board_{clock_, logger_, metrics_};
};

TEST_F(CircuitBoardTest, RecordsTheFirstWorkerThatOpensAndTheLastThatCloses) {
  EXPECT_EQ(Open(), "0");
  Report(0, true);
  Report(1, true);
  EXPECT_EQ(Open(), "1");
  EXPECT_EQ(Logged("upstream_circuit_opened"), 1u);
  EXPECT_THAT(log_, HasSubstr("connection refused"));
  EXPECT_THAT(log_, HasSubstr("127.0.0.1:80"));
  Report(0, false);
  EXPECT_EQ(Open(), "1");
  EXPECT_EQ(Logged("upstream_circuit_closed"), 0u);
  Report(1, false);
  EXPECT_EQ(Open(), "0");
  EXPECT_EQ(Logged("upstream_circuit_closed"), 1u);
}

TEST_F(CircuitBoardTest, CountsAddresses) {
  Report(0, true, kOne);
  Report(0, true, kTwo);
  EXPECT_EQ(Open(), "2");
  Report(0, false, kOne);
  EXPECT_EQ(Open(), "1");
}

TEST_F(CircuitBoardTest, ForgetsAddressesThatAreGone) {
  Report(0, true, kOne);
  board_.Update(*Target("app", {kTwo}));
  EXPECT_EQ(Open(), "0");
  Report(1, true, kOne);
  EXPECT_EQ(Open(), "0") << "a report that was on its way";
}

TEST_F(CircuitBoardTest, AReloadKeepsWhatIsOpen) {
  Report(0, true);
  board_.Use({Target("app", {kOne}), Target("other", {kOne})});
  EXPECT_EQ(Open(), "1");
  board_.Use({Target("other", {kOne})});
  EXPECT_EQ(Open(), "none");
  Report(0, true);
  EXPECT_EQ(Open(), "none") << "an upstream that is gone";
}

}  // namespace
}  // namespace mantlet::server
