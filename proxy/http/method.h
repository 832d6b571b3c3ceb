// The request methods (RFC 9110 section 9) that mantlet treats specially or names in metrics. All
// others are kOther; their text is kept beside it.

#ifndef MANTLET_PROXY_HTTP_METHOD_H_
#define MANTLET_PROXY_HTTP_METHOD_H_

#include <cstdint>
#include <string_view>

namespace mantlet::http {

enum class Method : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
  kOther,
};

// Returns the method. Letter case is significant (RFC 9110 section 9.1).
Method ParseMethod(std::string_view text);
// Returns whether the method is idempotent (RFC 9110 section 9.2.2): a request may be sent again
// without the client's consent.
bool IsIdempotent(Method method);
// Returns whether the method is safe (RFC 9110 section 9.2.1), that is, read-only.
bool IsSafe(Method method);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_METHOD_H_
