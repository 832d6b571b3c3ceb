// DirectoryWatch calls back when anything changes in one of a set of directories (inotify). It does
// not report the change itself: the caller reads the files and compares. File systems without
// inotify and directories that do not exist are not watched; the caller polls those periodically.
//
// One loop's thread only.

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

  // Sets the watched directories to exactly `directories`, and watches those that were deleted and
  // created again. Returns the ones that cannot be watched. Cheap if nothing changes.
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
