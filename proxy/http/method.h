// Request methods (RFC 9110 section 9): those that mantlet treats specially or
// names in metrics. Any other keeps its text beside kOther.

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

// Letter case matters, as RFC 9110 section 9.1 says.
Method ParseMethod(std::string_view text);
// RFC 9110 section 9.2.2: may be sent a second time without the client's word.
bool IsIdempotent(Method method);
// RFC 9110 section 9.2.1: asks for nothing to change.
bool IsSafe(Method method);

}  // namespace mantlet::http

#endif  // MANTLET_PROXY_HTTP_METHOD_H_
