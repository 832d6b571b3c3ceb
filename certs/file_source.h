// FileSource reads the files that a configuration names and pushes them as one snapshot.
//
// It reads all files twice, and again until two readings agree, so that a set of files that is
// only half replaced is not taken for a whole one. Blocking; main thread only.

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

// The files that the listeners' TLS settings name, each once, configuration order.
std::vector<std::string> MaterialFiles(const config::Config& config);
std::vector<std::string> MaterialFiles(const config::Listener& listener);

class FileSource final : public Source {
 public:
  static constexpr int kMaxReadings = 6;

  struct Options {
    // What a poll a moment ago has seen, or null; if it has the files, it counts as the first
    // reading.
    const FileStates* polled = nullptr;
    // Revocation lists that have not changed since are taken from there; may be null.
    const Generation* previous = nullptr;
    // Pushes the last reading if no two agreed, where PushTo() would return Unavailable.
    bool push_unstable = false;
  };

  // The references, and what the options point to, must outlive the source.
  FileSource(const config::Config& config, FileReader& reader, const Options& options)
      : config_(config), reader_(reader), options_(options) {}

  // Unavailable if no two of kMaxReadings readings agreed.
  absl::Status PushTo(MaterialSink& sink) override;

  // What the last reading found, and which of these files the one before did not find so.
  const FileStates& states() const { return states_; }
  const std::set<std::string>& unstable() const { return unstable_; }

 private:
  MaterialSnapshot Read(const FileStates& before);

  const config::Config& config_;
  FileReader& reader_;
  Options options_;
  FileStates states_;
  std::set<std::string> unstable_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_SOURCE_H_
