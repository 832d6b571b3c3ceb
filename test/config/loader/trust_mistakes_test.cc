// Errors in SPIFFE trust domains and pinned keys.

#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

const std::string kPin(64, '0');

const Mistake kMistakes[] = {
    {"ATrustDomainInUpperCase", "      trust_bundle: [ca.crt]\n",
     "      spiffe: {trust_domains: [{name: Example.org, bundle: [a.json]}]}\n",
     "m.yaml:11:39: name: 'Example.org' is not a trust domain; use lower-case letters, digits, "
     "'.', '-' and '_', at most 255"},
    {"AnIdForATrustDomain", "      trust_bundle: [ca.crt]\n",
     "      spiffe: {trust_domains: [{name: 'spiffe://example.org', bundle: [a.json]}]}\n",
     "m.yaml:11:39: name: 'spiffe://example.org' is not a trust domain; leave out spiffe:// and "
     "the path"},
    {"ATrustDomainWithoutName", "      trust_bundle: [ca.crt]\n",
     "      spiffe: {trust_domains: [{name: '', bundle: [a.json]}]}\n",
     "m.yaml:11:39: name: '' is not a trust domain; use lower-case letters, digits, '.', '-' and "
     "'_', at most 255"},
    {"TwoTrustDomainsOfOneName", "      trust_bundle: [ca.crt]\n",
     R"(      spiffe:
        trust_domains:
          - {name: example.org, bundle: [a.json]}
          - {name: example.com, bundle: [b.json]}
          - {name: example.org, bundle: [c.json]}
)",
     "m.yaml:15:20: two of the trust_domains are named 'example.org'; put all files into the "
     "bundle of the one in line 13"},
    {"ATrustDomainWithAnEmptyBundle", "      trust_bundle: [ca.crt]\n",
     "      spiffe: {trust_domains: [{name: example.org, bundle: []}]}\n",
     "m.yaml:11:60: bundle: the trust domain 'example.org' has no file; add a file; a SPIFFE "
     "bundle with empty 'keys' rejects all clients"},
    {"ATrustDomainWithoutBundle", "      trust_bundle: [ca.crt]\n",
     "      spiffe: {trust_domains: [{name: example.org}]}\n",
     "m.yaml:11:32: listeners[0].client_auth.spiffe.trust_domains[0] has no 'bundle'; add "
     "'bundle: [/run/spiffe/example.org.json]'"},
    {"SpiffeWithoutTrustDomains", "      trust_bundle: [ca.crt]\n",
     "      spiffe: {trust_domains: []}\n",
     "m.yaml:11:15: spiffe has no trust domain, and there is no 'trust_bundle', so all clients "
     "would be rejected; add a trust domain to trust_domains, or a bundle_map"},
    {"EmptySpiffe", "      trust_bundle: [ca.crt]\n", "      spiffe: {}\n",
     "m.yaml:11:15: spiffe has no trust domain, and there is no 'trust_bundle', so all clients "
     "would be rejected; add a trust domain to trust_domains, or a bundle_map"},
    {"EmptySpiffeBesideATrustBundle", "      trust_bundle: [ca.crt]\n",
     "      trust_bundle: [ca.crt]\n      spiffe: {}\n",
     "m.yaml:12:15: warning: spiffe has no trust domain, so SPIFFE IDs are not verified, and every "
     "CA of trust_bundle can issue any ID; add a trust domain to trust_domains, or a bundle_map; "
     "or remove spiffe",
     true},
    {"SpiffeThatIsNotUsed", "      trust_bundle: [ca.crt]\n",
     R"(      mode: none
      spiffe: {bundle_map: map.json}
)",
     "m.yaml:12:15: warning: spiffe has no effect with mode none; remove it, or write mode: "
     "require to request certificates",
     true},
    {"ATrustStoreWithoutPassphrase", "[ca.crt]", "[{pkcs12: trust.p12}]",
     "m.yaml:11:22: listeners[0].client_auth.trust_bundle[0] has no 'passphrase_file'; add "
     "'passphrase_file: /etc/mantlet/trust.pass'"},
    {"ATrustFileWithAnUnknownKey", "[ca.crt]",
     "[{pkcs12: a.p12, passphrase_file: b, keystore: ca.crt}]",
     "m.yaml:11:58: unknown key 'keystore' in listeners[0].client_auth.trust_bundle[0]; did you "
     "mean 'pkcs12'?"},
    {"AListInATrustBundle", "[ca.crt]", "[[ca.crt]]",
     "m.yaml:11:22: trust_bundle[0]: expected a single value or a mapping, found a list; write a "
     "single value"},
    {"ATrustStoreThatStandsTwice", "[ca.crt]",
     "[{pkcs12: /a.p12, passphrase_file: b}, {pkcs12: /a.p12, passphrase_file: b}]",
     "m.yaml:11:60: warning: trust_bundle[1]: /a.p12 is listed twice; remove one", true},
    {"APinThatIsNoDigest", "      trust_bundle: [ca.crt]\n",
     R"(      trust_bundle: [ca.crt]
      spki_pins: [AAAA]
)",
     "m.yaml:12:19: spki_pins[0]: 'AAAA' is not a SHA-256 in hex or base64; openssl x509 -in "
     "client.crt -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 prints "
     "one"},
    {"APinThatStandsTwice", "      trust_bundle: [ca.crt]\n",
     "      trust_bundle: [ca.crt]\n      spki_pins: ['" + kPin +
         "', 'sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=']\n",
     "m.yaml:12:87: warning: spki_pins[1]: " + kPin + " is listed twice; remove one", true},
    {"APinOfACaThatIsNoDigest", "      trust_bundle: [ca.crt]\n",
     R"(      trust_bundle: [ca.crt]
      ca_pins: [AAAA]
)",
     "m.yaml:12:17: ca_pins[0]: 'AAAA' is not a SHA-256 in hex or base64; openssl x509 -in "
     "client.crt -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 prints "
     "one"},
    {"APinOfACaThatStandsTwice", "      trust_bundle: [ca.crt]\n",
     "      trust_bundle: [ca.crt]\n      ca_pins: ['" + kPin + "', '" + kPin + "']\n",
     "m.yaml:12:85: warning: ca_pins[1]: " + kPin + " is listed twice; remove one", true},
    {"PinsOfCasThatAreNotUsed", "      trust_bundle: [ca.crt]\n",
     "      mode: none\n      ca_pins: ['" + kPin + "']\n",
     "m.yaml:12:16: warning: ca_pins has no effect with mode none; remove it, or write mode: "
     "require to request certificates",
     true},
    {"PinsThatAreNotUsed", "      trust_bundle: [ca.crt]\n",
     "      mode: none\n      spki_pins: ['" + kPin + "']\n",
     "m.yaml:12:18: warning: spki_pins has no effect with mode none; remove it, or write mode: "
     "require to request certificates",
     true},
};

INSTANTIATE_TEST_SUITE_P(TrustMistakes, MistakeTest, testing::ValuesIn(kMistakes), NameOf);

}  // namespace
}  // namespace mantlet::config
