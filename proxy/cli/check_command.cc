#include "proxy/cli/check_command.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "certs/check.h"
#include "certs/file_reader.h"
#include "config/loader/loader.h"
#include "proxy/base/clock.h"
#include "proxy/cli/upstream_names_check.h"
#include "proxy/io/loop.h"
#include "proxy/io/name_lookup.h"
#include "proxy/sandbox/user.h"
#include "proxy/server/address_check.h"
#include "proxy/tls/library_support.h"

namespace mantlet::cli {
namespace {

using nlohmann::ordered_json;

// The result of the check. `material` is set only if the configuration is valid enough to look for
// its files.
struct Verdict {
  config::LoadResult loaded;
  std::optional<certs::CheckReport> material;
  bool ok() const { return !config::HasErrors(loaded.diagnostics) && material && material->ok; }
};

// Adds an error for each setting that the linked TLS library does not support.
void AskTheLibrary(const config::Config& config, std::vector<config::Diagnostic>& diagnostics) {
  for (const config::Listener& listener : config.listeners) {
    for (const std::string& name : tls::NamesTheLibraryLacks(listener.tls)) {
      diagnostics.push_back({listener.where, config::Severity::kError,
                             "tls: the linked TLS library does not support " + name,
                             "remove it, or build with a newer BoringSSL"});
    }
  }
}

// Longer than a working name server needs.
constexpr config::Milliseconds kResolveLimit{3'000};

void AskForNames(const config::Config& config, std::vector<config::Diagnostic>& diagnostics) {
  io::Loop loop;
  io::SystemNameLookup lookup(loop);
  for (config::Diagnostic& warning : CheckUpstreamNames(config, loop, lookup, kResolveLimit)) {
    diagnostics.push_back(std::move(warning));
  }
}

absl::Status BecomeUser(const std::string& text) {
  const absl::StatusOr<sandbox::User> user = sandbox::FindUser(text);
  return user.ok() ? sandbox::BecomeUser(*user) : user.status();
}

// Loads the configuration. If it names the user that `run` becomes, the rest of this check has that
// user's permissions.
config::LoadResult Load(const std::string& path) {
  const config::Environment environment = config::Environment::OfThisProcess();
  config::LoadResult loaded = config::LoadFile(path, environment);
  if (!loaded.config || geteuid() != 0) return loaded;
  const std::string user = loaded.config->user;
  // Who runs the check need not be who runs mantlet: root is no reason for a warning here.
  if (user.empty()) return loaded;
  if (const absl::Status became = BecomeUser(user); !became.ok()) {
    loaded.diagnostics.push_back({{path, 0, 0},
                                  config::Severity::kError,
                                  absl::StrCat("user: ", became.message()),
                                  "create the user, or name another"});
    return loaded;
  }
  return config::LoadFile(path, environment);
}

Verdict Evaluate(const std::string& path) {
  Verdict verdict;
  verdict.loaded = Load(path);
  if (verdict.loaded.config) {
    AskTheLibrary(*verdict.loaded.config, verdict.loaded.diagnostics);
    for (config::Diagnostic& diagnostic : server::CheckAddresses(*verdict.loaded.config)) {
      verdict.loaded.diagnostics.push_back(std::move(diagnostic));
    }
    AskForNames(*verdict.loaded.config, verdict.loaded.diagnostics);
    certs::DiskFileReader reader;
    verdict.material =
        certs::CheckMaterial(*verdict.loaded.config, reader, base::SystemClock().WallSeconds());
  }
  return verdict;
}

// Returns text like "1 error" or "2 errors".
std::string Count(size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// Returns the diagnostics of the configuration, then those of its files.
std::vector<const config::Diagnostic*> AllOf(const Verdict& verdict) {
  std::vector<const config::Diagnostic*> all;
  for (const config::Diagnostic& d : verdict.loaded.diagnostics) all.push_back(&d);
  if (!verdict.material) return all;
  for (const config::Diagnostic& d : verdict.material->diagnostics) all.push_back(&d);
  return all;
}

size_t CountOf(const Verdict& verdict, config::Severity severity) {
  const auto all = AllOf(verdict);
  return static_cast<size_t>(std::count_if(
      all.begin(), all.end(),
      [&](const config::Diagnostic* diagnostic) { return diagnostic->severity == severity; }));
}

std::string FirstError(const Verdict& verdict) {
  for (const config::Diagnostic* diagnostic : AllOf(verdict)) {
    if (diagnostic->severity == config::Severity::kError) return Sentence(*diagnostic);
  }
  return "";
}

// Prints the summary.
void Conclude(const std::string& path, const Verdict& verdict, const Console& console) {
  const size_t errors = CountOf(verdict, config::Severity::kError);
  const size_t warnings = CountOf(verdict, config::Severity::kWarning);
  const std::string and_warnings = warnings == 0 ? "" : ", " + Count(warnings, "warning");
  if (!verdict.ok()) {
    console.out.flush();
    console.PrintError(FirstError(verdict) + " (" + Count(errors, "error") + and_warnings +
                       " in total; `run` would not start)");
    return;
  }
  const config::Config& config = *verdict.loaded.config;
  console.out << path << " is valid" << and_warnings << ": "
              << Count(config.listeners.size(), "listener") << ", "
              << Count(config.upstreams.size(), "upstream") << ".\n";
}

void WriteText(const std::string& path, const Verdict& verdict, const Console& console) {
  for (const config::Diagnostic& diagnostic : verdict.loaded.diagnostics) {
    console.out << ToString(diagnostic) << "\n";
  }
  if (verdict.material) {
    if (!verdict.loaded.diagnostics.empty()) console.out << "\n";
    console.out << verdict.material->text << "\n";
  }
  Conclude(path, verdict, console);
}

ordered_json ToJson(const config::Diagnostic& diagnostic) {
  return {{"severity", config::ToString(diagnostic.severity)},
          {"file", diagnostic.where.file},
          {"line", diagnostic.where.line},
          {"column", diagnostic.where.column},
          {"what", diagnostic.what},
          {"hint", diagnostic.hint}};
}

void WriteJson(const std::string& path, const Verdict& verdict, const Console& console) {
  ordered_json all = {{"ok", verdict.ok()}, {"config", path}};
  all["diagnostics"] = ordered_json::array();
  for (const config::Diagnostic& diagnostic : verdict.loaded.diagnostics) {
    all["diagnostics"].push_back(ToJson(diagnostic));
  }
  if (verdict.material) {
    for (const char* part : {"listeners", "findings"}) all[part] = verdict.material->json[part];
  }
  // A file name need not be UTF-8.
  console.out << all.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
  if (!verdict.ok()) Conclude(path, verdict, console);
}

}  // namespace

int CheckCommand(const CheckCommandOptions& options, const Console& console) {
  if (!options.user.empty()) {
    if (const absl::Status status = BecomeUser(options.user); !status.ok()) {
      console.PrintError("--user: " + std::string(status.message()));
      return kRefused;
    }
  }
  const Verdict verdict = Evaluate(options.config);
  if (options.json) {
    WriteJson(options.config, verdict, console);
  } else {
    WriteText(options.config, verdict, console);
  }
  return verdict.ok() ? kFine : kRefused;
}

}  // namespace mantlet::cli
