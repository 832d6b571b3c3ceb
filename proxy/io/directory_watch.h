// Tells when anything happens in one of a set of directories (inotify). It says
// only that, not what: whoever reads the files decides what has changed. File
// systems without inotify, and directories that do not exist, are skipped; a
// periodic look is the caller's second line.
//
// One loop, its thread only.

#ifndef MANTLET_PROXY_IO_DIRECTORY_WATCH_H_
#define MANTLET_PROXY_IO_DIRECTORY_WATCH_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "proxy/io/loop.h"

namespace mantlet::io {

class DirectoryWatch {
 public:
  DirectoryWatch(Loop& loop, std::function<void()> on_change);
  ~DirectoryWatch();
  DirectoryWatch(const DirectoryWatch&) = delete;

  // Watches exactly these from now on. Cheap where nothing changes; a directory
  // that was deleted and came back is watched anew. Returns the ones that cannot
  // be watched.
  std::vector<std::string> Set(const std::vector<std::string>& directories);

 private:
  struct Watch;

  void Remove(Watch* watch);

  Loop& loop_;
  std::function<void()> on_change_;
  std::map<std::string, Watch*> watches_;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_DIRECTORY_WATCH_H_
