#include "proxy/cli/check_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "certs/certificate_text.h"
#include "certs/check.h"
#include "certs/file_reader.h"
#include "certs/time_text.h"
#include "config/loader/loader.h"
#include "proxy/base/clock.h"
#include "proxy/base/text.h"
#include "proxy/cli/expiry.h"
#include "proxy/cli/junit.h"
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
  int64_t now = 0;
  std::vector<Expiry> items;            // all that has an end
  std::string within;                   // as the user wrote it; empty if nothing has to last
  std::optional<int64_t> soonest = {};  // what does not end after this moment ends too soon
  std::vector<Expiry> expiring;         // those of `items` that do

  bool valid() const { return !config::HasErrors(loaded.diagnostics) && material && material->ok; }
  bool ok() const { return valid() && expiring.empty(); }
  bool EndsTooSoon(const Expiry& item) const { return soonest && item.end <= *soonest; }
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

// Finds what ends, and what ends too soon.
void CompareEnds(Verdict& verdict) {
  verdict.items = ExpiriesIn(verdict.material->json["listeners"]);
  if (const auto within = ParseSpan(verdict.within)) verdict.soonest = verdict.now + *within;
  for (const Expiry& item : verdict.items) {
    if (verdict.EndsTooSoon(item)) verdict.expiring.push_back(item);
  }
}

Verdict Evaluate(const std::string& path, const std::string& within) {
  Verdict verdict;
  verdict.within = within;
  verdict.now = base::SystemClock().WallSeconds();
  verdict.loaded = Load(path);
  if (verdict.loaded.config) {
    AskTheLibrary(*verdict.loaded.config, verdict.loaded.diagnostics);
    for (config::Diagnostic& diagnostic : server::CheckAddresses(*verdict.loaded.config)) {
      verdict.loaded.diagnostics.push_back(std::move(diagnostic));
    }
    AskForNames(*verdict.loaded.config, verdict.loaded.diagnostics);
    certs::DiskFileReader reader;
    verdict.material = certs::CheckMaterial(*verdict.loaded.config, reader, verdict.now);
    CompareEnds(verdict);
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

// Returns e.g. "/etc/ca.crt: the trust anchor CN=Example CA ends on 2027-01-15 08:00:00 UTC, in 12
// days".
std::string Sentence(const Expiry& item, int64_t now) {
  return absl::StrCat(certs::Printable(item.file), ": the ", item.kind,
                      item.subject.empty() ? "" : absl::StrCat(" ", certs::Printable(item.subject)),
                      item.end < now ? " ended on " : " ends on ", certs::DateTime(item.end), ", ",
                      certs::RelativeTime(item.end, now));
}

// Prints the summary.
void Conclude(const std::string& path, const Verdict& verdict, const Console& console) {
  if (verdict.valid() && !verdict.ok()) {
    console.out.flush();
    console.PrintError(Sentence(verdict.expiring.front(), verdict.now) + " (" +
                       std::to_string(verdict.expiring.size()) + " in total within " +
                       verdict.within + "); renew it");
    return;
  }
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
  for (const Expiry& item : verdict.expiring) {
    console.out << "too soon: " << Sentence(item, verdict.now) << " (listener "
                << certs::Printable(item.listener) << ")\n";
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

ordered_json ToJson(const Expiry& item, int64_t now) {
  return {{"listener", item.listener},
          {"kind", item.kind},
          {"file", item.file},
          {"subject", item.subject},
          {"serial", item.serial},
          {"end", base::Rfc3339Seconds(item.end)},
          {"days_left", DaysUntil(item.end, now)}};
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
  if (!verdict.within.empty()) {
    all["expires_within"] = verdict.within;
    all["expiring"] = ordered_json::array();
    for (const Expiry& item : verdict.expiring) {
      all["expiring"].push_back(ToJson(item, verdict.now));
    }
  }
  // A file name need not be UTF-8.
  console.out << all.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
  if (!verdict.ok()) Conclude(path, verdict, console);
}

void Add(const config::Diagnostic& diagnostic, JunitCase& one) {
  const bool error = diagnostic.severity == config::Severity::kError;
  (error ? one.failures : one.notes).push_back(config::Sentence(diagnostic));
}

// One case for each listener, with the findings about it, and for each thing of it that has an end.
void AddListener(const config::Listener& listener, const Verdict& verdict,
                 std::vector<JunitCase>& cases) {
  const std::string group = absl::StrCat("listener ", listener.name);
  cases.push_back({group, "files", {}, {}});
  for (const config::Diagnostic& finding : verdict.material->diagnostics) {
    if (finding.listener == listener.name) Add(finding, cases.back());
  }
  for (const Expiry& item : verdict.items) {
    if (item.listener != listener.name) continue;
    const std::string name =
        absl::StrCat(item.kind, " ", item.file,
                     item.subject.empty() ? "" : absl::StrCat(" (", item.subject, ")"));
    cases.push_back({group,
                     name,
                     {},
                     {absl::StrCat("ends on ", certs::DateTime(item.end), ", ",
                                   certs::RelativeTime(item.end, verdict.now))}});
    if (verdict.EndsTooSoon(item)) cases.back().failures.push_back(Sentence(item, verdict.now));
  }
}

void WriteJunit(const std::string& path, const Verdict& verdict, const Console& console) {
  std::vector<JunitCase> cases = {{"configuration", path, {}, {}}};
  for (const config::Diagnostic& diagnostic : verdict.loaded.diagnostics) {
    Add(diagnostic, cases.front());
  }
  if (verdict.material) {
    for (const config::Diagnostic& finding : verdict.material->diagnostics) {
      if (finding.listener.empty()) Add(finding, cases.front());
    }
    for (const config::Listener& listener : verdict.loaded.config->listeners) {
      AddListener(listener, verdict, cases);
    }
  }
  console.out << JunitXml("mantlet check", cases);
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
  const Verdict verdict = Evaluate(options.config, options.expires_within);
  if (options.format == "json") {
    WriteJson(options.config, verdict, console);
  } else if (options.format == "junit") {
    WriteJunit(options.config, verdict, console);
  } else {
    WriteText(options.config, verdict, console);
  }
  return verdict.ok() ? kFine : kRefused;
}

}  // namespace mantlet::cli
