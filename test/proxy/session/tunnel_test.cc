#include "proxy/session/tunnel.h"

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "test/proxy/io/loop_driver.h"
#include "test/proxy/io/memory_stream.h"

namespace mantlet::session {
namespace {

constexpr size_t kMuch = 1024 * 1024;

class TunnelTest : public testing::Test {
 protected:
  void Open(int64_t idle_ms = 3'600'000) {
    tunnel_ = std::make_unique<Tunnel>(loop_, downstream_stream_,
                                       std::make_unique<io::MemoryStream>(upstream_), idle_ms,
                                       [this](Tunnel::Outcome outcome) {
                                         ++ends_;
                                         outcome_ = outcome;
                                       });
  }

  io::Loop loop_;
  std::shared_ptr<io::Wire> downstream_ = std::make_shared<io::Wire>();
  std::shared_ptr<io::Wire> upstream_ = std::make_shared<io::Wire>();
  io::MemoryStream downstream_stream_{downstream_};
  int ends_ = 0;
  std::optional<Tunnel::Outcome> outcome_;
  std::unique_ptr<Tunnel> tunnel_;
};

TEST_F(TunnelTest, CarriesBytesBothWaysUntouched) {
  Open();
  downstream_->Arrive(std::string("\x81\x85\0\r\n", 5));
  EXPECT_EQ(upstream_->sent, std::string("\x81\x85\0\r\n", 5));
  upstream_->Arrive("back");
  EXPECT_EQ(downstream_->sent, "back");
}

TEST_F(TunnelTest, DeliversBytesReadBeforeItExisted) {
  Open();
  tunnel_->FromDownstream("early up");
  tunnel_->FromUpstream("early down");
  EXPECT_EQ(upstream_->sent, "early up");
  EXPECT_EQ(downstream_->sent, "early down");
}

TEST_F(TunnelTest, PassesAHalfCloseOnAndCarriesTheOtherDirectionFurther) {
  Open();
  downstream_->ArriveEnd();
  EXPECT_TRUE(upstream_->shutdown);
  EXPECT_FALSE(downstream_->shutdown);
  EXPECT_EQ(ends_, 0);
  upstream_->Arrive("the answer takes longer");
  EXPECT_EQ(downstream_->sent, "the answer takes longer");
  upstream_->ArriveEnd();
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(outcome_, Tunnel::Outcome::kWhole);
}

TEST_F(TunnelTest, PassesTheUpstreamsHalfCloseOnToo) {
  Open();
  upstream_->ArriveEnd();
  EXPECT_TRUE(downstream_->shutdown);
  downstream_->Arrive("still going up");
  EXPECT_EQ(upstream_->sent, "still going up");
  EXPECT_EQ(ends_, 0);
}

TEST_F(TunnelTest, EndsOnlyWhenTheLastBytesHaveLeft) {
  Open();
  upstream_->ArriveEnd();
  upstream_->room = 0;
  downstream_->Arrive("the last message");
  downstream_->ArriveEnd();
  EXPECT_EQ(ends_, 0) << "the upstream has not taken everything";
  upstream_->Take(SIZE_MAX);
  EXPECT_EQ(upstream_->sent, "the last message");
  EXPECT_EQ(ends_, 1);
}

TEST_F(TunnelTest, StopsReadingASideWhileTheOtherDoesNotRead) {
  Open();
  upstream_->room = 0;
  downstream_->Arrive(std::string(kMuch, 'x'));
  EXPECT_FALSE(downstream_->reading);
  EXPECT_LT(upstream_->pending.size(), kMuch);
  EXPECT_FALSE(downstream_->inbox.empty());
  EXPECT_TRUE(upstream_->reading) << "the other direction is not concerned";
  upstream_->Arrive("down");
  EXPECT_EQ(downstream_->sent, "down");
  upstream_->Take(SIZE_MAX);
  EXPECT_TRUE(downstream_->reading);
  downstream_->Deliver();
  EXPECT_EQ(upstream_->sent.size(), kMuch);
}

TEST_F(TunnelTest, ASlowClientHoldsTheUpstreamBack) {
  Open();
  downstream_->room = 0;
  upstream_->Arrive(std::string(kMuch, 'y'));
  EXPECT_FALSE(upstream_->reading);
  downstream_->Take(SIZE_MAX);
  upstream_->Deliver();
  EXPECT_EQ(downstream_->sent.size(), kMuch);
}

TEST_F(TunnelTest, EndsOnceWhenASideBreaks) {
  Open();
  upstream_->Break(io::StreamFailure::kReset);
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(outcome_, Tunnel::Outcome::kBroken);
  downstream_->ArriveEnd();
  downstream_->Break(io::StreamFailure::kReset);
  EXPECT_EQ(ends_, 1);
}

TEST_F(TunnelTest, AResetByTheClientResetsTheUpstream) {
  Open();
  downstream_->Break(io::StreamFailure::kReset);
  EXPECT_TRUE(upstream_->aborted);
  EXPECT_EQ(outcome_, Tunnel::Outcome::kBroken);
}

TEST_F(TunnelTest, AnotherBreakClosesTheUpstreamPlainly) {
  Open();
  downstream_->Break(io::StreamFailure::kTls);
  EXPECT_FALSE(upstream_->aborted);
  EXPECT_FALSE(upstream_->open);
}

TEST_F(TunnelTest, EndsWhenNothingMovesForItsIdleTime) {
  Open(60);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return ends_ == 1; }));
  EXPECT_EQ(outcome_, Tunnel::Outcome::kIdle);
}

TEST_F(TunnelTest, AByteInEitherDirectionPutsTheIdleTimeOff) {
  uv_update_time(loop_.uv());
  const int64_t begin = loop_.now_ms();
  Open(300);
  int64_t ended = 0, last_byte = 0;
  base::FunctionTimer traffic([&] {
    last_byte = loop_.now_ms();
    upstream_->Arrive("ping");
  });
  loop_.ArmIn(traffic, 150);
  ASSERT_TRUE(io::RunUntil(loop_, [&] {
    if (ends_ > 0) ended = loop_.now_ms();
    return ends_ > 0;
  }));
  ASSERT_GT(last_byte, begin);
  EXPECT_GE(ended - last_byte, 300);
}

TEST_F(TunnelTest, ASideThatTakesLittleByLittleIsNotIdle) {
  Open(300);
  downstream_->room = 0;
  upstream_->Arrive(std::string(kMuch, 'x'));
  ASSERT_FALSE(upstream_->reading);
  for (const int64_t end = loop_.now_ms() + 1000; loop_.now_ms() < end;) {
    downstream_->Take(100);
    const int64_t then = loop_.now_ms();
    ASSERT_TRUE(io::RunUntil(loop_, [&] { return loop_.now_ms() > then; }));
    ASSERT_EQ(ends_, 0) << "after " << downstream_->sent.size() << " bytes";
  }
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return ends_ == 1; })) << "once it takes nothing any more";
  EXPECT_EQ(outcome_, Tunnel::Outcome::kIdle);
}

TEST_F(TunnelTest, EarlierProgressIsNotCountedAgain) {
  Open(1000);
  downstream_->room = 0;
  upstream_->Arrive(std::string(kMuch, 'x'));
  while (downstream_->sent.size() < kMuch) {
    downstream_->Take(SIZE_MAX);
    upstream_->Deliver();
  }
  const int64_t then = loop_.now_ms();
  ASSERT_TRUE(io::RunUntil(loop_, [&] { return ends_ == 1; }));
  EXPECT_LT(loop_.now_ms() - then, 2 * 1000) << "no second time";
}

TEST_F(TunnelTest, DestroyedBeforeItsIdleTimeItStaysSilent) {
  Open(50);
  tunnel_.reset();
  EXPECT_TRUE(upstream_->destroyed);
  base::FunctionTimer later([&] { ends_ += 100; });
  loop_.ArmIn(later, 150);
  EXPECT_TRUE(io::RunUntil(loop_, [&] { return ends_ > 0; }));
  EXPECT_EQ(ends_, 100);
}

}  // namespace
}  // namespace mantlet::session
