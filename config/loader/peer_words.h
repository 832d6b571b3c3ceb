// The words of other proxies: people who come from nginx, HAProxy, Envoy, ghostunnel,
// stunnel, hitch or Caddy write the names they know.

#ifndef MANTLET_CONFIG_LOADER_PEER_WORDS_H_
#define MANTLET_CONFIG_LOADER_PEER_WORDS_H_

#include <string>
#include <vector>

namespace mantlet::config {

// The key of ours that is meant by `word`, as a path of the schema
// ("listeners[].tls.certificates[].chain"), a sentence where there is none, or "".
// '-', '_' and letter case count for nothing.
std::string OurWordFor(const std::string& word);

// Every answer that OurWordFor() can give.
std::vector<std::string> AllMeanings();

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_PEER_WORDS_H_
