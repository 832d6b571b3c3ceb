// Request parsers that go round: a connection has one only while a request is under
// way, so that an idle connection costs none and a busy loop uses the same few, which
// the processor's caches hold. One pool per loop, used on its thread alone.

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
  // What is kept: so many, none that has grown on a larger head. Some 2 MiB at most.
  static constexpr size_t kMaxParsers = 256;
  static constexpr size_t kMaxHeadBytes = 4 * 1024;

  // IsReset() and with these limits.
  std::unique_ptr<RequestParser> Acquire(const ParserLimits& limits);
  // A IsReset() one. It remembers nothing of what it has read.
  void Release(std::unique_ptr<RequestParser> parser);

  // Frees those that nobody has: after a rush they hold pages here and there.
  void Clear() { free_.clear(); }

  size_t size() const { return free_.size(); }

 private:
  std::vector<std::unique_ptr<RequestParser>> free_;
};

}  // namespace mantlet::http1

#endif  // MANTLET_PROXY_HTTP1_PARSER_POOL_H_
