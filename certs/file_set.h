// FileSet determines the directories to watch for a set of files, and whether the files that the
// paths resolve to or their contents have changed.
//
// Files are replaced in many ways: by writing in place, by renaming, by deleting and creating, or
// by changing a symbolic link on the path (Kubernetes' ..data, certbot's live/). Therefore
// directories are watched, one for every component of every link, and files are compared by
// content, never by inode or time. File system calls block: not for the thread of an event
// loop that serves.

#ifndef MANTLET_CERTS_FILE_SET_H_
#define MANTLET_CERTS_FILE_SET_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "certs/file_reader.h"

namespace mantlet::certs {

// Fingerprint is the state of one path when it was last polled.
struct Fingerprint {
  std::string resolved;  // empty if it could not be read
  std::string sha256;    // of the content, or of the error message
  bool operator==(const Fingerprint&) const = default;
};

using Fingerprints = std::map<std::string, Fingerprint>;

Fingerprint FingerprintOf(const absl::StatusOr<FileContent>& content);
// Returns the state of `path` without loading the whole file.
Fingerprint ReadFingerprint(const std::string& path, FileReader& reader);

class FileSet {
 public:
  FileSet() = default;
  // Relative paths start at the working directory.
  explicit FileSet(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  const std::vector<std::string>& paths() const { return paths_; }

  // Returns the directories in which an event may mean a change of one of the paths. The set may
  // change with every event, because a link may lead elsewhere. A directory that does not exist is
  // replaced by its nearest existing ancestor.
  std::set<std::string> Directories() const;

  // Reads every file and returns its state.
  Fingerprints Poll(FileReader& reader) const;

 private:
  std::vector<std::string> paths_;
};

// Returns the paths whose content differs, or that are readable in only one of the two.
std::vector<std::string> ChangedPaths(const Fingerprints& before, const Fingerprints& after);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_SET_H_
