#include "proxy/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace mantlet::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

// Runs `mantlet` with these arguments.
Outcome Mantlet(std::vector<std::string> words) {
  std::vector<const char*> argv = {"mantlet"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  std::ostringstream out, err;
  const int status = RunCommandLine(static_cast<int>(argv.size()), argv.data(), Console{out, err});
  return {status, out.str(), err.str()};
}

// Creates a folder for this test with a test PKI.
std::string DevPki() {
  const std::string directory =
      testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
  EXPECT_EQ(Mantlet({"certs", "dev", "--out", directory}).status, kFine);
  return directory;
}

std::string Write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  return path;
}

std::string Read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(CommandLine, ListsTheCommands) {
  const Outcome none = Mantlet({});
  EXPECT_EQ(none.status, kWrongUsage);
  EXPECT_EQ(none.err,
            "mantlet: a command is missing; write one of run, check, reload, drain, certs, schema, "
            "connect, quickstart, echo, version\n");
  const Outcome misspelt = Mantlet({"chekc"});
  EXPECT_EQ(misspelt.status, kWrongUsage);
  EXPECT_EQ(misspelt.err, "mantlet: unknown command 'chekc'; did you mean 'check'?\n");
  const Outcome nested = Mantlet({"certs", "make"});
  EXPECT_EQ(nested.status, kWrongUsage);
  EXPECT_EQ(nested.err, "mantlet: unknown command 'make'; write one of dev, show\n");
}

TEST(CommandLine, RefusesWrongOptionsWithAPointerToHelp) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"run"},
           {"run", "--config"},
           {"check", "--config", "x", "--yaml"},
           {"certs", "show"},
           {"certs", "dev"},
           {"certs", "dev", "--out", "/nowhere", "--days", "0"},
           {"certs", "dev", "--out", "/nowhere", "--days", "many"},
           {"version", "extra"},
           {"-x"}}) {
    const Outcome outcome = Mantlet(words);
    EXPECT_EQ(outcome.status, kWrongUsage) << testing::PrintToString(words);
    EXPECT_EQ(outcome.out, "") << testing::PrintToString(words);
    EXPECT_THAT(outcome.err, StartsWith("mantlet: ")) << testing::PrintToString(words);
    EXPECT_THAT(outcome.err, EndsWith(" --help\n")) << testing::PrintToString(words);
  }
}

TEST(CommandLine, HelpsOnStandardOutput) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--help"}, {"run", "--help"}, {"certs", "--help"}}) {
    const Outcome outcome = Mantlet(words);
    EXPECT_EQ(outcome.status, kFine);
    EXPECT_THAT(outcome.out, HasSubstr("Usage: mantlet"));
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(Version, NamesTheCommitAndEveryLibrary) {
  const Outcome outcome = Mantlet({"version"});
  EXPECT_EQ(outcome.status, kFine);
  EXPECT_THAT(outcome.out, testing::ContainsRegex("^mantlet [0-9.]+ \\(commit .+\\)\n"));
  for (const char* library :
       {"BoringSSL", "libuv", "llhttp", "nghttp2", "yaml-cpp", "prometheus-cpp"}) {
    EXPECT_THAT(outcome.out, testing::ContainsRegex(std::string(library) + " +[A-Z]*[ 0-9.]+\n"));
  }
  EXPECT_EQ(Mantlet({"--version"}).out, outcome.out);
}

TEST(Check, AcceptsTheOutputOfCertsDev) {
  const std::string config = DevPki() + "/mantlet.yaml";
  const Outcome outcome = Mantlet({"check", "--config", config});
  EXPECT_EQ(outcome.status, kFine) << outcome.err;
  EXPECT_THAT(outcome.out, EndsWith(config + " is valid: 1 listener, 1 upstream.\n"));
  EXPECT_THAT(outcome.out, HasSubstr("days"));
  EXPECT_EQ(outcome.err, "");
}

TEST(Check, ShowsEveryMistakeAndEndsWithTheFirst) {
  const std::string config =
      Write(testing::TempDir() + "/mistakes.yaml", "workers: 0\nlog: {level: loud}\n");
  const Outcome outcome = Mantlet({"check", "--config", config});
  EXPECT_EQ(outcome.status, kRefused);
  EXPECT_THAT(outcome.out, HasSubstr(config + ":1:10: workers: 0 is out of range; "));
  EXPECT_THAT(outcome.out, HasSubstr(config + ":2:14: level: 'loud' is not known here; "));
  EXPECT_EQ(outcome.err, "mantlet: " + config +
                             ":1:10: workers: 0 is out of range; write auto or a number from 1 to "
                             "1024 (4 errors in total; `run` would not start)\n");
}

TEST(Check, CountsWarningsAndStaysFine) {
  const std::string directory = DevPki();
  std::string text = Read(directory + "/mantlet.yaml");
  text.replace(text.find("upstreams:\n"), 11,
               "upstreams:\n  - {name: idle, address: \"127.0.0.1:1\"}\n");
  const std::string config = Write(directory + "/warned.yaml", text);
  const Outcome outcome = Mantlet({"check", "--config", config});
  EXPECT_EQ(outcome.status, kFine) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("warning: no listener uses the upstream 'idle'"));
  EXPECT_THAT(outcome.out, EndsWith(" is valid, 1 warning: 1 listener, 2 upstreams.\n"));
}

TEST(Check, RefusesFilesThatAreNotThereAndNamesOne) {
  const Outcome outcome = Mantlet({"check", "--config", "config/examples/minimal.yaml"});
  EXPECT_EQ(outcome.status, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("/etc/mantlet/tls/"));
}

TEST(Check, RefusesAGroupThatTheLibraryDoesNotHaveIfItDoesNot) {
  const std::string directory = DevPki();
  std::string text = Read(directory + "/mantlet.yaml");
  text.replace(text.find("    client_auth:"), 0, "      groups: [X25519MLKEM768]\n");
  const Outcome outcome = Mantlet({"check", "--config", Write(directory + "/group.yaml", text)});
  if (outcome.status == kFine) return;  // a newer library
  EXPECT_THAT(
      outcome.err,
      HasSubstr("group.yaml:3:5: tls: the linked TLS library does not support X25519MLKEM768; "));
}

TEST(Check, WritesJsonGoodOrBad) {
  const auto good = nlohmann::json::parse(
      Mantlet({"check", "--json", "--config", DevPki() + "/mantlet.yaml"}).out);
  EXPECT_EQ(good["ok"], true);
  EXPECT_EQ(good["diagnostics"].size(), 0u);
  EXPECT_EQ(good["listeners"].size(), 1u);

  const std::string config = Write(testing::TempDir() + "/bad.yaml", "workers: 0\n");
  const Outcome outcome = Mantlet({"check", "--json", "--config", config});
  EXPECT_EQ(outcome.status, kRefused);
  const auto bad = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(bad["ok"], false);
  EXPECT_EQ(bad["diagnostics"][0]["line"], 1);
  EXPECT_EQ(bad["diagnostics"][0]["column"], 10);
  EXPECT_EQ(bad["diagnostics"][0]["severity"], "error");
  EXPECT_THAT(outcome.err, StartsWith("mantlet: "));
}

TEST(CertsDev, RefusesAFolderThatCannotBeMade) {
  const Outcome outcome = Mantlet({"certs", "dev", "--out", "/proc/nowhere"});
  EXPECT_EQ(outcome.status, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("/proc/nowhere"));
}

TEST(CertsShow, ShowsReadableFilesAndReportsTheOthers) {
  const std::string directory = DevPki();
  const std::string nonsense = Write(directory + "/nonsense.pem", "hello\n");
  const Outcome outcome =
      Mantlet({"certs", "show", nonsense, directory + "/client.crt", "/nowhere.pem"});
  EXPECT_EQ(outcome.status, kRefused);
  EXPECT_THAT(outcome.out, HasSubstr("CN=client"));
  EXPECT_THAT(outcome.err, HasSubstr(nonsense));
  EXPECT_THAT(outcome.err, HasSubstr("/nowhere.pem"));
}

TEST(CertsShow, NeverShowsAKeyAndWritesJson) {
  const std::string key = DevPki() + "/server.key";
  const Outcome outcome = Mantlet({"certs", "show", "--json", key});
  EXPECT_EQ(outcome.status, kFine);
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["files"].size(), 1u);
  const std::string pem = Read(key);
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr(pem.substr(40, 40))));
}

TEST(Run, RefusesABadConfigurationInOneSentence) {
  testing::internal::CaptureStderr();
  const Outcome outcome = Mantlet({"run", "--config", "/nowhere/mantlet.yaml"});
  const std::string err = testing::internal::GetCapturedStderr() + outcome.err;
  EXPECT_EQ(outcome.status, 78);  // EX_CONFIG
  EXPECT_THAT(err, HasSubstr("/nowhere/mantlet.yaml"));
}

}  // namespace
}  // namespace mantlet::cli
