#include "config/difference.h"

#include <algorithm>

namespace mantlet::config {
namespace {

template <typename Item>
const Item* Find(const std::vector<Item>& items, const std::string& name) {
  auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

template <typename Item>
void Compare(const std::vector<Item>& before, const std::vector<Item>& after,
             const std::string& noun, std::vector<std::string>* sentences) {
  for (const Item& item : after) {
    const Item* old = Find(before, item.name);
    if (old != nullptr && *old == item) continue;
    sentences->push_back(noun + " '" + item.name +
                         (old == nullptr ? "' is new" : "' has other settings"));
  }
  for (const Item& item : before) {
    if (Find(after, item.name) == nullptr) {
      sentences->push_back(noun + " '" + item.name + "' is gone");
    }
  }
}

}  // namespace

std::vector<std::string> SettingsThatChanged(const Config& before, const Config& after) {
  std::vector<std::string> sentences;
  if (before == after) return sentences;
  Compare(before.listeners, after.listeners, "listener", &sentences);
  Compare(before.upstreams, after.upstreams, "upstream", &sentences);
  Config rest = after;
  rest.listeners = before.listeners;
  rest.upstreams = before.upstreams;
  if (rest != before) sentences.push_back("settings of the process have changed");
  if (sentences.empty()) sentences.push_back("the order of the configuration has changed");
  return sentences;
}

std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, bool same) {
    if (!same) keys.emplace_back(key);
  };
  compare("workers", running.workers == next.workers);
  compare("limits.memory", running.memory == next.memory);
  Endpoint metrics = next.metrics;
  metrics.forward = running.metrics.forward;  // takes effect at once
  compare("metrics.address", running.metrics == metrics);
  compare("admin.address", running.admin == next.admin);
  compare("log.format", running.log.format == next.log.format);
  compare("log.access", running.log.access == next.log.access);
  compare("upgrade.socket", running.upgrade == next.upgrade);
  compare("user", running.user == next.user);
  compare("sandbox", running.sandbox == next.sandbox);
  return keys;
}

}  // namespace mantlet::config
