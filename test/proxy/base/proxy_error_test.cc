#include "proxy/base/proxy_error.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace mantlet::base {
namespace {

std::vector<ErrorReason> AllReasons() {
  std::vector<ErrorReason> all;
  for (size_t i = 0; i < kErrorReasonCount; ++i) all.push_back(static_cast<ErrorReason>(i));
  return all;
}

// Checks that the table is in the order of the enumerators.
TEST(ProxyError, EveryReasonHasItsOwnFacts) {
  struct Expected {
    ErrorReason reason;
    const char* label;
    int status;
  };
  const std::vector<Expected> expected = {
      {ErrorReason::kBadRequest, "bad_request", 400},
      {ErrorReason::kPolicyDenied, "policy_denied", 403},
      {ErrorReason::kRequestTimeout, "request_timeout", 408},
      {ErrorReason::kRequestTooSlow, "request_too_slow", 408},
      {ErrorReason::kContentTooLarge, "content_too_large", 413},
      {ErrorReason::kUriTooLong, "uri_too_long", 414},
      {ErrorReason::kExpectationFailed, "expectation_failed", 417},
      {ErrorReason::kMisdirected, "misdirected", 421},
      {ErrorReason::kHeaderTooLarge, "header_too_large", 431},
      {ErrorReason::kNotImplemented, "not_implemented", 501},
      {ErrorReason::kVersionNotSupported, "version_not_supported", 505},
      {ErrorReason::kClientClosed, "client_closed", 0},
      {ErrorReason::kClientWriteTimeout, "client_write_timeout", 0},
      {ErrorReason::kClientTooSlow, "client_too_slow", 0},
      {ErrorReason::kClientInvalid, "client_invalid", 0},
      {ErrorReason::kTimeoutTunnel, "timeout_tunnel", 0},
      {ErrorReason::kConnectRefused, "connect_refused", 502},
      {ErrorReason::kConnectTimeout, "connect_timeout", 504},
      {ErrorReason::kConnectFailed, "connect_failed", 502},
      {ErrorReason::kResolveFailed, "resolve_failed", 502},
      {ErrorReason::kReset, "reset", 502},
      {ErrorReason::kClosedEarly, "closed_early", 502},
      {ErrorReason::kTimeoutHead, "timeout_head", 504},
      {ErrorReason::kTimeoutBody, "timeout_body", 504},
      {ErrorReason::kTimeoutWrite, "timeout_write", 504},
      {ErrorReason::kProtocolError, "protocol_error", 502},
      {ErrorReason::kHeadTooLarge, "head_too_large", 502},
      {ErrorReason::kRefusedStream, "refused_stream", 502},
      {ErrorReason::kUpstreamProtocol, "upstream_protocol", 502},
      {ErrorReason::kPoolExhausted, "pool_exhausted", 503},
      {ErrorReason::kTimeoutQueue, "timeout_queue", 503},
      {ErrorReason::kQueueShed, "queue_shed", 503},
      {ErrorReason::kOverloaded, "overloaded", 503},
      {ErrorReason::kOutOfMemory, "out_of_memory", 503},
      {ErrorReason::kCircuitOpen, "circuit_open", 503},
      {ErrorReason::kDraining, "draining", 503},
      {ErrorReason::kInternal, "internal", 500},
  };
  ASSERT_EQ(expected.size(), kErrorReasonCount);
  for (const Expected& e : expected) {
    EXPECT_EQ(FactsOf(e.reason).label, e.label);
    EXPECT_EQ(FactsOf(e.reason).status, e.status) << e.label;
  }
}

TEST(ProxyError, TheStatusClassFollowsFromTheFault) {
  for (const ErrorReason reason : AllReasons()) {
    const ErrorFacts& facts = FactsOf(reason);
    if (facts.status == 0) {
      EXPECT_EQ(facts.fault, Fault::kDownstream) << facts.label;
      EXPECT_EQ(facts.sentence, "") << facts.label;
      continue;
    }
    EXPECT_FALSE(facts.sentence.empty()) << facts.label;
    if (facts.fault == Fault::kUpstream) {
      EXPECT_TRUE(facts.status == 502 || facts.status == 504) << facts.label;
    } else if (facts.fault == Fault::kUs) {
      EXPECT_TRUE(facts.status == 500 || facts.status == 503) << facts.label;
    }
  }
}

TEST(ProxyError, OnlyABrokenUpstreamConnectionOrARefusedStreamMayBeRetried) {
  EXPECT_EQ(FactsOf(ErrorReason::kRefusedStream).retry, RetrySafety::kAlways);
  for (const ErrorReason reason : AllReasons()) {
    if (reason == ErrorReason::kRefusedStream) continue;
    const bool broken = reason == ErrorReason::kReset || reason == ErrorReason::kClosedEarly;
    EXPECT_EQ(FactsOf(reason).retry, broken ? RetrySafety::kIfIdempotent : RetrySafety::kNever)
        << FactsOf(reason).label;
  }
}

TEST(ProxyError, CountsTheUpstreamsFaultsAndAFullPoolAsUpstreamFailures) {
  EXPECT_TRUE(CountsAsUpstreamFailure(ErrorReason::kConnectRefused));
  EXPECT_TRUE(CountsAsUpstreamFailure(ErrorReason::kHeadTooLarge));
  EXPECT_TRUE(CountsAsUpstreamFailure(ErrorReason::kPoolExhausted));
  EXPECT_TRUE(CountsAsUpstreamFailure(ErrorReason::kTimeoutQueue));
  EXPECT_TRUE(CountsAsUpstreamFailure(ErrorReason::kCircuitOpen));
  EXPECT_FALSE(CountsAsUpstreamFailure(ErrorReason::kDraining));
  EXPECT_FALSE(CountsAsUpstreamFailure(ErrorReason::kClientClosed));
}

TEST(ProxyError, CarriesDetailBesideWhatFollowsFromTheReason) {
  const ProxyError error(ErrorReason::kConnectRefused, "127.0.0.1:8080: ECONNREFUSED");
  EXPECT_EQ(error.fault(), Fault::kUpstream);
  EXPECT_EQ(error.status(), 502);
  EXPECT_EQ(error.label(), "connect_refused");
  EXPECT_EQ(error.detail, "127.0.0.1:8080: ECONNREFUSED");
  EXPECT_EQ(error.sentence().find("127.0.0.1"), std::string_view::npos);
}

TEST(ProxyError, TheClientSeesOnlyDetailsOfItsOwnRequest) {
  const auto of_request = ProxyError::OfRequest(ErrorReason::kBadRequest, "a NUL byte");
  EXPECT_EQ(of_request.ClientText(), "The request is not valid HTTP: a NUL byte.");
  EXPECT_EQ(ProxyError(ErrorReason::kBadRequest, "a NUL byte").ClientText(),
            "The request is not valid HTTP.");
  EXPECT_EQ(ProxyError(ErrorReason::kConnectRefused, "127.0.0.1:80").ClientText(),
            "The application cannot be reached.");
}

TEST(ProxyError, NoTwoReasonsShareALabel) {
  std::set<std::string_view> labels;
  for (const ErrorReason reason : AllReasons()) labels.insert(FactsOf(reason).label);
  EXPECT_EQ(labels.size(), kErrorReasonCount);
}

}  // namespace
}  // namespace mantlet::base
