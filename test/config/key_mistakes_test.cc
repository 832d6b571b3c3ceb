// Mistakes in keys: unknown, misplaced, missing or of the wrong kind.

#include "test/config/mistake.h"

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
     "m.yaml:1:1: unknown key 'colour'; the keys here are workers, listeners, upstreams, "
     "metrics, admin, log, reload, shutdown"},
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
     "m.yaml:3:5: listeners[0].client_auth has no 'trust_bundle', which mode require "
     "needs; add 'trust_bundle: [FILE]', or write mode: none to let everybody in"},
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
