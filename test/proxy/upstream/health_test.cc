#include "proxy/upstream/health.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mantlet::upstream {
namespace {

using config::HealthType;
using testing::HasSubstr;
using testing::IsEmpty;
using Health = HealthState::Health;

TEST(HealthState, TheFirstResultDecidesAtOnce) {
  HealthState good, bad;
  EXPECT_TRUE(good.OnResult(true));
  EXPECT_EQ(good.health(), Health::kHealthy);
  EXPECT_TRUE(bad.OnResult(false));
  EXPECT_EQ(bad.health(), Health::kUnhealthy);
}

TEST(HealthState, OneBadResultAmongGoodOnesHasNoEffect) {
  HealthState state;
  state.OnResult(true);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(state.OnResult(false));
    EXPECT_FALSE(state.OnResult(true));
  }
  EXPECT_EQ(state.health(), Health::kHealthy);
}

TEST(HealthState, TwoBadResultsInARowAreTooMany) {
  HealthState state;
  state.OnResult(true);
  EXPECT_FALSE(state.OnResult(false));
  EXPECT_TRUE(state.OnResult(false));
  EXPECT_EQ(state.health(), Health::kUnhealthy);
  EXPECT_FALSE(state.OnResult(false)) << "no change";
  EXPECT_TRUE(state.OnResult(true));
  EXPECT_EQ(state.health(), Health::kHealthy);
}

TEST(HealthFault, AnHttpStatusFrom200To399IsGood) {
  for (int status : {200, 204, 299, 301, 399}) {
    EXPECT_THAT(HealthFault(HealthType::kHttp, {.status = status}), IsEmpty()) << status;
  }
  for (int status : {101, 199, 400, 404, 500, 503}) {
    EXPECT_EQ(HealthFault(HealthType::kHttp, {.status = status}),
              "HTTP status " + std::to_string(status));
  }
}

TEST(HealthFault, AGrpcServerHasToReportServing) {
  const std::string serving("\0\0\0\0\2\x08\x01", 7);
  const std::string not_serving("\0\0\0\0\2\x08\x02", 7);
  const auto fault = [](int status, const std::string& content, const std::string& grpc_status) {
    return HealthFault(HealthType::kGrpc,
                       {.status = status, .content = content, .grpc_status = grpc_status});
  };
  EXPECT_THAT(fault(200, serving, "0"), IsEmpty());
  EXPECT_THAT(fault(200, not_serving, "0"), HasSubstr("SERVING"));
  EXPECT_THAT(fault(200, "", "0"), HasSubstr("SERVING"));
  EXPECT_EQ(fault(200, serving, "12"), "gRPC status 12");
  EXPECT_EQ(fault(404, "", ""), "HTTP status 404");
}

TEST(HealthFault, AnErrorIsItsDetail) {
  SingleRequest::Response response;
  response.error = base::ProxyError(base::ErrorReason::kReset, "connection reset");
  EXPECT_EQ(HealthFault(HealthType::kHttp, response), "connection reset");
}

}  // namespace
}  // namespace mantlet::upstream
