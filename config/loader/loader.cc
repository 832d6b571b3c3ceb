#include "config/loader/loader.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "config/checks/validation.h"
#include "config/loader/document.h"
#include "config/loader/schema.h"
#include "config/loader/section_reader.h"
#include "config/source_locations.h"
#include "proxy/base/regular_file.h"

namespace mantlet::config {
namespace {

LoadResult Failure(const std::string& file, std::string what, std::string hint) {
  LoadResult result;
  result.diagnostics.push_back({{file}, Severity::kError, std::move(what), std::move(hint)});
  return result;
}

// Returns the absolute folder of `filename`. Symbolic links are kept: in a Kubernetes volume,
// neighbouring files are reached by the name that was given.
std::string DirectoryOf(const std::string& filename) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(filename, error);
  return (error ? std::filesystem::path(filename) : absolute).parent_path().string();
}

// Reads at most kMaxFileBytes + 1 bytes.
absl::StatusOr<std::string> ReadUpToLimit(const std::string& path) {
  absl::StatusOr<base::RegularFile> file = base::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    absl::StatusOr<size_t> got = file->Read(text.data() + size, text.size() - size);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    size += *got;
  }
  text.resize(size);
  return text;
}

std::string HintFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return "check the path, and that the file is mounted";
    case absl::StatusCode::kPermissionDenied:
      return "let the user that runs mantlet read it";
    case absl::StatusCode::kFailedPrecondition:
      return absl::StrContains(status.message(), "not a regular file")
                 ? "write the configuration to a file and name that; it is read again at each "
                   "reload"
                 : "name the file in it";
    default:
      return "";
  }
}

// Sorts by line and column; diagnostics of the file as a whole come last.
void SortByLocation(std::vector<Diagnostic>& diagnostics) {
  const auto key = [](const Diagnostic& d) {
    return std::tuple(d.where.line == 0, d.where.line, d.where.column);
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
}

}  // namespace

absl::Status LoadResult::status() const {
  if (config) return absl::OkStatus();
  std::string message;
  size_t errors = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    if (++errors == 1) message = ToString(diagnostic);
  }
  if (errors > 1) {
    absl::StrAppend(&message, " (and ", errors - 1, " more error", errors > 2 ? "s" : "",
                    "; 'mantlet check' shows all)");
  }
  return absl::InvalidArgumentError(message);
}

LoadResult LoadText(absl::string_view text, const std::string& filename,
                    const Environment& environment) {
  if (text.size() > kMaxFileBytes) {
    return Failure(filename, absl::StrCat("the file is larger than ", kMaxFileBytes, " bytes"),
                   "a configuration is not that long; check the path");
  }
  LoadResult result;
  const std::optional<Node> root = ParseDocument(text, filename, result.diagnostics);
  if (root && !HasErrors(result.diagnostics)) {
    SourceLocations locations;
    ReadContext context{environment, DirectoryOf(filename), result.diagnostics, locations};
    Config config;
    config.file = filename;
    SectionReader reader(context, "", *root);
    Describe(reader, config);
    reader.Finish();
    Validate(config, locations, result.diagnostics);
    if (!HasErrors(result.diagnostics)) result.config = std::move(config);
  }
  SortByLocation(result.diagnostics);
  return result;
}

LoadResult LoadFile(const std::string& path, const Environment& environment) {
  absl::StatusOr<std::string> text = ReadUpToLimit(path);
  if (!text.ok()) {
    // The reader's message begins with the path, and so does the diagnostic.
    absl::string_view reason = text.status().message();
    absl::ConsumePrefix(&reason, absl::StrCat(path, ": "));
    return Failure(path, absl::StrCat("cannot read the configuration: ", reason),
                   HintFor(text.status()));
  }
  return LoadText(*text, path, environment);
}

}  // namespace mantlet::config
