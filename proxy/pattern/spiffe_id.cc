#include "proxy/pattern/spiffe_id.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace mantlet::pattern {
namespace {

constexpr std::string_view kScheme = "spiffe:";
constexpr std::string_view kPrefix = "spiffe://";

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsMark(char c) { return c == '.' || c == '-' || c == '_'; }

absl::Status Reject(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

absl::Status CheckSegment(std::string_view segment) {
  if (segment.empty()) return Reject("its path has an empty segment, or ends with a slash");
  if (segment == "." || segment == "..") return Reject("its path has a segment '.' or '..'");
  for (char c : segment) {
    if (IsLower(c) || IsUpper(c) || IsDigit(c) || IsMark(c)) continue;
    if (c == '%') return Reject("its path is percent-encoded");
    if (c == '?' || c == '#') return Reject("it has a query or a fragment");
    return Reject("its path has a character other than letters, digits, '.', '-' and '_'");
  }
  return absl::OkStatus();
}

// Checks a path, which is empty or begins with a slash.
absl::Status CheckPath(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (absl::Status status = CheckSegment(segment); !status.ok()) return status;
    path.remove_prefix(segment.size());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTrustDomain(std::string_view name) {
  if (name.empty()) return Reject("the trust domain is empty");
  if (name.size() > kMaxTrustDomainBytes) {
    return Reject(absl::StrCat("the trust domain is longer than ", kMaxTrustDomainBytes, " bytes"));
  }
  for (char c : name) {
    if (IsLower(c) || IsDigit(c) || IsMark(c)) continue;
    if (IsUpper(c)) return Reject("the trust domain is not in lower case");
    if (c == '@') return Reject("it has user information before the trust domain");
    if (c == ':') return Reject("it has a port after the trust domain");
    if (c == '%') return Reject("the trust domain is percent-encoded");
    if (c == '?' || c == '#') return Reject("it has a query or a fragment");
    return Reject(
        "the trust domain has a character other than lower-case letters, digits, '.', '-' and '_'");
  }
  return absl::OkStatus();
}

absl::StatusOr<SpiffeId> ParseSpiffeId(std::string_view text) {
  if (text.size() > kMaxSpiffeIdBytes) {
    return Reject(absl::StrCat("it is longer than ", kMaxSpiffeIdBytes, " bytes"));
  }
  if (!text.starts_with(kPrefix)) {
    return Reject(ClaimsToBeSpiffeId(text) ? "it does not begin with 'spiffe://' in lower case"
                                           : "its scheme is not spiffe");
  }
  text.remove_prefix(kPrefix.size());
  SpiffeId id;
  id.trust_domain = text.substr(0, text.find('/'));
  id.path = text.substr(id.trust_domain.size());
  if (absl::Status status = CheckTrustDomain(id.trust_domain); !status.ok()) return status;
  if (absl::Status status = CheckPath(id.path); !status.ok()) return status;
  return id;
}

bool ClaimsToBeSpiffeId(std::string_view uri) {
  std::string_view rest = kScheme;
  for (char c : uri) {
    if (rest.empty()) break;
    if (static_cast<unsigned char>(c) <= ' ') continue;
    if ((IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c) != rest.front()) return false;
    rest.remove_prefix(1);
  }
  return rest.empty();
}

}  // namespace mantlet::pattern
