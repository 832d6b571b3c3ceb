#include "proxy/http1/parser_pool.h"

#include <utility>

namespace mantlet::http1 {

std::unique_ptr<RequestParser> ParserPool::Acquire(const ParserLimits& limits) {
  if (free_.empty()) return std::make_unique<RequestParser>(limits);
  std::unique_ptr<RequestParser> parser = std::move(free_.back());
  free_.pop_back();
  parser->Reset(limits);
  return parser;
}

void ParserPool::Release(std::unique_ptr<RequestParser> parser) {
  const http::RequestHead& head = parser->head();
  if (free_.size() >= kMaxParsers) return;
  if (head.target.size() + head.headers.bytes() > kMaxHeadBytes) return;
  // Reset now, not at the next Acquire(), so that header values do not stay in memory.
  parser->Reset({});
  free_.push_back(std::move(parser));
}

}  // namespace mantlet::http1
