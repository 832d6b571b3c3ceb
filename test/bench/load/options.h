// What the load generator is to do, from its command line.

#ifndef MANTLET_TEST_BENCH_LOAD_OPTIONS_H_
#define MANTLET_TEST_BENCH_LOAD_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::bench {

enum class Mode {
  kHandshake,  // closed loop of: connect, handshake, one request, close
  kKeepAlive,  // closed loop of requests over connections that stay open
  kRate,       // open loop: requests at moments that do not wait for answers
  kIdle,       // connections that have had one request, held until told
  kFirst,      // tries until somebody answers, and says when that was
};

struct Options {
  Mode mode = Mode::kKeepAlive;
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string sni = "localhost";
  std::string certificate, key;  // PEM files; chain with the leaf first
  bool tls12 = false;            // TLS 1.2 only; otherwise 1.3 only
  bool resume = false;           // offer the newest session
  int connections = 1;
  double seconds = 1;
  double rate = 0;     // kRate: requests per second, all connections together
  bool fresh = false;  // kRate: a new connection for each request
  double window = 0;   // kRate: seconds; report each stretch of so long by itself, too
  bool wait = false;   // obey commands on stdin instead of starting at once
  std::string path = "/100";
  size_t headers = 0;        // additional request headers
  size_t header_bytes = 60;  // of each, CRLF included
  uint64_t upload = 0;       // bytes of a request body; 0: GET without one
  int streams = 0;           // HTTP/2, so many requests at a time on each connection; 0: HTTP/1.1
  bool grpc = false;         // HTTP/2: ask as gRPC does, and want its trailers
  int upstream_fd = -1;      // be the upstream, too, on this listening socket
  int sources = 8;           // client addresses 127.0.0.1 and up, so that ports do not run out
};

// One line per option, for --help.
std::string Usage();
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

// The request headers that --headers adds, as names and values.
std::vector<std::pair<std::string, std::string>> AdditionalHeaders(const Options& options);
// The head of the request that they ask for.
std::string RequestHead(const Options& options);

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_OPTIONS_H_
