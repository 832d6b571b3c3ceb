// Derives from a configuration what the process needs once it serves: the files it reads again in a
// reload, the files it writes, and the TCP ports it opens and connects to. Landlock
// (sandbox/landlock.h) takes everything else away.

#ifndef MANTLET_PROXY_SERVER_SANDBOX_RULES_H_
#define MANTLET_PROXY_SERVER_SANDBOX_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "config/config.h"
#include "proxy/sandbox/landlock.h"

namespace mantlet::server {

// A file of a configuration with the key that names it: "listeners[0].tls.certificates[0].key". The
// configuration file itself has no key.
struct NamedFile {
  std::string key;
  std::string path;
};
// Returns the files that every load of `config` reads.
std::vector<NamedFile> FilesToRead(const config::Config& config);

// Returns the rules for a process that starts with `config`. Directories are allowed instead of
// files, because files are replaced: those of the files, those of the links that lead there, and
// the one above each, as far as they do not belong to the system ("/etc"). Follows links on the
// disk; blocking.
sandbox::Ruleset RulesFor(const config::Config& config);

// Returns an error that begins with "restart needed" and names the key, if `next` needs something
// that `rules` do not allow. Follows links on the disk; blocking.
absl::Status FitsInto(const sandbox::Ruleset& rules, const config::Config& next);

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_SANDBOX_RULES_H_
