// Runs a parser over bytes in memory, in pieces of any size, and records its events as text, so
// that a test case is one line.

#ifndef MANTLET_TEST_PROXY_HTTP1_PARSE_HELPERS_H_
#define MANTLET_TEST_PROXY_HTTP1_PARSE_HELPERS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"

namespace mantlet::http1::testing {

// Appends one chunk (RFC 9112 section 7.1), as a peer that forwards content writes it.
void AppendChunk(std::string& out, std::string_view data);

// The transcript of one request is "GET / HTTP/1.1 host=h length=5 close|Host:h|A:b|>body>|T:v|.",
// where the parts after the head appear if they were reported and "." is the end of the message.
// Requests follow each other; "!400" is an error with its status.
struct Transcript {
  std::string text;
  std::string reason;  // of the error
  size_t consumed = 0;
  bool failed() const { return !reason.empty(); }
};

using Pieces = std::vector<std::string_view>;

Transcript ParseRequests(const Pieces& pieces, const ParserLimits& limits = {});

struct Asked {
  http::Method method = http::Method::kGet;
  bool upgrade = false;
};
// Stops after the first final response; `consumed` has the position. If `eof` is true, the
// connection then ends.
Transcript ParseResponse(const Pieces& pieces, Asked asked = {}, bool eof = false,
                         const ParserLimits& limits = {});

// Calls `parse` with the bytes whole, split at every position, and one by one. Returns the
// transcripts, which should all be equal.
std::vector<Transcript> EverySplit(std::string_view bytes,
                                   const std::function<Transcript(const Pieces&)>& parse);

}  // namespace mantlet::http1::testing

#endif  // MANTLET_TEST_PROXY_HTTP1_PARSE_HELPERS_H_
