// The server's side of one connection as a value: bytes in, bytes out. Reads HTTP/1.1
// requests, one after the other, as fast as it can be done and no stricter than that:
// its clients are the proxies under measurement.

#ifndef MANTLET_TEST_BENCH_UPSTREAM_EXCHANGE_H_
#define MANTLET_TEST_BENCH_UPSTREAM_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::bench {

// Answers that are made once.
class Answers {
 public:
  Answers();

  // For the path of a request: /100, /16k and /1m are so many bytes; everything else
  // is an empty answer.
  const std::string& For(std::string_view path) const;
  // The same without the head.
  std::string_view ContentFor(std::string_view path) const;

 private:
  std::string small_, medium_, large_, empty_;
};

class Exchange {
 public:
  explicit Exchange(const Answers& answers) : answers_(&answers) {}

  struct Result {
    bool ok = true;      // false: not HTTP; close the connection
    bool close = false;  // the client wants it closed after what is to be sent
    uint64_t requests = 0;
    // What to send, in this order; `prepared` stays valid as long as the Answers.
    std::string own;
    std::string_view prepared;
  };

  // Takes the next bytes. Request bodies are read and forgotten. A client that does not
  // wait for its answers gets those in `own` that do not fit into `prepared`.
  Result Read(std::string_view bytes);

 private:
  bool ParseHead(std::string_view head, Result& result);
  void Answer(std::string_view target, std::string_view head, Result& result);
  // Takes bytes of the body; false: it is not over.
  bool SkipBody(std::string_view& bytes);

  enum class State { kHead, kBody, kChunkSize, kChunkData, kTrailers };
  const Answers* answers_;
  State state_ = State::kHead;
  std::string head_;     // an incomplete head, or a chunk's line
  std::string request_;  // the head whose body is being read
  uint64_t left_ = 0;
  bool close_ = false;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_UPSTREAM_EXCHANGE_H_
