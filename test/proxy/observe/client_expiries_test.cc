#include "proxy/observe/client_expiries.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

namespace mantlet::observe {
namespace {

using Soonest = std::map<std::string, int64_t>;

constexpr int64_t kHour = 3600;
constexpr int64_t kNow = 500'000 * kHour;
constexpr int64_t kYear = 8760 * kHour;

class ClientExpiriesTest : public testing::Test {
 protected:
  Soonest At(int64_t now) const {
    Soonest soonest;
    expiries_.Collect(now, &soonest);
    return soonest;
  }

  ClientExpiries expiries_;
};

TEST_F(ClientExpiriesTest, KeepsTheSoonestEndOfEachIssuer) {
  expiries_.Seen("CN=a", kNow + 30 * kHour, kNow);
  expiries_.Seen("CN=a", kNow + 20 * kHour, kNow);
  expiries_.Seen("CN=a", kNow + 40 * kHour, kNow + kHour);
  expiries_.Seen("CN=b", kNow + 50 * kHour, kNow);
  EXPECT_EQ(At(kNow + kHour), (Soonest{{"CN=a", kNow + 20 * kHour}, {"CN=b", kNow + 50 * kHour}}));
}

TEST_F(ClientExpiriesTest, ForgetsClientsThatHaveNotComeForADay) {
  expiries_.Seen("CN=a", kNow + kYear, kNow);
  expiries_.Seen("CN=a", kNow + 2 * kYear, kNow + 10 * kHour);
  EXPECT_EQ(At(kNow + 23 * kHour), (Soonest{{"CN=a", kNow + kYear}}));
  EXPECT_EQ(At(kNow + 24 * kHour), (Soonest{{"CN=a", kNow + 2 * kYear}}));
  EXPECT_EQ(At(kNow + 34 * kHour), Soonest());
}

TEST_F(ClientExpiriesTest, TheSameHourOfTheNextDayBeginsAnew) {
  expiries_.Seen("CN=a", kNow + kYear, kNow);
  expiries_.Seen("CN=a", kNow + 2 * kYear, kNow + 24 * kHour);
  EXPECT_EQ(At(kNow + 24 * kHour), (Soonest{{"CN=a", kNow + 2 * kYear}}));
}

TEST_F(ClientExpiriesTest, AnEndThatHasPassedIsNotTheSoonest) {
  expiries_.Seen("CN=short-lived", kNow + kHour, kNow);
  expiries_.Seen("CN=short-lived", kNow + 3 * kHour, kNow + kHour);
  EXPECT_EQ(At(kNow + 2 * kHour), (Soonest{{"CN=short-lived", kNow + 3 * kHour}}));
  EXPECT_EQ(At(kNow + 4 * kHour), Soonest());
}

TEST_F(ClientExpiriesTest, AThousandIssuersHaveTheEntriesOfABoundedNumber) {
  for (int i = 0; i < 1000; ++i) expiries_.Seen("CN=" + std::to_string(i), kNow + kYear - i, kNow);
  const Soonest soonest = At(kNow);
  EXPECT_EQ(soonest.size(), ClientExpiries::kIssuers + 1);
  EXPECT_EQ(soonest.at("other"), kNow + kYear - 999) << "the soonest end is never lost";
}

TEST_F(ClientExpiriesTest, AForgottenIssuerMakesRoomForAnother) {
  for (size_t i = 0; i < ClientExpiries::kIssuers; ++i) {
    expiries_.Seen("CN=" + std::to_string(i), kNow + kYear, kNow + (i == 7 ? 0 : 5 * kHour));
  }
  expiries_.Seen("CN=new", kNow + kYear, kNow + 23 * kHour);
  EXPECT_EQ(At(kNow + 23 * kHour).count("CN=new"), 0u) << "every issuer is still known";
  expiries_.Seen("CN=new", kNow + kYear, kNow + 24 * kHour);
  const Soonest soonest = At(kNow + 24 * kHour);
  EXPECT_EQ(soonest.count("CN=new"), 1u);
  EXPECT_EQ(soonest.count("CN=7"), 0u);
  EXPECT_EQ(soonest.count("CN=8"), 1u);
}

TEST_F(ClientExpiriesTest, CanBeReadWhileClientsCome) {
  std::atomic<bool> stop = false;
  std::thread worker([&] {
    for (int64_t hour = 0; hour < 2000; ++hour) {
      const int64_t now = kNow + hour * kHour;
      for (int i = 0; i < 40; ++i) {
        expiries_.Seen("CN=" + std::to_string(hour / 30 * 40 + i), now + 100 * kHour, now);
      }
    }
    stop = true;
  });
  while (!stop) {
    for (const auto& [issuer, end] : At(kNow)) EXPECT_GE(end, kNow + 100 * kHour) << issuer;
  }
  worker.join();
}

}  // namespace
}  // namespace mantlet::observe
