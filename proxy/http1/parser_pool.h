// ParserPool lends request parsers to connections while a request is in flight. So an idle
// connection has no parser, and a busy loop reuses a few, which stay in the processor's caches. One
// pool per loop, used on its thread only.

#ifndef MANTLET_PROXY_HTTP1_PARSER_POOL_H_
#define MANTLET_PROXY_HTTP1_PARSER_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/http1/parse_result.h"
#include "proxy/http1/request_parser.h"

namespace mantlet::http1 {

class ParserPool {
 public:
  // The pool keeps at most this many parsers, and none that has grown for a larger head: about 2
  // MiB at most.
  static constexpr size_t kMaxParsers = 256;
  static constexpr size_t kMaxHeadBytes = 4 * 1024;

  // Returns a parser in its initial state (IsReset()) with these limits.
  std::unique_ptr<RequestParser> Acquire(const ParserLimits& limits);
  // Returns `parser`, which must be IsReset(). What it has read is erased.
  void Release(std::unique_ptr<RequestParser> parser);

  // Frees the parsers that are not in use: after a load peak they occupy scattered pages.
  void Clear() { free_.clear(); }

  size_t size() const { return free_.size(); }

 private:
  std::vector<std::unique_ptr<RequestParser>> free_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_PARSER_POOL_H_
