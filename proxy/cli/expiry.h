// Expiries are the ends of what a configuration uses: certificates, trust anchors, revocation lists
// and OCSP responses. They are read from the JSON that `mantlet check --json` and GET /certs share.

#ifndef MANTLET_PROXY_CLI_EXPIRY_H_
#define MANTLET_PROXY_CLI_EXPIRY_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace mantlet::cli {

struct Expiry {
  std::string listener;
  std::string kind;  // "certificate", "CA certificate", "trust anchor", "revocation list", …
  std::string file;
  std::string subject = {};  // of a certificate; the issuer of a list; empty for an OCSP response
  std::string serial = {};   // of a certificate, in hex
  int64_t end = 0;           // in seconds since the epoch
};

// Returns those of the array "listeners", in its order. What has no end (a list without nextUpdate)
// is not in it.
std::vector<Expiry> ExpiriesIn(const nlohmann::ordered_json& listeners);

// Returns the days until `end`, rounded down, so that -1 means that it has ended within a day.
int64_t DaysUntil(int64_t end, int64_t now);

// Parses "30d", "12h", "90m" or "45s", at most 100 years. Returns seconds; nullopt for another
// text.
std::optional<int64_t> ParseSpan(const std::string& text);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_EXPIRY_H_
