#include "test/bench/upstream/exchange.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mantlet::bench {
namespace {

std::string Response(std::string_view body) {
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/octet-stream\r\n"
      "Content-Length: ",
      body.size(), "\r\n\r\n", std::string(body));
}

bool IsField(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         absl::EqualsIgnoreCase({line.data(), name.size()}, {name.data(), name.size()});
}

std::string_view ValueOf(std::string_view line) {
  line.remove_prefix(line.find(':') + 1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return line;
}

}  // namespace

Answers::Answers()
    : small_(Response(std::string(100, 's'))),
      medium_(Response(std::string(16 * 1024, 'm'))),
      large_(Response(std::string(1024 * 1024, 'l'))),
      empty_(Response("")) {}

const std::string& Answers::For(std::string_view path) const {
  if (path == "/100") return small_;
  if (path == "/16k") return medium_;
  if (path == "/1m") return large_;
  return empty_;
}

std::string_view Answers::ContentFor(std::string_view path) const {
  const std::string_view response = For(path);
  return response.substr(response.find("\r\n\r\n") + 4);
}

Exchange::Result Exchange::Read(std::string_view bytes) {
  Result result;
  while (!bytes.empty() && result.ok) {
    if (state_ != State::kHead) {
      if (SkipBody(bytes)) {
        Answer(request_, request_, result);
        state_ = State::kHead;
      }
      continue;
    }
    std::string_view head = bytes;
    const size_t before = head_.size();
    if (before > 0) {
      head_.append(bytes);
      head = head_;
    }
    const size_t end = head.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (before == 0) head_.assign(bytes);
      break;
    }
    bytes.remove_prefix(end + 4 - before);
    result.ok = ParseHead(head.substr(0, end + 2), result);
    head_.clear();
  }
  result.close = close_;
  return result;
}

bool Exchange::ParseHead(std::string_view head, Result& result) {
  left_ = 0;
  bool chunked = false;
  const size_t first = head.find("\r\n");
  for (size_t at = first; at + 2 < head.size();) {
    const size_t end = head.find("\r\n", at + 2);
    const std::string_view line = head.substr(at + 2, end - at - 2);
    // One letter decides for nearly every line.
    const char c = line.empty() ? ' ' : static_cast<char>(line[0] | 0x20);
    if (c == 'c' && IsField(line, "content-length")) {
      const std::string_view value = ValueOf(line);
      if (std::from_chars(value.data(), value.data() + value.size(), left_).ec != std::errc()) {
        return false;
      }
    } else if (c == 'c' && IsField(line, "connection")) {
      const std::string_view value = ValueOf(line);
      close_ |= absl::EqualsIgnoreCase({value.data(), value.size()}, "close");
    } else if (c == 't' && IsField(line, "transfer-encoding")) {
      chunked = true;
    }
    at = end;
  }
  if (left_ == 0 && !chunked) {
    Answer(head, head, result);
    return true;
  }
  request_.assign(head);
  state_ = chunked ? State::kChunkSize : State::kBody;
  return true;
}

void Exchange::Answer(std::string_view target, std::string_view head, Result& result) {
  target = target.substr(0, target.find("\r\n"));
  target.remove_prefix(std::min(target.find(' ') + 1, target.size()));
  target = target.substr(0, target.find(' '));
  ++result.requests;
  // /echo shows what has reached us, for whoever wants to see what a proxy adds.
  if (target == "/echo") {
    result.own.append(result.prepared);
    result.prepared = {};
    result.own.append(Response(head));
    return;
  }
  if (!result.prepared.empty()) result.own.append(result.prepared);
  result.prepared = answers_->For(target);
}

bool Exchange::SkipBody(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kBody || state_ == State::kChunkData) {
      const uint64_t n = std::min<uint64_t>(left_, bytes.size());
      left_ -= n;
      bytes.remove_prefix(n);
      if (left_ > 0) return false;
      if (state_ == State::kBody) return true;
      state_ = State::kChunkSize;
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (c == '\r') continue;
    if (c != '\n') {
      head_.push_back(c);
      continue;
    }
    const std::string line = std::move(head_);
    head_.clear();
    if (state_ == State::kTrailers) {
      if (line.empty()) return true;
      continue;
    }
    left_ = 0;
    std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    if (left_ == 0) {
      state_ = State::kTrailers;
    } else {
      left_ += 2;  // and the CRLF after the data
      state_ = State::kChunkData;
    }
  }
  return false;
}

}  // namespace mantlet::bench
