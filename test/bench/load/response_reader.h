// Finds the end of HTTP/1.1 responses, and no more than that: cheap, for a client
// that knows its server. Content-Length and chunked; 1xx heads are passed over.

#ifndef MANTLET_TEST_BENCH_LOAD_RESPONSE_READER_H_
#define MANTLET_TEST_BENCH_LOAD_RESPONSE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::bench {

class ResponseReader {
 public:
  enum class Status { kMore, kDone, kMalformed };

  // Takes the next bytes of a response. kDone: it is complete and `status()` is its own;
  // the reader is ready for the next one. Bytes beyond the end are kMalformed: nobody
  // asked for a second response.
  Status Read(std::string_view bytes);

  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  // Whether anything of the response has come yet.
  bool idle() const { return state_ == State::kHead && head_.empty(); }

 private:
  enum class State { kHead, kBody, kChunkSize, kChunkData, kChunkEnd, kTrailers };

  bool ParseHead(std::string_view head);
  Status ReadChunks(std::string_view bytes);
  Status Done(std::string_view rest);

  State state_ = State::kHead;
  std::string head_;  // an incomplete head or chunk size line
  uint64_t left_ = 0;
  bool chunked_ = false;
  bool keep_alive_ = true;
  int status_ = 0;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_RESPONSE_READER_H_
