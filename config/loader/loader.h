// Makes a Config from a YAML file: reads it, checks every key and value, completes the defaults.
//
// Loading is strict: an unknown key, a duplicate key, a wrong type or a value out of range is an
// error. Nothing here throws, logs or looks at any file but the configuration itself; whether the
// certificates that it names can be used is for certs/ to say.

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

// A file larger than this is refused unread.
inline constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

struct LoadResult {
  std::optional<Config> config;         // set if and only if no diagnostic is an error
  std::vector<Diagnostic> diagnostics;  // every mistake and warning found, by line

  // InvalidArgument with the first error as "FILE:LINE:COLUMN: what; hint" and how many more there
  // are; OK if there is a config.
  absl::Status status() const;
};

// Reads `path`. Relative paths in the file are taken relative to the folder `path` is in.
LoadResult LoadFile(const std::string& path, const Environment& environment);

// The same for a text; `filename` is what messages call it and whose folder relative paths start
// from.
LoadResult LoadText(absl::string_view text, const std::string& filename,
                    const Environment& environment);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_LOADER_H_
