// Translates the configuration keys of other proxies (nginx, HAProxy, Envoy, ghostunnel, stunnel,
// hitch, Caddy) for the hints about unknown keys.

#ifndef MANTLET_CONFIG_LOADER_PEER_KEYS_H_
#define MANTLET_CONFIG_LOADER_PEER_KEYS_H_

#include <string>
#include <vector>

namespace mantlet::config {

// KeyMeantBy returns the key of the schema that corresponds to `word`, as a path
// ("listeners[].tls.certificates[].chain"); a sentence if mantlet has no such key on purpose; or ""
// for an unknown word. It ignores '-', '_' and letter case.
std::string KeyMeantBy(const std::string& word);

// AllMeanings returns every result of KeyMeantBy() but "".
std::vector<std::string> AllMeanings();

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_LOADER_PEER_KEYS_H_
