// FileSet names the directories to watch for a set of files, and tells whether what the files
// resolve to or contain has changed.
//
// Files are replaced in many ways: written in place, renamed over, deleted and made again, or by
// moving a symbolic link somewhere on the way (Kubernetes' ..data, certbot's live/). Therefore
// directories are watched, one for every hop of every link, and files are compared by content,
// never by inode or time. File system calls block; main thread only.

#ifndef MANTLET_CERTS_FILE_SET_H_
#define MANTLET_CERTS_FILE_SET_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "certs/file_reader.h"

namespace mantlet::certs {

// The state of one path when it was last polled.
struct FileState {
  std::string resolved;  // empty if it could not be read
  std::string sha256;    // of the content, or of the error's sentence
  bool operator==(const FileState&) const = default;
};

using FileStates = std::map<std::string, FileState>;

FileState StateOf(const absl::StatusOr<FileContent>& content);
// The same for `path`, without ever holding the whole file.
FileState ReadState(const std::string& path, FileReader& reader);

class FileSet {
 public:
  FileSet() = default;
  // Relative paths are taken from the working directory.
  explicit FileSet(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  const std::vector<std::string>& paths() const { return paths_; }

  // Returns the directories in which an event may mean a change of one of the paths, as of now.
  // The set may change with every event, because a link may lead elsewhere. In place of a
  // directory that does not exist it holds the nearest ancestor that does.
  std::set<std::string> Directories() const;

  // Reads every file.
  FileStates Poll(FileReader& reader) const;

 private:
  std::vector<std::string> paths_;
};

// The paths whose content differs (or that can be read in one and not in the other).
std::vector<std::string> ChangedPaths(const FileStates& before, const FileStates& after);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_FILE_SET_H_
