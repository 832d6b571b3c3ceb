// Runs a parser over bytes in memory, in pieces of any size, and writes down
// what it reported, so that a test case is one line of text.

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

// One request: "GET / HTTP/1.1 host=h length=5 close|Host:h|A:b|>body>|T:v|." where
// the parts after the head appear if they were reported; "." is the end of the
// message. Requests follow each other; "!400" is an error with its status.
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
// Stops behind the first final response: consumed tells where. `eof`: then the
// connection ends.
Transcript ParseResponse(const Pieces& pieces, Asked asked = {}, bool eof = false,
                         const ParserLimits& limits = {});

// Calls `parse` with the bytes whole, cut in two at every place, and one by one;
// returns the transcripts, all of which should be the same.
std::vector<Transcript> EverySplit(std::string_view bytes,
                                   const std::function<Transcript(const Pieces&)>& parse);

}  // namespace mantlet::http1::testing

#endif  // MANTLET_TEST_PROXY_HTTP1_PARSE_HELPERS_H_
