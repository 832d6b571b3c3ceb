// GenerationLoader loads a generation from the files of a configuration.

#ifndef MANTLET_CERTS_GENERATION_LOADER_H_
#define MANTLET_CERTS_GENERATION_LOADER_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "certs/file_source.h"
#include "certs/generation.h"
#include "certs/generation_builder.h"
#include "certs/source.h"
#include "config/config.h"

namespace mantlet::certs {

class GenerationLoader {
 public:
  // Returns the snapshot that FileSource pushes. For `polled` and `previous` see
  // FileSource::Options; both may be null. `fingerprints` receives the states of the last reading
  // in every case; it may be null. If `unstable` is not null, the call never fails: it returns the
  // last reading even if that did not agree with the one before, and `unstable` receives the files
  // that differ.
  static absl::StatusOr<MaterialSnapshot> ReadAll(const config::Config& config, FileReader& reader,
                                                  const Fingerprints* polled = nullptr,
                                                  Fingerprints* fingerprints = nullptr,
                                                  const Generation* previous = nullptr,
                                                  std::set<std::string>* unstable = nullptr);

  // Returns FailedPrecondition with the sentences of all errors if the material is rejected, and
  // Unavailable if the files kept changing. Both may be temporary (files are being replaced): keep
  // the old generation and retry.
  static absl::StatusOr<GenerationPtr> Load(const config::Config& config, FileReader& reader,
                                            int64_t now, const Fingerprints* polled = nullptr,
                                            Fingerprints* fingerprints = nullptr,
                                            const Generation* previous = nullptr);
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_LOADER_H_
