// GenerationLoader loads a generation from the files that a configuration names.

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
  // ReadAll returns what FileSource pushes. `polled` and `previous`: see FileSource::Options; both
  // may be null. `seen` gets the states of what was read last, in every case; it may be null. With
  // `unstable` it never fails: the last reading comes back even if it did not agree with the one
  // before, and the files that differ are named there.
  static absl::StatusOr<MaterialSnapshot> ReadAll(const config::Config& config, FileReader& reader,
                                                  const FileStates* polled = nullptr,
                                                  FileStates* seen = nullptr,
                                                  const Generation* previous = nullptr,
                                                  std::set<std::string>* unstable = nullptr);

  // FailedPrecondition with every error's sentence if the material is refused, Unavailable if the
  // files kept changing. Either may pass by itself (files that are just being replaced): keep the
  // old generation and retry.
  static absl::StatusOr<GenerationPtr> Load(const config::Config& config, FileReader& reader,
                                            int64_t now, const FileStates* polled = nullptr,
                                            FileStates* seen = nullptr,
                                            const Generation* previous = nullptr);
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_LOADER_H_
