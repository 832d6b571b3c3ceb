#include "test/bench/load/response_reader.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/match.h"

namespace mantlet::bench {
namespace {

constexpr size_t kMaxHead = 64 * 1024;

// The value of `line` if it is the field `name`, else an empty view.
std::string_view ValueOf(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  if (!absl::EqualsIgnoreCase({line.data(), name.size()}, {name.data(), name.size()})) return {};
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return line;
}

}  // namespace

bool ResponseReader::ParseHead(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return false;
  status_ = 0;
  std::from_chars(head.data() + 9, head.data() + 12, status_);
  left_ = 0;
  chunked_ = false;
  keep_alive_ = true;
  bool framed = status_ < 200 || status_ == 204 || status_ == 304;
  for (size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const size_t end = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, end - at - 2);
    if (const std::string_view length = ValueOf(line, "content-length"); !length.empty()) {
      std::from_chars(length.data(), length.data() + length.size(), left_);
      framed = true;
    } else if (ValueOf(line, "transfer-encoding") == "chunked") {
      chunked_ = framed = true;
    } else if (ValueOf(line, "connection") == "close") {
      keep_alive_ = false;
    }
    at = end;
  }
  return framed;
}

ResponseReader::Status ResponseReader::Done(std::string_view rest) {
  state_ = State::kHead;
  head_.clear();
  return rest.empty() ? Status::kDone : Status::kMalformed;
}

ResponseReader::Status ResponseReader::Read(std::string_view bytes) {
  if (state_ == State::kHead) {
    std::string_view head = bytes;
    size_t before = head_.size();
    if (before > 0) {
      head_.append(bytes);
      head = head_;
    }
    const size_t end = head.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (before == 0) head_.assign(bytes);
      return head_.size() > kMaxHead ? Status::kMalformed : Status::kMore;
    }
    if (!ParseHead(head.substr(0, end + 2))) return Status::kMalformed;
    bytes.remove_prefix(end + 4 - before);
    head_.clear();
    if (status_ < 200) return bytes.empty() ? Status::kMore : Read(bytes);
    state_ = chunked_ ? State::kChunkSize : State::kBody;
  }
  if (chunked_) return ReadChunks(bytes);
  const uint64_t n = std::min<uint64_t>(left_, bytes.size());
  left_ -= n;
  return left_ > 0 ? Status::kMore : Done(bytes.substr(n));
}

ResponseReader::Status ResponseReader::ReadChunks(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kChunkData || state_ == State::kChunkEnd) {
      const uint64_t n = std::min<uint64_t>(left_, bytes.size());
      left_ -= n;
      bytes.remove_prefix(n);
      if (left_ > 0) return Status::kMore;
      if (state_ == State::kChunkEnd) {
        state_ = State::kChunkSize;
      } else {
        state_ = State::kChunkEnd;
        left_ = 2;  // CRLF after the data
      }
      continue;
    }
    // A line: a chunk's size or a trailer.
    const char c = bytes.front();
    bytes.remove_prefix(1);
    head_.push_back(c);
    if (head_.size() > kMaxHead) return Status::kMalformed;
    if (!head_.ends_with("\r\n")) continue;
    if (state_ == State::kTrailers) {
      const bool last = head_.size() == 2;
      head_.clear();
      if (last) return Done(bytes);
      continue;
    }
    const char* const begin = head_.data();
    if (std::from_chars(begin, begin + head_.size(), left_, 16).ptr == begin) {
      return Status::kMalformed;
    }
    state_ = left_ == 0 ? State::kTrailers : State::kChunkData;
    head_.clear();
  }
  return Status::kMore;
}

}  // namespace mantlet::bench
