#include "proxy/http1/message_reader.h"

#include <algorithm>

#include "proxy/http1/field_line.h"

namespace mantlet::http1 {

using base::ErrorReason;

namespace {

// Room for the rest of a start line: method, version, spaces.
constexpr size_t kStartLineExtra = 64;
constexpr ParseError kDisagreement = {ErrorReason::kBadRequest,
                                      "the end of the message can be read in two ways"};

}  // namespace

MessageReader::MessageReader(MessageKind kind, const ParserLimits& limits, std::string& target,
                             std::string& reason, http::HeaderList& headers)
    : limits_(limits),
      headers_(headers),
      section_(kind, limits_),
      chunks_(kind, limits_),
      llhttp_(kind, {target, reason, headers, trailers_, *this}) {}

ParseResult MessageReader::Fail(const ParseError& error) {
  Reject(error);
  return {ParseResult::Status::kError, 0, error_};
}

bool MessageReader::Reject(const ParseError& error) {
  if (state_ != State::kFailed) error_ = error;
  state_ = State::kFailed;
  return false;
}

ParseResult MessageReader::Read(std::string_view bytes) {
  if (state_ == State::kFailed) return Fail(error_);
  std::string_view rest = bytes;
  while (!rest.empty() && state_ != State::kDone) {
    if (!Step(rest)) return {ParseResult::Status::kError, bytes.size() - rest.size(), error_};
  }
  const size_t consumed = bytes.size() - rest.size();
  if (state_ != State::kDone) return {ParseResult::Status::kNeedMore, consumed, {}};
  state_ = State::kIdle;
  return {ParseResult::Status::kMessageEnd, consumed, {}};
}

ParseResult MessageReader::ReadEof() {
  if (state_ != State::kUntilClose)
    return Fail({ErrorReason::kBadRequest, "the connection ended inside a message"});
  OnEnd();
  state_ = State::kIdle;
  return {ParseResult::Status::kMessageEnd, 0, {}};
}

bool MessageReader::Step(std::string_view& bytes) {
  switch (state_) {
    case State::kIdle:
      BeginMessage();
      return true;
    case State::kStartLine:
      return ReadStartLine(bytes);
    case State::kHead:
      return ReadHead(bytes);
    case State::kFixedBody:
      return ReadFixedBody(bytes);
    case State::kChunks:
      return ReadChunks(bytes);
    case State::kTrailers:
      return ReadTrailers(bytes);
    case State::kUntilClose:
      return ReadUntilClose(bytes);
    case State::kDone:
    case State::kFailed:
      break;
  }
  return false;
}

void MessageReader::BeginMessage() {
  OnMessageBegin();
  trailers_.Clear();
  line_.clear();
  llhttp_.Begin();
  section_.BeginHead();
  state_ = State::kStartLine;
}

bool MessageReader::Feed(std::string_view bytes) {
  return llhttp_.Feed(bytes) || Reject(llhttp_.error());
}

// Buffers the start line until it is complete, so that it is checked as a whole however it is
// split.
bool MessageReader::ReadStartLine(std::string_view& bytes) {
  const size_t room = limits_.target_bytes + kStartLineExtra - line_.size();
  const SectionScanner::Outcome scan = section_.Scan(bytes.substr(0, room));
  if (scan.event == SectionScanner::Event::kError) return Reject(scan.error);
  if (scan.event == SectionScanner::Event::kMore && bytes.size() > room) {
    return Reject({ErrorReason::kUriTooLong, "start line too long"});
  }
  std::string_view line = bytes.substr(0, scan.consumed);
  bytes.remove_prefix(scan.consumed);
  if (scan.event == SectionScanner::Event::kMore || !line_.empty()) {
    line_.append(line);
    line = line_;
  }
  if (scan.event == SectionScanner::Event::kMore) return true;
  if (section_.ends_with_lf()) {
    if (line_.empty()) line_.assign(line);
    line_.back() = '\r';
    line_.push_back('\n');
    line = line_;
  }
  if (const auto error = OnStartLine(line.substr(0, line.size() - 2))) return Reject(*error);
  state_ = State::kHead;
  return llhttp_.FeedStartLine(line) || Reject(llhttp_.error());
}

// llhttp does not see these lines; it would return to the same state after each of them.
void MessageReader::TakePlainFields(std::string_view& bytes) {
  while (section_.at_field() && !section_.ends_with_lf()) {
    const FieldLine field = ReadPlainField(bytes);
    if (field.line.empty()) return;
    const http::HeaderId id = http::IdentifyHeader(field.name);
    if (DecidesFraming(id) || !section_.Skip(field.line.size())) return;
    llhttp_.EndField();
    headers_.AddLine(id, field.line, field.name.size(), field.value);
    bytes.remove_prefix(field.line.size());
  }
}

// Feeds the rest of a header line, or a part of it.
bool MessageReader::FeedHeadLine(std::string_view bytes, bool line_end) {
  if (!line_end || !section_.ends_with_lf()) return Feed(bytes);
  bytes.remove_suffix(1);
  return Feed(bytes) && Feed("\r\n");
}

bool MessageReader::ReadHead(std::string_view& bytes) {
  TakePlainFields(bytes);
  const SectionScanner::Outcome scan = section_.Scan(bytes);
  if (scan.event == SectionScanner::Event::kError) return Reject(scan.error);
  const bool line_end = scan.event != SectionScanner::Event::kMore;
  if (!FeedHeadLine(bytes.substr(0, scan.consumed), line_end)) return false;
  bytes.remove_prefix(scan.consumed);
  const bool end = scan.event == SectionScanner::Event::kEnd;
  if (end != llhttp_.headers_complete()) return Reject(kDisagreement);
  return !end || HeadComplete();
}

bool MessageReader::HeadComplete() {
  if (headers_.size() != section_.fields()) return Reject(kDisagreement);
  if (llhttp_.bad_name())
    return Reject({ErrorReason::kBadRequest, "an invalid character in the name of a header field"});
  const HeadVerdict verdict = OnHead(llhttp_);
  if (verdict.error) return Reject(*verdict.error);
  if (verdict.interim) {
    BeginMessage();
    return true;
  }
  return EnterBody(verdict.framing);
}

bool MessageReader::EnterBody(const http::Framing& framing) {
  switch (framing.kind) {
    case http::Framing::Kind::kNone:
      return End();
    case http::Framing::Kind::kContentLength:
      remaining_ = framing.length;
      state_ = State::kFixedBody;
      return remaining_ > 0 || End();
    case http::Framing::Kind::kChunked:
      chunks_.Begin();
      state_ = State::kChunks;
      return true;
    case http::Framing::Kind::kUntilClose:
      state_ = State::kUntilClose;
      return true;
  }
  return false;
}

bool MessageReader::End() {
  OnEnd();
  state_ = State::kDone;
  return true;
}

bool MessageReader::ReadFixedBody(std::string_view& bytes) {
  const size_t taken = static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size()));
  const uint64_t before = llhttp_.body_bytes();
  if (!Feed(bytes.substr(0, taken))) return false;
  bytes.remove_prefix(taken);
  remaining_ -= taken;
  if (llhttp_.body_bytes() - before != taken) return Reject(kDisagreement);
  if ((remaining_ == 0) != llhttp_.message_complete()) return Reject(kDisagreement);
  return remaining_ > 0 || End();
}

bool MessageReader::ReadChunks(std::string_view& bytes) {
  const ChunkScanner::Outcome scan = chunks_.Scan(bytes);
  if (scan.event == ChunkScanner::Event::kError) return Reject(scan.error);
  if (!Feed(bytes.substr(0, scan.consumed))) return false;
  bytes.remove_prefix(scan.consumed + scan.skipped);
  if (llhttp_.body_bytes() != chunks_.data_bytes()) return Reject(kDisagreement);
  if (llhttp_.message_complete()) return Reject(kDisagreement);
  if (scan.event == ChunkScanner::Event::kLastChunk) {
    section_.BeginTrailers();
    state_ = State::kTrailers;
  }
  return true;
}

bool MessageReader::ReadTrailers(std::string_view& bytes) {
  const SectionScanner::Outcome scan = section_.Scan(bytes);
  if (scan.event == SectionScanner::Event::kError) return Reject(scan.error);
  if (!Feed(bytes.substr(0, scan.consumed))) return false;
  bytes.remove_prefix(scan.consumed);
  const bool end = scan.event == SectionScanner::Event::kEnd;
  if (end != llhttp_.message_complete()) return Reject(kDisagreement);
  if (!end) return true;
  if (trailers_.size() != section_.fields()) return Reject(kDisagreement);
  if (llhttp_.bad_name())
    return Reject(
        {ErrorReason::kBadRequest, "an invalid character in the name of a trailer field"});
  if (!trailers_.empty()) OnTrailers(trailers_);
  return End();
}

bool MessageReader::ReadUntilClose(std::string_view& bytes) {
  const uint64_t before = llhttp_.body_bytes();
  if (!Feed(bytes)) return false;
  if (llhttp_.body_bytes() - before != bytes.size()) return Reject(kDisagreement);
  bytes.remove_prefix(bytes.size());
  return true;
}

}  // namespace mantlet::http1
