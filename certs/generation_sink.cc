#include "certs/generation_sink.h"

#include <utility>

#include "certs/generation_builder.h"
#include "config/diagnostic.h"

namespace mantlet::certs {

GenerationSink::GenerationSink(const config::Config& config, std::function<int64_t()> now,
                               const Generation* previous)
    : config_(config), now_(std::move(now)), previous_(previous) {}

GenerationSink::~GenerationSink() { Wipe(&pushed_.files); }

absl::Status GenerationSink::Push(MaterialSnapshot snapshot) {
  // Inserts only the names that are not in this push.
  snapshot.files.insert(pushed_.files.begin(), pushed_.files.end());
  snapshot.revocation_files.insert(pushed_.revocation_files.begin(),
                                   pushed_.revocation_files.end());
  const Generation* previous = generation_ == nullptr ? previous_ : generation_.get();
  BuildResult built = BuildGeneration(config_, snapshot, now_(), previous);
  if (built.generation == nullptr) {
    Wipe(&snapshot.files);
    return absl::FailedPreconditionError(config::JoinErrors(built.diagnostics));
  }
  Wipe(&pushed_.files);
  pushed_ = std::move(snapshot);
  generation_ = std::move(built.generation);
  return absl::OkStatus();
}

}  // namespace mantlet::certs
