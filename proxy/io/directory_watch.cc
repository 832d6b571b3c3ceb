#include "proxy/io/directory_watch.h"

#include <sys/stat.h>

#include <climits>
#include <set>
#include <string_view>
#include <utility>

namespace mantlet::io {

struct DirectoryWatch::Watch {
  uv_fs_event_t event;
  DirectoryWatch* owner;  // null while the handle closes
  dev_t device = 0;
  ino_t inode = 0;
  // The directory itself was removed or renamed. A new directory may get the same inode number, so
  // the number alone does not distinguish the two.
  bool gone = false;

  void OnEvent(const char* name, int events);
};

// For an event of the directory itself, libuv reports the last component of its path as the name. A
// file of the same name inside only causes an unnecessary new watch.
void DirectoryWatch::Watch::OnEvent(const char* name, int events) {
  char path[PATH_MAX + 1];
  size_t size = sizeof(path);
  std::string_view last;
  if (uv_fs_event_getpath(&event, path, &size) == 0) last = std::string_view(path, size);
  last.remove_prefix(last.rfind('/') + 1);  // npos + 1 is 0
  if ((events & UV_RENAME) != 0 && (name == nullptr || last == name)) gone = true;
  if (owner != nullptr) owner->on_change_();
}

DirectoryWatch::DirectoryWatch(Loop& loop, std::function<void()> on_change)
    : loop_(loop), on_change_(std::move(on_change)) {}

DirectoryWatch::~DirectoryWatch() {
  for (auto& [path, watch] : watches_) Remove(watch);
}

void DirectoryWatch::Remove(Watch* watch) {
  watch->owner = nullptr;
  uv_fs_event_stop(&watch->event);
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->event),
           [](uv_handle_t* h) { delete static_cast<Watch*>(h->data); });
}

std::vector<std::string> DirectoryWatch::Set(const std::vector<std::string>& directories) {
  const std::set<std::string> wanted(directories.begin(), directories.end());
  for (auto it = watches_.begin(); it != watches_.end();) {
    struct stat now;
    bool same = wanted.contains(it->first) && !it->second->gone &&
                stat(it->first.c_str(), &now) == 0 && now.st_dev == it->second->device &&
                now.st_ino == it->second->inode;
    if (same) {
      ++it;
      continue;
    }
    Remove(it->second);
    it = watches_.erase(it);
  }
  std::vector<std::string> failed;
  for (const std::string& path : wanted) {
    if (watches_.contains(path)) continue;
    struct stat now;
    auto* watch = new Watch{{}, this};
    watch->event.data = watch;
    uv_fs_event_init(loop_.uv(), &watch->event);
    int status = uv_fs_event_start(
        &watch->event,
        [](uv_fs_event_t* event, const char* name, int events, int) {
          static_cast<Watch*>(event->data)->OnEvent(name, events);
        },
        path.c_str(), 0);
    // Each loop has one inotify descriptor for all of its watches.
    if (status == 0) status = loop_.Watch(loop_.uv()->inotify_fd);
    if (status != 0 || stat(path.c_str(), &now) != 0) {
      Remove(watch);
      failed.push_back(path);
      continue;
    }
    watch->device = now.st_dev;
    watch->inode = now.st_ino;
    watches_.emplace(path, watch);
  }
  return failed;
}

}  // namespace mantlet::io
