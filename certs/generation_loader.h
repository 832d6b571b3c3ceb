// From configuration and files to a checked Generation.
//
// BuildGeneration is the pure part: bytes in, generation or diagnostics out.
// GenerationLoader adds the reading: all files are read twice, and again until
// two readings agree, so that a half-swapped set is not taken for a whole one.
// Both refuse as a whole: one error anywhere, and there is no generation. A reload goes
// by the diagnostics of each listener instead: certs/rotation.h.

#ifndef MANTLET_CERTS_GENERATION_LOADER_H_
#define MANTLET_CERTS_GENERATION_LOADER_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "certs/file_images.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "certs/generation.h"
#include "certs/revocation_reader.h"
#include "config/config.h"
#include "config/diagnostic.h"

namespace mantlet::certs {

// Everything that one reading of all files has brought.
struct Reading {
  FileImages files;
  RevocationFiles revocation_files;  // these never are among `files`, unless named twice
};

struct BuildResult {
  GenerationPtr generation;         // null if any diagnostic is an error
  config::Diagnostics diagnostics;  // errors, warnings and notes, configuration order
  // What could be loaded in spite of errors: for `mantlet check` to show, and for a reload,
  // which takes the listeners without one.
  Generation partial;
  // Everything about each listener of `partial`, also what is told of another one already.
  std::vector<config::Diagnostics> by_listener;
};

// The files that the listeners' TLS settings name, each once, configuration order.
std::vector<std::string> MaterialFiles(const config::Config& config);
std::vector<std::string> MaterialFiles(const config::Listener& listener);

// `now`: seconds since the epoch. `previous`: what is in use, or null; only for
// warnings of what has become older.
BuildResult BuildGeneration(const config::Config& config, const Reading& reading, int64_t now,
                            const Generation* previous = nullptr);

class GenerationLoader {
 public:
  static constexpr int kMaxReadings = 6;

  // One stable reading of all files: the last of two that agree. `looked`: what a
  // look a moment ago has seen; if it has the files, it counts as the first
  // reading. `seen`: gets the states of what was read last, in every case. Both
  // may be null. Unavailable if no two of kMaxReadings readings agreed. `previous`:
  // revocation lists that have not changed since are taken from there; may be null. With
  // `unstable`, the last reading comes back all the same, and the files that it did not
  // find as the one before are named there.
  static absl::StatusOr<Reading> ReadAll(const config::Config& config, FileReader& reader,
                                         const FileStates* looked = nullptr,
                                         FileStates* seen = nullptr,
                                         const Generation* previous = nullptr,
                                         std::set<std::string>* unstable = nullptr);

  // FailedPrecondition with every error's sentence if the material is refused,
  // Unavailable if the files would not hold still. Either may pass by itself
  // (files that are just being replaced): keep the old generation and retry.
  static absl::StatusOr<GenerationPtr> Load(const config::Config& config, FileReader& reader,
                                            int64_t now, const FileStates* looked = nullptr,
                                            FileStates* seen = nullptr,
                                            const Generation* previous = nullptr);
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_LOADER_H_
