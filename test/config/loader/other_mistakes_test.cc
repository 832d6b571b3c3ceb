// Errors in environment variables, several errors at once, and warnings.

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

const Mistake kMistakes[] = {
    {"AnUnsetVariable", "127.0.0.1:8443", "127.0.0.1:${PROT}",
     "m.yaml:4:14: address: the environment variable PROT is not set; set it, or give a "
     "default: ${PROT:-default}"},
    {"AVariableWithoutBrace", "127.0.0.1:8443", "127.0.0.1:${PORT",
     "m.yaml:4:14: address: '${' has no closing '}'; write ${NAME} or ${NAME:-default}, "
     "and $${ for a literal ${"},
    {"AVariableThatIsNoName", "127.0.0.1:8443", "127.0.0.1:${a-b}",
     "m.yaml:4:14: address: '${a-b}' does not name an environment variable; write ${NAME} "
     "or ${NAME:-default}, and $${ for a literal ${"},
    {"AnEmptyVariable", "upstream: app", "upstream: ${EMPTY}",
     "m.yaml:5:15: upstream: '' is not a name; use letters, digits, '.', '_' and '-', at "
     "most 63, the first a letter or digit"},
    {"AVariableWithALineBreak", "upstream: app", "upstream: ${BREAK}",
     "m.yaml:5:15: upstream: the value contains a control character or is not UTF-8; write it in "
     "printable characters"},
    {"ManyAtOnce", "workers: 2",
     R"(workers: 0
colour: red
log: {level: loud, format: xml})",
     "m.yaml:1:10: workers: 0 is out of range; write auto or a number from 1 to 1024\n"
     "m.yaml:2:1: unknown key 'colour'; the keys here are workers, limits, listeners, upstreams, "
     "metrics, admin, log, reload, shutdown, upgrade, user, sandbox\n"
     "m.yaml:3:14: level: 'loud' is not known here; write one of debug, info, warn, error\n"
     "m.yaml:3:28: format: 'xml' is not known here; write one of json, text"},
    {"ATrustBundleThatIsNotUsed", "    client_auth:\n",
     R"(    client_auth:
      mode: none
)",
     "m.yaml:12:21: warning: trust_bundle has no effect with mode none; remove it, or write mode: "
     "require to request certificates",
     true},
    {"AnUpstreamThatIsNotUsed", "upstreams:\n",
     R"(upstreams:
  - name: old
    address: 127.0.0.1:81
)",
     "m.yaml:13:11: warning: no listener uses the upstream 'old'; remove it, or use it in a "
     "listener",
     true},
    {"CipherSuitesWithoutTls12", "    tls:\n",
     R"(    tls:
      min_version: "1.3"
      cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256]
)",
     "m.yaml:8:22: warning: cipher_suites has no effect with min_version 1.3; remove it, "
     "it is for TLS 1.2",
     true},
    {"AGroupThatStandsTwice", "    tls:\n",
     R"(    tls:
      groups: [P-256, secp256r1]
)",
     "m.yaml:7:23: warning: groups[1]: P-256 is listed twice; remove one", true},
    {"ForgedIdentities", "    client_auth:\n",
     "    identity_headers: {xfcc: always_forward_only}\n    client_auth:\n      mode: optional\n",
     "m.yaml:10:30: warning: xfcc: always_forward_only with mode optional lets every client claim "
     "any identity; write sanitize_set, or client_auth: mode: require",
     true},
    {"ADenyingPolicyWithoutRules", "    tls:\n",
     R"(    policy: {default: deny}
    tls:
)",
     "m.yaml:6:23: warning: policy.default: deny without rules answers every request with 403; "
     "write allow, unless that is intended",
     true},
    {"APermissionForALocalUpstream", "127.0.0.1:8080",
     "127.0.0.1:8080\n    allow_plaintext_network: true",
     "m.yaml:15:30: warning: allow_plaintext_network has no effect: the address is local; "
     "remove it",
     true},
    {"MoreIdleConnectionsThanConnections", "127.0.0.1:8080",
     "127.0.0.1:8080\n    pool: {connections: 4, idle_connections: 8}",
     "m.yaml:15:46: warning: pool: idle_connections 8 is above connections 4; at most as many "
     "connections can be idle as may be open",
     true},
};

INSTANTIATE_TEST_SUITE_P(OtherMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
