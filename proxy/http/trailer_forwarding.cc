#include "proxy/http/forwarding.h"

namespace mantlet::http {
namespace {

// Fields that are needed before the content, in particular for routing, authentication, request
// modifiers and content processing (RFC 9110 section 6.5.1). They are matched like the strip set,
// aliases included.
constexpr std::string_view kForbidden[] = {
    "authorization",   "cache-control", "content-encoding", "content-location",
    "content-range",   "content-type",  "cookie",           "date",
    "expires",         "forwarded",     "location",         "max-forwards",
    "pragma",          "range",         "retry-after",      "set-cookie",
    "www-authenticate"};
constexpr std::string_view kForbiddenPrefixes[] = {"if-", "x-forwarded-"};

bool FoldedEqual(std::string_view name, std::string_view folded) {
  if (name.size() != folded.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (identity::StripSet::Fold(name[i]) != folded[i]) return false;
  }
  return true;
}

bool IsForbidden(const HeaderView& field) {
  if (field.id == HeaderId::kGrpcStatus) return false;
  // Every other field with an id of its own frames, routes or describes the message or the
  // connection.
  if (field.id != HeaderId::kOther) return true;
  for (std::string_view name : kForbidden) {
    if (FoldedEqual(field.name, name)) return true;
  }
  for (std::string_view prefix : kForbiddenPrefixes) {
    if (FoldedEqual(field.name.substr(0, prefix.size()), prefix)) return true;
  }
  return false;
}

}  // namespace

void ForwardRequestTrailers(const HeaderList& trailers, const identity::StripSet& strip,
                            HeaderList& out) {
  for (const HeaderView field : trailers) {
    if (!IsForbidden(field) && !strip.Contains(field.name)) out.Add(field.name, field.value);
  }
}

void ForwardResponseTrailers(const HeaderList& trailers, HeaderList& out) {
  for (const HeaderView field : trailers) {
    if (!IsForbidden(field)) out.Add(field.name, field.value);
  }
}

}  // namespace mantlet::http
