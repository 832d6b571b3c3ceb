// FileSource reads the files of a configuration and pushes them as one snapshot.
//
// It reads all files twice, and repeats this until two readings agree, so that a set of files that
// is only partly replaced is not used. Blocking: not for the thread of an event loop that
// serves.

#ifndef MANTLET_CERTS_FILE_SOURCE_H_
#define MANTLET_CERTS_FILE_SOURCE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "certs/generation.h"
#include "certs/source.h"
#include "config/config.h"

namespace mantlet::certs {

// Returns the files in the listeners' TLS settings without duplicates, in the order of the
// configuration.
std::vector<std::string> MaterialFiles(const config::Config& config);
std::vector<std::string> MaterialFiles(const config::Listener& listener);

class FileSource final : public Source {
 public:
  static constexpr int kMaxReadings = 6;

  struct Options {
    // The states from a recent poll, or null. If it contains the files, it counts as the first
    // reading.
    const Fingerprints* polled = nullptr;
    // Revocation lists that have not changed are reused from this generation; may be null.
    const Generation* previous = nullptr;
    // Pushes the last reading if no two agreed; without this option PushTo() returns Unavailable.
    bool push_unstable = false;
  };

  // The references and the objects in the options must outlive the source.
  FileSource(const config::Config& config, FileReader& reader, const Options& options)
      : config_(config), reader_(reader), options_(options) {}

  // Returns Unavailable if no two of kMaxReadings readings agreed.
  absl::Status PushTo(MaterialSink& sink) override;

  // Return the states of the last reading, and the files whose state differed in the reading
  // before.
  const Fingerprints& fingerprints() const { return fingerprints_; }
  const std::set<std::string>& unstable() const { return unstable_; }

 private:
  MaterialSnapshot Read(const Fingerprints& before);

  const config::Config& config_;
  FileReader& reader_;
  Options options_;
  Fingerprints fingerprints_;
  std::set<std::string> unstable_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_SOURCE_H_
