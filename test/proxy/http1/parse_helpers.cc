#include "test/proxy/http1/parse_helpers.h"

#include "proxy/http1/serializer.h"

namespace mantlet::http1::testing {
namespace {

std::string Fields(const http::HeaderList& list) {
  std::string text;
  for (const http::HeaderView field : list) {
    text += "|" + std::string(field.name) + ":" + std::string(field.value);
  }
  return text;
}

std::string FramingText(const http::Framing& framing) {
  switch (framing.kind) {
    case http::Framing::Kind::kNone:
      return "";
    case http::Framing::Kind::kContentLength:
      return " length=" + std::to_string(framing.length);
    case http::Framing::Kind::kChunked:
      return " chunked";
    case http::Framing::Kind::kUntilClose:
      return " until-close";
  }
  return " ?";
}

// Shared by both sinks. Body pieces are joined, because their boundaries are not specified.
struct Recorder {
  std::string text;
  std::string body;
  void Body(std::string_view piece) { body += piece; }
  void FlushBody() {
    if (!body.empty()) text += ">" + body + ">";
    body.clear();
  }
  void Trailers(const http::HeaderList& list) {
    FlushBody();
    text += Fields(list);
  }
  void End() {
    FlushBody();
    text += ".";
  }
};

struct RequestRecorder : http::RequestSink, Recorder {
  void OnRequestHead(http::RequestHead& head) override {
    text += head.method_text + " " + head.target + " " +
            std::string(http::VersionName(head.version)) + " host=" + head.authority +
            FramingText(head.framing) + (head.keep_alive ? "" : " close") +
            (head.expect_continue ? " expect" : "") +
            (head.wants_upgrade() ? " upgrade=" + head.upgrade : "") + Fields(head.headers);
  }
  void OnRequestBody(std::string_view piece) override { Body(piece); }
  void OnRequestTrailers(const http::HeaderList& list) override { Trailers(list); }
  void OnRequestEnd() override { End(); }
};

struct ResponseRecorder : http::ResponseSink, Recorder {
  void Head(const http::ResponseHead& head) {
    text += std::to_string(head.status) + " " + head.reason + " " +
            std::string(http::VersionName(head.version)) + FramingText(head.framing) +
            (head.keep_alive ? "" : " close") + Fields(head.headers);
  }
  void OnInterimResponse(http::ResponseHead& head) override {
    Head(head);
    text += "~";
  }
  void OnResponseHead(http::ResponseHead& head) override { Head(head); }
  void OnResponseBody(std::string_view piece) override { Body(piece); }
  void OnResponseTrailers(const http::HeaderList& list) override { Trailers(list); }
  void OnResponseEnd() override { End(); }
};

Transcript Finish(Recorder& recorder, const ParseResult& result, size_t consumed) {
  recorder.FlushBody();
  Transcript transcript{recorder.text, "", consumed};
  if (result.status == ParseResult::Status::kError) {
    transcript.text += "!" + std::to_string(base::FactsOf(result.error.reason).status);
    transcript.reason = std::string(result.error.detail);
  }
  return transcript;
}

}  // namespace

Transcript ParseRequests(const Pieces& pieces, const ParserLimits& limits) {
  RequestParser parser(limits);
  RequestRecorder recorder;
  ParseResult result;
  size_t consumed = 0;
  for (std::string_view piece : pieces) {
    // A copy of exactly this size, so that sanitizers detect a read past its end.
    const std::vector<char> copy(piece.begin(), piece.end());
    std::string_view rest(copy.data(), copy.size());
    while (!rest.empty()) {
      result = parser.Parse(rest, recorder);
      consumed += result.consumed;
      rest.remove_prefix(result.consumed);
      if (result.status == ParseResult::Status::kError) return Finish(recorder, result, consumed);
    }
  }
  return Finish(recorder, result, consumed);
}

Transcript ParseResponse(const Pieces& pieces, Asked asked, bool eof, const ParserLimits& limits) {
  ResponseParser parser(limits);
  parser.Begin(asked.method, asked.upgrade);
  ResponseRecorder recorder;
  ParseResult result;
  size_t consumed = 0;
  for (std::string_view piece : pieces) {
    const std::vector<char> copy(piece.begin(), piece.end());
    result = parser.Parse({copy.data(), copy.size()}, recorder);
    consumed += result.consumed;
    if (result.status != ParseResult::Status::kNeedMore) return Finish(recorder, result, consumed);
  }
  if (eof) result = parser.OnEof(recorder);
  return Finish(recorder, result, consumed);
}

std::vector<Transcript> EverySplit(std::string_view bytes,
                                   const std::function<Transcript(const Pieces&)>& parse) {
  std::vector<Transcript> transcripts = {parse({bytes})};
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    transcripts.push_back(parse({bytes.substr(0, cut), bytes.substr(cut)}));
  }
  Pieces single;
  for (size_t at = 0; at < bytes.size(); ++at) single.push_back(bytes.substr(at, 1));
  transcripts.push_back(parse(single));
  return transcripts;
}

void AppendChunk(std::string& out, std::string_view data) {
  if (data.empty()) return;  // an empty chunk would end the content
  AppendChunkHeader(out, data.size());
  out.append(data).append(kChunkEnd);
}

}  // namespace mantlet::http1::testing
