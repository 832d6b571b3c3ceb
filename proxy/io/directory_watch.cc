#include "proxy/io/directory_watch.h"

#include <sys/stat.h>

#include <set>
#include <utility>

namespace mantlet::io {

struct DirectoryWatch::Watch {
  uv_fs_event_t event;
  DirectoryWatch* owner;  // null while it closes
  dev_t device;
  ino_t inode;
};

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
    bool same = wanted.contains(it->first) && stat(it->first.c_str(), &now) == 0 &&
                now.st_dev == it->second->device && now.st_ino == it->second->inode;
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
    auto* watch = new Watch{{}, this, 0, 0};
    watch->event.data = watch;
    uv_fs_event_init(loop_.uv(), &watch->event);
    int status = uv_fs_event_start(
        &watch->event,
        [](uv_fs_event_t* event, const char*, int, int) {
          auto* self = static_cast<Watch*>(event->data);
          if (self->owner != nullptr) self->owner->on_change_();
        },
        path.c_str(), 0);
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
