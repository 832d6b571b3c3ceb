#include "certs/generation_loader.h"

#include <utility>

#include "absl/status/status.h"
#include "certs/generation_sink.h"

namespace mantlet::certs {
namespace {

// SnapshotKeeper stores the pushed snapshot unchanged.
class SnapshotKeeper final : public MaterialSink {
 public:
  absl::Status Push(MaterialSnapshot snapshot) override {
    snapshot_ = std::move(snapshot);
    return absl::OkStatus();
  }
  MaterialSnapshot Take() { return std::move(snapshot_); }

 private:
  MaterialSnapshot snapshot_;
};

}  // namespace

absl::StatusOr<MaterialSnapshot> GenerationLoader::ReadAll(
    const config::Config& config, FileReader& reader, const Fingerprints* polled,
    Fingerprints* fingerprints, const Generation* previous, std::set<std::string>* unstable) {
  FileSource source(config, reader,
                    {.polled = polled, .previous = previous, .push_unstable = unstable != nullptr});
  SnapshotKeeper keeper;
  absl::Status status = source.PushTo(keeper);
  if (fingerprints != nullptr) *fingerprints = source.fingerprints();
  if (unstable != nullptr) *unstable = source.unstable();
  if (!status.ok()) return status;
  return keeper.Take();
}

absl::StatusOr<GenerationPtr> GenerationLoader::Load(const config::Config& config,
                                                     FileReader& reader, int64_t now,
                                                     const Fingerprints* polled,
                                                     Fingerprints* fingerprints,
                                                     const Generation* previous) {
  FileSource source(config, reader, {.polled = polled, .previous = previous});
  GenerationSink sink(config, [now] { return now; }, previous);
  absl::Status status = source.PushTo(sink);
  if (fingerprints != nullptr) *fingerprints = source.fingerprints();
  if (!status.ok()) return status;
  return sink.generation();
}

}  // namespace mantlet::certs
