// Loads a Config from a YAML file: reads the file, checks every key and value, applies defaults.
//
// Loading is strict: an unknown key, a duplicate key, a wrong type or a value out of range is an
// error. Loading throws nothing, logs nothing and opens no file but the configuration itself;
// certs/ checks the certificates that it names.

#ifndef MANTLET_CONFIG_LOADER_LOADER_H_
#define MANTLET_CONFIG_LOADER_LOADER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "config/environment.h"

namespace mantlet::config {

// The maximum size of a file; a larger one is rejected before it is parsed.
inline constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

struct LoadResult {
  std::optional<Config> config;         // set if and only if no diagnostic is an error
  std::vector<Diagnostic> diagnostics;  // every error and warning found, by line

  // status returns OK if there is a config, otherwise InvalidArgument with the first error as
  // "FILE:LINE:COLUMN: what; hint" and the number of further errors.
  absl::Status status() const;
};

// LoadFile reads `path`. Relative paths in the file start from the folder that `path` is in.
LoadResult LoadFile(const std::string& path, const Environment& environment);

// LoadText does the same for a text. Messages name it `filename`, and relative paths start from the
// folder of that.
LoadResult LoadText(absl::string_view text, const std::string& filename,
                    const Environment& environment);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_LOADER_H_
