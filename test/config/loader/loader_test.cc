#include "config/loader/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "config/loader/schema.h"
#include "test/config/loader/mistake.h"

namespace mantlet::config {
namespace {

Config Loaded(const std::string& text, const std::string& filename = "/etc/mantlet/m.yaml") {
  const Environment environment({{"PORT", "9443"}, {"N", "3"}, {"INJECT", "app\nworkers: 7"}});
  LoadResult result = LoadText(text, filename, environment);
  EXPECT_TRUE(result.config.has_value()) << result.status();
  return result.config.value_or(Config());
}

std::string Replaced(std::string text, const std::string& find, const std::string& replace) {
  return text.replace(text.find(find), find.size(), replace);
}

TEST(LoadText, CompletesTheSmallestConfigurationWithDefaults) {
  const Config config = Loaded(kGoodText);
  ASSERT_EQ(config.listeners.size(), 1u);
  const Listener& listener = config.listeners[0];
  EXPECT_EQ(listener.limits, Limits());
  EXPECT_EQ(listener.limits.streams, 100u);
  EXPECT_EQ(listener.limits.connection_age, Milliseconds(0));
  EXPECT_EQ(listener.protocols, (std::vector{HttpProtocol::kHttp2, HttpProtocol::kHttp1}));
  EXPECT_EQ(config.upstreams[0].protocol, UpstreamProtocol::kHttp1);
  EXPECT_EQ(listener.timeouts, DownstreamTimeouts());
  EXPECT_EQ(listener.identity_headers, IdentityHeaders());
  EXPECT_EQ(listener.client_auth.mode, ClientAuthMode::kRequire);
  EXPECT_FALSE(config.metrics.enabled);
  EXPECT_FALSE(config.admin.enabled);
  EXPECT_EQ(config.log, Log());
  EXPECT_EQ(config.reload, Reload());
}

TEST(LoadText, KeepsTheOrderOfProtocolsAndTakesEitherAlone) {
  const auto protocols = [](const std::string& list) {
    return Loaded(Replaced(kGoodText, "    tls:\n", "    protocols: " + list + "\n    tls:\n"))
        .listeners[0]
        .protocols;
  };
  EXPECT_EQ(protocols("[http/1.1, h2]"), (std::vector{HttpProtocol::kHttp1, HttpProtocol::kHttp2}));
  EXPECT_EQ(protocols("[h2]"), std::vector{HttpProtocol::kHttp2});
  EXPECT_EQ(protocols("[\"http/1.1\"]"), std::vector{HttpProtocol::kHttp1});
}

TEST(LoadText, TakesEachProtocolOfAnUpstream) {
  const auto protocol = [](const std::string& word) {
    return Loaded(Replaced(kGoodText, "127.0.0.1:8080\n", "127.0.0.1:8080\n    protocol: " + word))
        .upstreams[0]
        .protocol;
  };
  EXPECT_EQ(protocol("http1"), UpstreamProtocol::kHttp1);
  EXPECT_EQ(protocol("h2c"), UpstreamProtocol::kH2c);
  EXPECT_EQ(protocol("match"), UpstreamProtocol::kMatch);
}

TEST(LoadText, TakesPathsRelativeToTheFilesFolder) {
  const Config config = Loaded(kGoodText);
  EXPECT_EQ(config.listeners[0].tls.certificates[0].chain, "/etc/mantlet/tls.crt");
  EXPECT_EQ(config.listeners[0].client_auth.trust_bundle[0].path, "/etc/mantlet/ca.crt");
  EXPECT_EQ(config.file, "/etc/mantlet/m.yaml");
}

TEST(LoadText, TakesATrustStoreWithItsPassphraseAmongTheFilesOfATrustBundle) {
  const Config config =
      Loaded(Replaced(kGoodText, "[ca.crt]", "[ca.crt, {pkcs12: t.p12, passphrase_file: t.pass}]"));
  const std::vector<TrustFile> expected = {{"/etc/mantlet/ca.crt", ""},
                                           {"/etc/mantlet/t.p12", "/etc/mantlet/t.pass"}};
  EXPECT_EQ(config.listeners[0].client_auth.trust_bundle, expected);
}

TEST(LoadText, RemembersWhereThingsStand) {
  const Config config = Loaded(kGoodText);
  EXPECT_EQ(ToString(config.listeners[0].where), "/etc/mantlet/m.yaml:3:5");
  EXPECT_EQ(ToString(config.listeners[0].tls.certificates[0].where), "/etc/mantlet/m.yaml:8:11");
  EXPECT_EQ(ToString(config.upstreams[0].where), "/etc/mantlet/m.yaml:13:5");
}

TEST(LoadText, ReplacesVariablesInValuesOfEveryType) {
  const std::string text = Replaced(Replaced(kGoodText, "workers: 2", "workers: \"${N}\""),
                                    "127.0.0.1:8443", "[::1]:${PORT}");
  EXPECT_NE(Replaced(text, "[::1]:${PORT}", "'[::1]:${PORT}'"), text);
  const Config config = Loaded(Replaced(text, "[::1]:${PORT}", "'[::1]:${PORT}'"));
  EXPECT_EQ(config.workers, 3u);
  EXPECT_EQ(ToString(config.listeners[0].address), "[::1]:9443");
}

TEST(LoadText, LetsNoVariableAddStructure) {
  const LoadResult result =
      LoadText(Replaced(kGoodText, "upstream: app", "upstream: ${INJECT}"), "m.yaml",
               Environment(Environment::Variables{{"INJECT", "app\nworkers: 7"}}));
  EXPECT_FALSE(result.config.has_value());
}

TEST(LoadText, ExpandsNoKeys) {
  const LoadResult result = LoadText(std::string(kGoodText) + "\"${K}\": 1\n", "m.yaml",
                                     Environment(Environment::Variables{{"K", "log"}}));
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].what, "unknown key '${K}'");
}

TEST(LoadText, ReadsLineEndsOfWindowsAndAByteOrderMark) {
  std::string text = "\xef\xbb\xbf";
  for (char c : std::string(kGoodText)) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(Loaded(text), Loaded(kGoodText));
}

TEST(LoadText, CountsColumnsAfterAByteOrderMarkAsIfItWereNotThere) {
  const LoadResult result = LoadText("\xef\xbb\xbfworkers: many\n", "m.yaml", Environment());
  ASSERT_FALSE(result.diagnostics.empty());
  EXPECT_EQ(ToString(result.diagnostics[0].where), "m.yaml:1:10");
}

TEST(LoadText, FindsTheUnclosedQuoteAfterOtherQuotes) {
  const LoadResult result =
      LoadText("log:\n  level: \"info\"\n  access: 'it''s\n", "m.yaml", Environment());
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(ToString(result.diagnostics[0]),
            "m.yaml:3:11: the quote that opens here is never closed; close it with '");
}

TEST(LoadText, AcceptsQuotesWithinQuotes) {
  for (const char* name : {R"("a\u0070p")", "'app'", R"("app")"}) {
    EXPECT_EQ(Loaded(Replaced(kGoodText, "upstream: app", std::string("upstream: ") + name)),
              Loaded(kGoodText));
  }
  const Config config = Loaded(Replaced(kGoodText, "[ca.crt]", "['it''s.crt', \"a\\\"b.crt\"]"));
  EXPECT_EQ(config.listeners[0].client_auth.trust_bundle[0].path, "/etc/mantlet/it's.crt");
  EXPECT_EQ(config.listeners[0].client_auth.trust_bundle[1].path, "/etc/mantlet/a\"b.crt");
}

TEST(LoadText, DoesNotMindTwoListenersAtAnyPort) {
  const std::string second =
      "  - {name: b, address: 127.0.0.1:0, upstream: app, client_auth: {mode: none},\n"
      "     tls: {certificates: [{bundle: b.pem}]}}\n"
      "  - {name: c, address: 127.0.0.1:0, upstream: app, client_auth: {mode: none},\n"
      "     tls: {certificates: [{bundle: b.pem}]}}\n";
  EXPECT_EQ(Loaded(Replaced(kGoodText, "upstreams:\n", second + "upstreams:\n")).listeners.size(),
            3u);
}

TEST(LoadText, RefusesAHugeText) {
  const LoadResult result = LoadText(std::string(kMaxFileBytes + 1, '#'), "m.yaml", Environment());
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(ToString(result.diagnostics[0]),
            "m.yaml: the file is larger than 4194304 bytes; a configuration is not that long; "
            "check the path");
}

TEST(LoadText, SurvivesDeepNestingOfEveryKind) {
  for (const char* opening : {"[", "{a: ", "- ", "{[", "? ", "a: [", "\"", "'", "!!", "&a ", "*"}) {
    std::string text;
    while (text.size() < 100'000) text += opening;
    EXPECT_FALSE(LoadText(text, "m.yaml", Environment()).config.has_value()) << opening;
  }
  std::string block;
  for (int depth = 0; depth < 600; ++depth) block += std::string(depth, ' ') + "a:\n";
  EXPECT_FALSE(LoadText(block, "m.yaml", Environment()).config.has_value());
}

TEST(LoadText, StopsAtAHundredMistakesAndAThousandEntries) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "a" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(LoadText(text, "m.yaml", Environment()).diagnostics.size(), kMaxDiagnostics);
  for (int i = 0; i < 5000; ++i) text += "b" + std::to_string(i) + ": 1\n";
  const LoadResult result = LoadText(text, "m.yaml", Environment());
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(ToString(result.diagnostics[0]),
            "m.yaml:1001:7: more than 1000 entries in one mapping; no configuration is that long");
}

TEST(LoadText, TakesTenThousandItemsAndNoMore) {
  std::string text = "listeners: [";
  for (int i = 0; i < 10'001; ++i) text += "a, ";
  const LoadResult result = LoadText(text + "a]", "m.yaml", Environment());
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].what, "more than 10000 items in one list");
}

TEST(LoadText, TakesTenThousandRules) {
  std::string rules;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    rules += "        - {name: r" + n +
             ", action: allow, match: {spiffe_id: spiffe://example.org/ns/*/sa/s" + n +
             ", path: /svc-" + n + "/**}}\n";
  }
  const config::Config config = Loaded(
      Replaced(kGoodText, "    tls:\n", "    policy:\n      rules:\n" + rules + "    tls:\n"));
  EXPECT_EQ(config.listeners[0].policy.rules.size(), 10'000u);
}

TEST(LoadFile, ReportsWhyAFileCannotBeRead) {
  const LoadResult missing = LoadFile("/nowhere/m.yaml", Environment());
  EXPECT_EQ(missing.status().message(),
            "/nowhere/m.yaml: cannot read the configuration: No such file or directory; check the "
            "path, and that the file is mounted");
  const LoadResult directory = LoadFile(testing::TempDir(), Environment());
  EXPECT_EQ(
      directory.status().message(),
      testing::TempDir() + ": cannot read the configuration: Is a directory; name the file in it");
}

TEST(LoadFile, NeverWaitsForTheWriterOfAFifo) {
  const std::string path = testing::TempDir() + "/fifo.yaml";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(LoadFile(path, Environment()).status().message(),
            path +
                ": cannot read the configuration: not a regular file but a FIFO (named pipe); "
                "write the configuration to a file and name that; it is read again at each "
                "reload");
  EXPECT_FALSE(LoadFile("/dev/zero", Environment()).config.has_value());
}

TEST(LoadFile, ReadsAFile) {
  const std::string path = testing::TempDir() + "/good.yaml";
  std::ofstream(path) << kGoodText;
  const LoadResult result = LoadFile(path, Environment());
  ASSERT_TRUE(result.config.has_value()) << result.status();
  EXPECT_EQ(result.config->listeners[0].name, "public");
}

TEST(LoadResult, StatusIsTheFirstErrorAndCountsTheOthers) {
  const absl::Status status =
      LoadText("workers: 0\ncolour: red\n", "m.yaml", Environment()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "m.yaml:1:10: workers: 0 is out of range; write auto or a number from 1 to 1024 "
            "(and 3 more errors; 'mantlet check' shows all)");
}

}  // namespace
}  // namespace mantlet::config
