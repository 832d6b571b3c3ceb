#include "proxy/cli/expiry.h"

#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace mantlet::cli {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kLongest = 36'500 * kDay;

std::string Text(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Adds an item if it has the time `key`.
void Add(Expiry item, const ordered_json& object, const char* key, std::vector<Expiry>& out) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, Text(object, key), &time, &error)) return;
  item.end = absl::ToUnixSeconds(time);
  out.push_back(std::move(item));
}

void AddChain(const std::string& listener, const ordered_json& server, std::vector<Expiry>& out) {
  const std::string file = Text(server, "chain_file");
  const char* kind = "certificate";
  for (const ordered_json& link : server.at("chain")) {
    Add({listener, kind, file, Text(link, "subject"), Text(link, "serial")}, link, "not_after",
        out);
    kind = "CA certificate";
  }
  const auto ocsp = server.find("ocsp_response");
  if (ocsp == server.end()) return;
  Add({listener, "OCSP response", Text(*ocsp, "file")}, *ocsp, "next_update", out);
}

}  // namespace

std::vector<Expiry> ExpiriesIn(const ordered_json& listeners) {
  std::vector<Expiry> out;
  for (const ordered_json& listener : listeners) {
    const std::string name = Text(listener, "name");
    for (const ordered_json& server : listener.at("certificates")) AddChain(name, server, out);
    for (const ordered_json& anchor : listener.at("trust_anchors")) {
      Add({name, "trust anchor", Text(anchor, "file"), Text(anchor, "subject"),
           Text(anchor, "serial")},
          anchor, "not_after", out);
    }
    for (const ordered_json& list : listener.at("revocation_lists")) {
      Add({name, "revocation list", Text(list, "file"), Text(list, "issuer")}, list, "next_update",
          out);
    }
  }
  return out;
}

int64_t DaysUntil(int64_t end, int64_t now) {
  const int64_t left = end - now;
  return left >= 0 ? left / kDay : (left - kDay + 1) / kDay;
}

std::optional<int64_t> ParseSpan(const std::string& text) {
  struct Unit {
    char letter;
    int64_t seconds;
  };
  for (const Unit unit : {Unit{'d', kDay}, Unit{'h', 3600}, Unit{'m', 60}, Unit{'s', 1}}) {
    if (text.empty() || text.back() != unit.letter) continue;
    const std::string digits = text.substr(0, text.size() - 1);
    int64_t number = 0;
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos ||
        !absl::SimpleAtoi(digits, &number) || number > kLongest / unit.seconds) {
      return std::nullopt;
    }
    return number * unit.seconds;
  }
  return std::nullopt;
}

}  // namespace mantlet::cli
