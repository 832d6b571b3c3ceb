#include "config/loader/schema.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/match.h"
#include "config/loader/json_schema.h"
#include "config/loader/loader.h"
#include "config/loader/peer_keys.h"
#include "config/loader/schema_markdown.h"
#include "test/config/loader/mistake.h"
#include "test/config/loader/text_file.h"

namespace mantlet::config {
namespace {

std::map<std::string, SchemaEntry> ByPath() {
  std::map<std::string, SchemaEntry> entries;
  for (const SchemaEntry& entry : Schema()) entries[entry.path] = entry;
  return entries;
}

TEST(Schema, HasEveryKeyOnceWithTypeDefaultAndReason) {
  std::set<std::string> paths;
  for (const SchemaEntry& entry : Schema()) {
    EXPECT_TRUE(paths.insert(entry.path).second) << entry.path;
    EXPECT_NE(entry.type, "") << entry.path;
    EXPECT_NE(entry.default_text, "") << entry.path;
    EXPECT_NE(entry.reason, "") << entry.path;
  }
}

TEST(Schema, TakesItsDefaultsFromTheStructs) {
  auto entries = ByPath();
  EXPECT_EQ(entries["workers"].default_text, "auto");
  EXPECT_EQ(entries["listeners"].default_text, "required");
  EXPECT_EQ(entries["listeners[].limits.header_bytes"].default_text, "64KiB");
  EXPECT_EQ(entries["listeners[].timeouts.tunnel"].default_text, "1h");
  EXPECT_EQ(entries["listeners[].identity_headers.xfcc_fields"].default_text,
            "[by, hash, subject, uri, dns]");
  EXPECT_EQ(entries["listeners[].tls.session_resumption"].default_text, "off");
  EXPECT_EQ(entries["listeners[].protocols"].default_text, "[h2, http/1.1]");
  EXPECT_EQ(entries["listeners[].limits.connection_age"].default_text, "0");
  EXPECT_EQ(entries["upstreams[].protocol"].default_text, "http1");
  EXPECT_EQ(entries["upstreams[].pool.pending"].type, "whole number, 1 to 1000000, or 0: no queue");
}

TEST(PeerWords, NameKeysThatThereAre) {
  const auto entries = ByPath();
  for (const std::string& meaning : AllMeanings()) {
    if (absl::StrContains(meaning, ": ")) continue;  // a sentence
    EXPECT_TRUE(entries.contains(meaning)) << meaning;
  }
  for (const char* word :
       {"ssl_certificate", "ssl_certificate_key", "ssl_client_certificate", "cert", "ca_file",
        "cacert", "backend", "listen", "server_name", "bind", "target", "cluster", "CAfile",
        "pem-file", "accept", "tls_certificates", "alpn", "http2_max_concurrent_streams"}) {
    EXPECT_NE(KeyMeantBy(word), "") << word;
  }
  EXPECT_EQ(KeyMeantBy("colour"), "");
  EXPECT_EQ(KeyMeantBy(""), "");
}

TEST(Readme, HoldsTheTablesThatTheSchemaGives) {
  const std::string readme = ReadTextFile("config/README.md");
  ASSERT_FALSE(readme.empty());
  EXPECT_NE(readme.find(kTablesBegin + std::string("\n") + SchemaMarkdown() + "\n" + kTablesEnd),
            std::string::npos)
      << "run: bazel run //config/loader:update_readme";
}

TEST(JsonSchema, IsTheFileThatEditorsUse) {
  EXPECT_EQ(ReadTextFile("config/mantlet.schema.json"), JsonSchema())
      << "run: bazel run //config/loader:update_readme";
}

TEST(Readme, ExplainsEveryIdentityFieldAndXfccMode) {
  const std::string readme = ReadTextFile("config/README.md");
  for (const auto& word : kIdentityFieldNames) {
    EXPECT_TRUE(absl::StrContains(readme, "`" + std::string(word.text) + "`")) << word.text;
  }
  for (const auto& word : kXfccModeNames) {
    EXPECT_TRUE(absl::StrContains(readme, "| `" + std::string(word.text) + "` |")) << word.text;
  }
}

// A configuration with every kind of value away from its default.
constexpr char kFullText[] = R"(workers: auto
listeners:
  - name: "null"
    address: unix:/run/it's "here".sock
    upstream: app
    protocols: [http/1.1, h2]
    tls:
      certificates: [{bundle: "/a/$${b}.pem"}, {pkcs12: c.p12, passphrase_file: d}]
      min_version: 1.3
      groups: [X25519, secp256r1]
    client_auth: {mode: optional, trust_bundle: [a, "b: c", {pkcs12: d.p12, passphrase_file: e}], max_depth: 0, on_expiry: ignore}
    identity_headers: {xfcc_fields: [chain], client_cert: chain, set: {X-A: sni, "x-b": verify}}
    policy:
      default: deny
      rules:
        - {name: a, action: allow}
        - {name: b, action: require_client_cert, match: {}}
        - name: c
          action: deny
          match:
            spiffe_id: "spiffe://a/*"
            trust_domain: [a, b]
            issuer: "CN=a,O=\"b\""
            client_cert: present
            path: [/a, "/**/b"]
            any: [{cn: "x: y"}, {}, {all: [{ou: z}], not: {sni: "*.a"}}]
            not: {}
    limits: {body_bytes: 1MiB, header_count: 7, streams: 1, connection_age: 90m,
             min_request_rate: 0, min_response_rate: 1KiB}
    timeouts: {idle: 1500ms}
upstreams:
  - {name: app, address: "[2001:db8::1]:80", allow_plaintext_network: true, protocol: match, pool: {pending: 0, queue_target: off}}
metrics: {address: "[::]:9900"}
log: {level: warn, format: text, access: off}
reload: {watch: false, interval: 0}
shutdown: {drain: 0}
)";

TEST(ToYaml, IsReadAsTheSameConfiguration) {
  for (const char* text : {kGoodText, kFullText}) {
    const LoadResult first = LoadText(text, "/etc/m.yaml", Environment());
    ASSERT_TRUE(first.config.has_value()) << first.status();
    const std::string written = ToYaml(*first.config);
    const LoadResult second = LoadText(written, "/etc/m.yaml", Environment());
    ASSERT_TRUE(second.config.has_value()) << second.status() << "\n" << written;
    EXPECT_EQ(*first.config, *second.config) << written;
  }
}

TEST(ToYaml, ShowsDefaultsToo) {
  const LoadResult result = LoadText(kGoodText, "/etc/m.yaml", Environment());
  ASSERT_TRUE(result.config.has_value());
  const std::string text = ToYaml(*result.config);
  EXPECT_TRUE(absl::StrContains(text, "      request_head: 15s\n")) << text;
  EXPECT_FALSE(absl::StrContains(text, "admin:")) << text;
}

}  // namespace
}  // namespace mantlet::config
