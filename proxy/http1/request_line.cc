#include "proxy/http1/request_line.h"

#include <algorithm>

#include "proxy/http/authority.h"
#include "proxy/http/request_rules.h"
#include "proxy/http/tokens.h"

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<ParseError> CheckVersion(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" &&
                           IsDigit(version[5]) && version[6] == '.' && IsDigit(version[7]);
  if (well_formed)
    return ParseError{ErrorReason::kVersionNotSupported, "HTTP version not supported"};
  return ParseError{ErrorReason::kBadRequest, "malformed request line"};
}

// Returns the length of "http://" or "https://" at the beginning of the target, or 0.
size_t SchemeLength(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (http::EqualsIgnoreCase(target.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return 0;
}

}  // namespace

std::optional<ParseError> CheckRequestLine(std::string_view line, size_t max_target_bytes) {
  const size_t first = line.find(' ');
  if (first == std::string_view::npos)
    return ParseError{ErrorReason::kBadRequest, "malformed request line"};
  const std::string_view method = line.substr(0, first);
  if (!http::IsToken(method)) return ParseError{ErrorReason::kBadRequest, "malformed method"};
  // The preface of HTTP/2 (RFC 9113 section 3.4), with any version: llhttp would expect the rest of
  // it instead of header fields.
  if (method == "PRI")
    return ParseError{ErrorReason::kVersionNotSupported, "HTTP version not supported"};
  const std::string_view rest = line.substr(first + 1);
  const size_t second = rest.find(' ');
  if (second == std::string_view::npos)
    return ParseError{ErrorReason::kBadRequest, "request line without a version"};
  const std::string_view target = rest.substr(0, second);
  if (target.size() > max_target_bytes)
    return ParseError{ErrorReason::kUriTooLong, "request-target too long"};
  if (target.empty()) return ParseError{ErrorReason::kBadRequest, "malformed request line"};
  if (!http::IsTargetText(target)) {
    return ParseError{ErrorReason::kBadRequest, "bad byte in the request-target"};
  }
  if (const auto error = CheckVersion(rest.substr(second + 1))) return error;
  if (const auto refusal = http::CheckMethod(method)) {
    return ParseError{refusal->reason, refusal->detail};
  }
  return std::nullopt;
}

std::optional<ParseError> SplitTarget(http::Method method, std::string* target,
                                      std::string* authority) {
  if ((*target)[0] == '/') return std::nullopt;
  if (*target == "*") {
    if (method == http::Method::kOptions) return std::nullopt;
    return ParseError{ErrorReason::kBadRequest, "request-target * without OPTIONS"};
  }
  const size_t scheme = SchemeLength(*target);
  if (scheme == 0)
    return ParseError{ErrorReason::kBadRequest, "unsupported form of request-target"};
  const size_t end = std::min(target->find_first_of("/?", scheme), target->size());
  authority->assign(*target, scheme, end - scheme);
  if (!http::IsValidAuthority(*authority)) {
    return ParseError{ErrorReason::kBadRequest, "malformed host in the request-target"};
  }
  target->erase(0, end);
  if (target->empty()) {
    // RFC 9112 section 3.2.4.
    *target = method == http::Method::kOptions ? "*" : "/";
  } else if ((*target)[0] == '?') {
    target->insert(0, 1, '/');
  }
  return std::nullopt;
}

}  // namespace mantlet::http1
