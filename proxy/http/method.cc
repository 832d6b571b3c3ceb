#include "proxy/http/method.h"

namespace mantlet::http {
namespace {

// The names in the order of the enumeration, without kOther.
constexpr std::string_view kNames[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                       "CONNECT", "OPTIONS", "TRACE", "PATCH"};

}  // namespace

Method ParseMethod(std::string_view text) {
  for (int i = 0; i < static_cast<int>(Method::kOther); ++i) {
    if (kNames[i] == text) return static_cast<Method>(i);
  }
  return Method::kOther;
}

bool IsSafe(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions ||
         method == Method::kTrace;
}

bool IsIdempotent(Method method) {
  return IsSafe(method) || method == Method::kPut || method == Method::kDelete;
}

}  // namespace mantlet::http
