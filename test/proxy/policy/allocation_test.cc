// Counts allocations: neither a decision nor an initialized view allocates.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/http/request_path.h"
#include "proxy/policy/policy.h"
#include "test/allocation_count.h"
#include "test/config/policy_text.h"
#include "test/proxy/identity/edit_certificate.h"

namespace mantlet::policy {
namespace {

TEST(AllocationTest, AWarmConnectionIsDecidedAboutWithoutAllocating) {
  const auto policy = std::make_shared<const Policy>(config::ParsePolicy(
      "default: deny, rules: ["
      "{name: a, action: deny, match: {path: [/admin/**, '/**/*.bak'], not: {ou: Operations}}}, "
      "{name: b, action: require_client_cert, match: {any: [{path: /b/*}, {method: PUT}]}}, "
      "{name: c, action: allow, match: {spiffe_id: spiffe://example.org/ns/*/sa/web, "
      "dns_san: '*.example.org', path: /api/**}}]"));
  identity::PeerIdentity peer;
  peer.verification = identity::Verification::kSuccess;
  EditCertificate(peer).spiffe_id = "spiffe://example.org/ns/production/sa/web";
  EditCertificate(peer).san_dns = {"web.example.org"};
  ConnectionView view;
  http::RequestPath path;
  size_t before = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 3) before = AllocationCount();
    view.Refresh(policy, &peer);
    ASSERT_EQ(path.Normalize("/api//v1/./items/%7Bid%7D/../a-rather-long-name?page=2"),
              std::nullopt);
    ASSERT_TRUE(policy->Decide({view, "GET", path.decoded()}).permit);
  }
  EXPECT_EQ(AllocationCount() - before, 0u);
}

}  // namespace
}  // namespace mantlet::policy
