// WatchedFiles are the files that a reload reads: those of the configuration in use, and those that
// a rejected configuration names. It holds their states when a load has last read them, and finds
// out whether they have changed since.
//
// Blocking: loading thread only.

#ifndef MANTLET_PROXY_SERVER_WATCHED_FILES_H_
#define MANTLET_PROXY_SERVER_WATCHED_FILES_H_

#include <set>
#include <string>
#include <vector>

#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "proxy/server/load_outcome.h"

namespace mantlet::server {

class WatchedFiles {
 public:
  // `configured` are the files of the configuration in use. `states` are their states when they
  // were read, or earlier. `reader` must outlive this object.
  WatchedFiles(certs::FileReader& reader, std::vector<std::string> configured,
               certs::Fingerprints states);

  // Reads every file and returns its state.
  certs::Fingerprints Poll() const { return files_.Poll(reader_); }
  bool DifferFrom(const certs::Fingerprints& polled) const {
    return !certs::ChangedPaths(states_, polled).empty();
  }
  // Returns the directories in which an event may mean a change.
  std::set<std::string> Directories() const { return files_.Directories(); }

  // Stores the states that a load has read. A load that failed early has not read every file; the
  // others keep the state of the poll before it (`polled`; may be null), or the one they have here.
  void Store(const LoadOutcome& outcome, const certs::Fingerprints* polled);

 private:
  certs::FileReader& reader_;
  std::vector<std::string> configured_;
  certs::FileSet files_;  // those, and the files of a rejected configuration
  certs::Fingerprints states_;
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_WATCHED_FILES_H_
