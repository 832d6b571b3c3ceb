// Errors in single values.

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

const Mistake kMistakes[] = {
    {"ABooleanInQuotes", "    tls:\n",
     R"(    tls:
      strict_sni: "true"
)",
     "m.yaml:7:19: strict_sni: expected true or false, found text in quotes; remove the "
     "quotes"},
    {"AnOldBoolean", "    tls:\n",
     R"(    tls:
      strict_sni: yes
)",
     "m.yaml:7:19: strict_sni: 'yes' is neither true nor false; write true"},
    {"AnUnknownWordForABoolean", "    tls:\n",
     R"(    tls:
      strict_sni: maybe
)",
     "m.yaml:7:19: strict_sni: 'maybe' is neither true nor false; write true or false"},
    {"ANumberInQuotes", "workers: 2", "workers: \"2\"",
     "m.yaml:1:10: workers: expected a whole number, found text in quotes; remove the "
     "quotes"},
    {"TooLittleMemory", "workers: 2", "workers: 2\nlimits: {memory: 16MiB}",
     "m.yaml:2:18: memory: 16MiB is out of range; write auto, off, or a size, 32MiB to 1048576GiB"},
    {"MemoryWithoutAUnit", "workers: 2", "workers: 2\nlimits: {memory: lots}",
     "m.yaml:2:18: memory: 'lots' is not a size; write auto, off, or a size, 32MiB to 1048576GiB"},
    {"AMechanismThatIsNeitherOnNorOff", "workers: 2", "sandbox: {landlock: maybe}",
     "m.yaml:1:21: landlock: 'maybe' is neither off nor on; write off or on"},
    {"AnUnknownMechanism", "workers: 2", "sandbox: {apparmor: on}",
     "m.yaml:1:11: unknown key 'apparmor' in sandbox; the keys here are landlock, seccomp"},
    {"AnUpgradeSocketThatIsAnAddress", "workers: 2", "upgrade: {socket: 'unix:/run/u'}",
     "m.yaml:1:19: socket: 'unix:/run/u' is an address; write the path alone, without unix:"},
    {"AnUpgradeSocketThatIsADirectory", "workers: 2", "upgrade: {socket: /run/}",
     "m.yaml:1:19: socket: '/run/' is not the path of a socket; write a path as in "
     "/run/mantlet/upgrade.sock"},
    {"AnAbstractUpgradeSocket", "workers: 2", "upgrade: {socket: '@mantlet'}",
     "m.yaml:1:19: socket: abstract sockets (unix:@NAME) are not supported: they have no "
     "permissions; write unix:/PATH"},
    {"AnUpgradeSocketWithTheAddressOfAListener", "workers: 2",
     "upgrade: {socket: /run/a}\nadmin: {address: 'unix:/run/a'}",
     "m.yaml:1:19: address: unix:/run/a is used twice; change this one or the one in line 2"},
    {"AnUnknownKeyOfUpgrade", "workers: 2", "upgrade: {sokcet: /run/a}",
     "m.yaml:1:11: unknown key 'sokcet' in upgrade; did you mean 'socket'?"},
    {"AUserThatIsAList", "workers: 2", "user: [mantlet]",
     "m.yaml:1:7: user: expected a single value, found a list; write a single value"},
    {"TooManyWorkers", "workers: 2", "workers: 1025",
     "m.yaml:1:10: workers: 1025 is out of range; write auto or a number from 1 to 1024"},
    {"NoWorkers", "workers: 2", "workers: 0",
     "m.yaml:1:10: workers: 0 is out of range; write auto or a number from 1 to 1024"},
    {"AWordForANumber", "workers: 2", "workers: many",
     "m.yaml:1:10: workers: 'many' is not a whole number; write auto or a number from 1 "
     "to 1024"},
    {"AFractionForANumber", "workers: 2", "workers: 2.5",
     "m.yaml:1:10: workers: '2.5' is not a whole number; write auto or a number from 1 to "
     "1024"},
    {"AHugeNumber", "workers: 2", "workers: 99999999999999999999999999",
     "m.yaml:1:10: workers: 99999999999999999999999999 is out of range; write auto or a "
     "number from 1 to 1024"},
    {"ADurationWithoutUnit", "workers: 2", "shutdown: {drain: 30}",
     "m.yaml:1:19: drain: '30' is not a duration; give it a unit, as 30s"},
    {"ADurationOfManyUnits", "workers: 2", "shutdown: {drain: 1h30m}",
     "m.yaml:1:19: drain: '1h30m' is not a duration; write a number with its unit as "
     "250ms, 5s, 10m or 12h, from 1ms to 24h, or 0 for no drain"},
    {"ADurationOutOfRange", "workers: 2", "reload: {interval: 25h}",
     "m.yaml:1:20: interval: 25h is out of range; write a number with its unit as 250ms, "
     "5s, 10m or 12h, from 1ms to 24h, or 0 for no poll"},
    {"ANegativeDuration", "workers: 2", "shutdown: {drain: -5s}",
     "m.yaml:1:19: drain: '-5s' is not a duration; write a number with its unit as 250ms, "
     "5s, 10m or 12h, from 1ms to 24h, or 0 for no drain"},
    {"ASizeInDecimalUnits", "    tls:\n",
     R"(    limits: {header_bytes: 64KB}
    tls:
)",
     "m.yaml:6:28: header_bytes: '64KB' is not a size; write bytes as 4096, 16KiB or "
     "1MiB, from 1KiB to 1MiB"},
    {"ASizeOutOfRange", "    tls:\n",
     R"(    limits: {header_bytes: 16}
    tls:
)",
     "m.yaml:6:28: header_bytes: 16 is out of range; write bytes as 4096, 16KiB or 1MiB, "
     "from 1KiB to 1MiB"},
    {"ACountOutOfRange", "    tls:\n",
     R"(    limits: {connections: 0}
    tls:
)",
     "m.yaml:6:27: connections: 0 is out of range; write a whole number from 1 to 10000000"},
    {"AnUnknownWord", "    client_auth:\n",
     R"(    client_auth:
      mode: required
)",
     "m.yaml:11:13: mode: 'required' is not known here; did you mean 'require'?"},
    {"AnUnknownProtocol", "    tls:\n", "    protocols: [http/1.1, http2]\n    tls:\n",
     "m.yaml:6:27: protocols[1]: 'http2' is not known here; write one of h2, http/1.1"},
    {"ProtocolsThatAreNoList", "    tls:\n", "    protocols: h2\n    tls:\n",
     "m.yaml:6:16: protocols: expected a list, found 'h2'; write [h2]"},
    {"NoProtocols", "    tls:\n", "    protocols: []\n    tls:\n",
     "m.yaml:6:16: protocols is empty, so no client could use this listener; list h2, http/1.1 or "
     "both, best first, or remove the key"},
    {"AProtocolTwice", "    tls:\n", "    protocols: [h2, http/1.1, h2]\n    tls:\n",
     "m.yaml:6:31: protocols[2]: h2 is listed twice; only its first position counts; remove one"},
    {"AnUnknownUpstreamProtocol", "127.0.0.1:8080\n", "127.0.0.1:8080\n    protocol: h2\n",
     "m.yaml:15:15: protocol: 'h2' is not known here; did you mean 'h2c'?"},
    {"NoStreams", "    tls:\n", "    limits: {streams: 0}\n    tls:\n",
     "m.yaml:6:23: streams: 0 is out of range; write a whole number from 1 to 10000"},
    {"TooManyStreams", "    tls:\n", "    limits: {streams: 10001}\n    tls:\n",
     "m.yaml:6:23: streams: 10001 is out of range; write a whole number from 1 to 10000"},
    {"StreamsWithoutHttp2", "    tls:\n",
     R"(    protocols: [http/1.1]
    limits: {streams: 10}
    tls:
)",
     "m.yaml:7:23: warning: streams has no effect without HTTP/2; remove it, or add h2 to "
     "'protocols'",
     true},
    {"TooShortAConnectionAge", "    tls:\n", "    limits: {connection_age: 10ms}\n    tls:\n",
     "m.yaml:6:30: connection_age: 10ms is out of range; write a number with its unit as 250ms, "
     "5s, 10m or 12h, from 1s to 168h, or 0 for no limit"},
    {"ARateThatIsNoSize", "    tls:\n", "    limits: {min_request_rate: 240B/s}\n    tls:\n",
     "m.yaml:6:32: min_request_rate: '240B/s' is not a size; write bytes as 4096, 16KiB or 1MiB, "
     "from 1 to 1GiB, or 0 for no limit"},
    {"TooHighARate", "    tls:\n", "    limits: {min_response_rate: 2GiB}\n    tls:\n",
     "m.yaml:6:33: min_response_rate: 2GiB is out of range; write bytes as 4096, 16KiB or 1MiB, "
     "from 1 to 1GiB, or 0 for no limit"},
    {"AnOverloadThatIsNoDuration", "workers: 2", "limits: {overload: fast}\nworkers: 2",
     "m.yaml:1:20: overload: 'fast' is not a duration; write auto, off, or a duration, 1ms to 10s"},
    {"TooLongAQueueTarget", "127.0.0.1:8080\n", "127.0.0.1:8080\n    pool: {queue_target: 11m}\n",
     "m.yaml:15:26: queue_target: 11m is out of range; write auto, off, or a duration, 1ms to 10m"},
    {"AnUnknownTlsVersion", "    tls:\n",
     R"(    tls:
      min_version: "1.1"
)",
     "m.yaml:7:20: min_version: '1.1' is not known here; did you mean '1.2'?"},
    {"AMinimumAboveTheMaximum", "    tls:\n",
     R"(    tls:
      min_version: "1.3"
      max_version: "1.2"
)",
     "m.yaml:7:20: min_version 1.3 is above max_version 1.2; raise max_version or lower "
     "min_version"},
    {"AnUnknownCipherSuite", "    tls:\n",
     R"(    tls:
      cipher_suites: [ECDHE-RSA-AES128-GCM-SHA265]
)",
     "m.yaml:7:23: cipher_suites[0]: the cipher suite 'ECDHE-RSA-AES128-GCM-SHA265' is "
     "not known or not safe; did you mean 'ECDHE-RSA-AES128-GCM-SHA256'?"},
    {"AWeakCipherSuite", "    tls:\n",
     R"(    tls:
      cipher_suites: [AES128-SHA]
)",
     "m.yaml:7:23: cipher_suites[0]: the cipher suite 'AES128-SHA' is not known or not "
     "safe; only ECDHE suites with AES-GCM or ChaCha20-Poly1305 are offered, e.g. "
     "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"ACipherSuiteOfTls13", "    tls:\n",
     R"(    tls:
      cipher_suites: [TLS_AES_128_GCM_SHA256]
)",
     "m.yaml:7:23: cipher_suites[0]: 'TLS_AES_128_GCM_SHA256' belongs to TLS 1.3, whose suites are "
     "secure and cannot be configured; remove it; this list is for TLS 1.2"},
    {"ACipherListExpression", "    tls:\n",
     R"(    tls:
      cipher_suites: ["HIGH:!aNULL"]
)",
     "m.yaml:7:23: cipher_suites[0]: 'HIGH:!aNULL' is a cipher list expression; write one "
     "suite per item, e.g. ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"AnUnknownGroup", "    tls:\n",
     R"(    tls:
      groups: [X25519, P-257]
)",
     "m.yaml:7:24: groups[1]: the group 'P-257' is not known; did you mean 'P-256'?"},
    {"ACertificateWithoutKey", "          key: tls.key\n", "",
     "m.yaml:8:11: listeners[0].tls.certificates[0] has a 'chain' but no 'key'; add 'key: "
     "FILE'"},
    {"ACertificateInTwoForms", "          key: tls.key\n",
     R"(          key: tls.key
          bundle: all.pem
)",
     "m.yaml:8:11: listeners[0].tls.certificates[0] defines a certificate in more than one form; "
     "keep one of 'chain:' with 'key:', 'bundle:' and 'pkcs12:'"},
    {"ACertificateInNoForm",
     R"(        - chain: tls.crt
          key: tls.key
)",
     "        - passphrase_file: pass\n",
     "m.yaml:8:11: listeners[0].tls.certificates[0] has no certificate; add 'chain:' and 'key:', "
     "or 'bundle:', or 'pkcs12:'"},
    {"AnEmptyListOfCertificates",
     R"(      certificates:
        - chain: tls.crt
          key: tls.key
)",
     "      certificates: []\n", "m.yaml:7:21: certificates is empty; begin an item with '- '"},
    {"AnEmptyPath", "chain: tls.crt", "chain: ''",
     "m.yaml:8:18: chain: the path is empty; name a file"},
    {"ADirectoryForAFile", "chain: tls.crt", "chain: /etc/tls/",
     "m.yaml:8:18: chain: '/etc/tls/' ends with '/'; write the path of a file, not of a directory"},
    {"AMissingTrustBundle", "      trust_bundle: [ca.crt]\n", "      mode: optional\n",
     "m.yaml:11:7: listeners[0].client_auth has no 'trust_bundle', which mode optional needs; add "
     "'trust_bundle: [FILE]', or write mode: none to accept all clients"},
    {"AnEmptyTrustBundle", "[ca.crt]", "[]",
     "m.yaml:11:21: listeners[0].client_auth has no 'trust_bundle', which mode require needs; add "
     "'trust_bundle: [FILE]', or write mode: none to accept all clients"},
    {"ATrustBundleWithoutValue", " [ca.crt]", "",
     "m.yaml:11:7: trust_bundle has no value; write one after the ':', or remove the key"},
    {"APinThatIsNoDigest", "    client_auth:\n",
     R"(    client_auth:
      spki_pins: [abc]
)",
     "m.yaml:11:19: spki_pins[0]: 'abc' is not a SHA-256 in hex or base64; openssl x509 -in "
     "client.crt -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 prints "
     "one"},
    {"TooDeepAChain", "    client_auth:\n",
     R"(    client_auth:
      max_depth: 17
)",
     "m.yaml:11:18: max_depth: 17 is out of range; write a whole number from 0 to 16"},
};

INSTANTIATE_TEST_SUITE_P(ValueMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
