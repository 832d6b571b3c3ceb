// Parses a policy from YAML, for tests.

#ifndef MANTLET_TEST_CONFIG_POLICY_TEXT_H_
#define MANTLET_TEST_CONFIG_POLICY_TEXT_H_

#include <gtest/gtest.h>

#include <string>

#include "config/loader/loader.h"

namespace mantlet::config {

// Returns a configuration of one listener with the policy `flow`, in YAML flow style without the
// braces.
inline std::string TextWithPolicy(const std::string& flow, const std::string& client_auth) {
  return "listeners: [{name: public, address: '127.0.0.1:0', upstream: app, "
         "tls: {certificates: [{bundle: b.pem}]}, client_auth: {" +
         client_auth + "}, policy: {" + flow +
         "}}]\nupstreams: [{name: app, address: '127.0.0.1:80'}]\n";
}

inline Policy ParsePolicy(const std::string& flow, const std::string& client_auth =
                                                       "mode: optional, trust_bundle: [ca.crt]") {
  const LoadResult result = LoadText(TextWithPolicy(flow, client_auth), "m.yaml", Environment());
  EXPECT_TRUE(result.config.has_value()) << result.status() << "\n" << flow;
  return result.config ? result.config->listeners[0].policy : Policy();
}

}  // namespace mantlet::config

#endif  // MANTLET_TEST_CONFIG_POLICY_TEXT_H_
