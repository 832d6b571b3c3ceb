#include "config/loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/document.h"
#include "config/places.h"
#include "config/schema.h"
#include "config/section_reader.h"
#include "config/validation.h"

namespace mantlet::config {
namespace {

LoadResult Failure(const std::string& file, std::string what, std::string hint) {
  LoadResult result;
  result.diagnostics.push_back({{file}, Severity::kError, std::move(what), std::move(hint)});
  return result;
}

// The absolute folder of `filename`. Symbolic links stay: in a Kubernetes volume, what lies beside
// the file is reached by the name it was given.
std::string DirectoryOf(const std::string& filename) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(filename, error);
  return (error ? std::filesystem::path(filename) : absolute).parent_path().string();
}

// Reads at most kMaxFileBytes + 1 bytes. Returns 0 or an errno.
int ReadUpToLimit(const std::string& path, std::string& text) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = 0;
  text.resize(kMaxFileBytes + 1);
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) error = errno;
    if (n <= 0) break;
    size += static_cast<size_t>(n);
  }
  close(fd);
  text.resize(size);
  return error;
}

std::string HintForErrno(int error) {
  switch (error) {
    case ENOENT:
      return "check the path, and that the file is mounted";
    case EACCES:
      return "let the user that runs mantlet read it";
    case EISDIR:
      return "name the file in it";
    default:
      return "";
  }
}

// By line and column; what concerns the file as a whole stands last.
void SortByPlace(std::vector<Diagnostic>& diagnostics) {
  const auto key = [](const Diagnostic& d) {
    return std::tuple(d.where.line == 0, d.where.line, d.where.column);
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
}

absl::StatusOr<Config> ConfigOrStatus(LoadResult result) {
  if (!result.config) return result.status();
  return *std::move(result.config);
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
    Places places;
    ReadContext context{environment, DirectoryOf(filename), result.diagnostics, places};
    Config config;
    config.file = filename;
    SectionReader reader(context, "", *root);
    Describe(reader, config);
    reader.Finish();
    Validate(config, places, result.diagnostics);
    if (!HasErrors(result.diagnostics)) result.config = std::move(config);
  }
  SortByPlace(result.diagnostics);
  return result;
}

LoadResult LoadFile(const std::string& path, const Environment& environment) {
  std::string text;
  if (const int error = ReadUpToLimit(path, text)) {
    return Failure(path, absl::StrCat("cannot read the configuration: ", std::strerror(error)),
                   HintForErrno(error));
  }
  return LoadText(text, path, environment);
}

absl::StatusOr<Config> Load(const std::string& path, const Environment& environment) {
  return ConfigOrStatus(LoadFile(path, environment));
}

absl::StatusOr<Config> LoadString(absl::string_view text, const std::string& filename,
                                  const Environment& environment) {
  return ConfigOrStatus(LoadText(text, filename, environment));
}

}  // namespace mantlet::config
