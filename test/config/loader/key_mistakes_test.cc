// Errors in keys: unknown, misplaced, missing or of the wrong kind.

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

const Mistake kMistakes[] = {
    {"AMisspeltKey", "upstream: app", "upstraem: app",
     "m.yaml:5:5: unknown key 'upstraem' in listeners[0]; did you mean 'upstream'?"},
    {"AKeyOfAnotherSection", "upstream: app", "upstream: app\n    trust_bundle: [ca.crt]",
     "m.yaml:6:5: unknown key 'trust_bundle' in listeners[0]; it belongs in "
     "listeners[].client_auth"},
    {"AKeyOfTheTop", "upstream: app", "upstream: app\n    metrics: {address: 127.0.0.1:9900}",
     "m.yaml:6:5: unknown key 'metrics' in listeners[0]; it belongs at the top of the file"},
    {"AKeyThatMeansNothing", "workers: 2", "colour: red",
     "m.yaml:1:1: unknown key 'colour'; the keys here are workers, limits, listeners, "
     "upstreams, metrics, admin, log, reload, shutdown, upgrade, user, sandbox"},
    {"NginxsNameOfACertificate", "- chain: tls.crt", "- ssl_certificate: tls.crt",
     "m.yaml:8:11: unknown key 'ssl_certificate' in listeners[0].tls.certificates[0]; did you mean "
     "'chain'?"},
    {"NginxsNameInAnotherSection", "      certificates:\n",
     "      ssl_certificate_key: a\n      certificates:\n",
     "m.yaml:7:7: unknown key 'ssl_certificate_key' in listeners[0].tls; here that is "
     "listeners[].tls.certificates[].key"},
    {"HaproxysNameOfAnAddress", "    address: 127.0.0.1:8443", "    bind: 127.0.0.1:8443",
     "m.yaml:4:5: unknown key 'bind' in listeners[0]; did you mean 'address'?"},
    {"HaproxysNameOfATrustBundle", "      trust_bundle: [ca.crt]",
     "      trust_bundle: [ca.crt]\n      ca-file: ca.crt",
     "m.yaml:12:7: unknown key 'ca-file' in listeners[0].client_auth; did you mean "
     "'trust_bundle'?"},
    {"EnvoysNameOfUpstreams", "workers: 2", "clusters: []",
     "m.yaml:1:1: unknown key 'clusters'; did you mean 'upstreams'?"},
    {"AnUnknownKeyForAnAddressOfMetrics", "workers: 2",
     "metrics: {address: 127.0.0.1:9900, listen: a}",
     "m.yaml:1:36: unknown key 'listen' in metrics; did you mean 'address'?"},
    {"AnUnknownKeyForAnUpstream", "    upstream: app",
     "    upstream: app\n    target: 127.0.0.1:80",
     "m.yaml:6:5: unknown key 'target' in listeners[0]; here that is upstreams[].address"},
    {"AnUnknownKeyWithoutEquivalent", "    upstream: app",
     "    upstream: app\n    server_name: a.example",
     "m.yaml:6:5: unknown key 'server_name' in listeners[0]; no key is needed: certificates are "
     "selected by the names in them"},
    {"AMissingListenersKey", "",
     R"(upstreams:
  - name: app
    address: 127.0.0.1:8080
)",
     "m.yaml: the file has no 'listeners'; add 'listeners:'"},
    {"AnEmptyListOfListeners", "",
     R"(listeners: []
upstreams:
  - name: app
    address: 127.0.0.1:8080
)",
     "m.yaml:1:12: listeners is empty; begin an item with '- '"},
    {"AMissingName", "  - name: public\n    address", "  - address",
     "m.yaml:3:5: listeners[0] has no 'name'; add 'name: public'"},
    {"AMissingTlsSection",
     R"(    tls:
      certificates:
        - chain: tls.crt
          key: tls.key
)",
     "", "m.yaml:3:5: listeners[0] has no 'tls'; add 'tls:'"},
    {"AMissingClientAuth",
     R"(    client_auth:
      trust_bundle: [ca.crt]
)",
     "",
     "m.yaml:3:5: listeners[0].client_auth has no 'trust_bundle', which mode require needs; add "
     "'trust_bundle: [FILE]', or write mode: none to accept all clients"},
    {"AKeyWithoutValue", "upstream: app",
     "upstream:", "m.yaml:5:5: upstream has no value; write one after the ':', or remove the key"},
    {"ASectionWithoutKeys", "workers: 2", "log:\nworkers: 2",
     "m.yaml:1:1: log has no value; write its keys below it, indented, or remove it"},
    {"ATextForAList", "[ca.crt]", "ca.crt",
     "m.yaml:11:21: trust_bundle: expected a list, found 'ca.crt'; write [ca.crt]"},
    {"AListForAText", "upstream: app", "upstream: [app]",
     "m.yaml:5:15: upstream: expected a single value, found a list; write a single value"},
    {"AMappingForAList",
     R"(      certificates:
        - chain: tls.crt
          key: tls.key
)",
     R"(      certificates:
        chain: tls.crt
        key: tls.key
)",
     "m.yaml:8:9: certificates: expected a list, found a mapping; begin each item with '- "
     "'"},
    {"ATextForAMapping", "workers: 2", "log: debug",
     "m.yaml:1:6: log: expected a mapping, found 'debug'; write its keys below it, "
     "indented, as KEY: VALUE"},
};

INSTANTIATE_TEST_SUITE_P(KeyMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
