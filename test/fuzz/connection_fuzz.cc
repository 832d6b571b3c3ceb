// A whole client connection as a sequence of events: what the client and the upstreams send, cut
// anywhere, their ends and failures, time, reloads and the drain. Two strict readers of HTTP/1 and
// of HTTP/2 frames, which share no code with mantlet, say at the end what may have come of them:
//
// - an upstream gets only whole heads of requests that the client sent, with their content or its
//   beginning, and none of them more often than a retry permits;
// - a client gets only responses that an upstream gave, and none looks complete that is not;
// - no client's header of the identity family reaches an upstream;
// - everything ends: after the last event the connection, and after it those to upstreams.

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/fuzz/connection_world.h"
#include "test/fuzz/fuzz_input.h"
#include "test/fuzz/received_responses.h"
#include "test/fuzz/strict_http1.h"
#include "test/proxy/http2/frames.h"

namespace mantlet::fuzz {
namespace {

namespace h2 = http2::testing;

constexpr size_t kMostEvents = 200;
constexpr std::array<int64_t, 8> kTimes = {1, 60, 250, 1100, 3100, 16'000, 61'000, 80'000};
constexpr std::array<size_t, 6> kRooms = {0, 1, 10, 100, 5000, SIZE_MAX};
constexpr uint32_t kErrorCodes = 14;

// What an upstream said in a response that has a mark.
struct Said {
  std::string content;
  bool complete = false;
};

class Sequence {
 public:
  explicit Sequence(uint8_t options)
      : http2_client_((options & 1) != 0),
        h2c_upstream_((options & 2) != 0),
        world_({http2_client_ ? config::HttpProtocol::kHttp2 : config::HttpProtocol::kHttp1,
                h2c_upstream_}) {
    if ((options & 4) != 0) world_.listener.limits.body_bytes = 20;
    if ((options & 8) != 0) world_.listener.limits.requests_per_connection = 2;
    if ((options & 12) != 0) world_.Apply();
    if (http2_client_) ClientSends(h2::Opening());
  }

  void Event(Input& input) {
    const uint8_t kind = input.Byte();
    const uint8_t detail = input.Byte();
    switch (kind % 16) {
      case 0:
        raw_client_ = true;
        ClientSends(input.Text());
        break;
      case 1:
      case 2:
        http2_client_ ? ClientFrames(detail) : ClientRequest(detail);
        break;
      case 3:
        if ((detail & 1) != 0) {
          world_.client->ArriveEnd();
        } else {
          world_.client->Break(io::StreamFailure::kReset);
        }
        break;
      case 4:
        world_.client->Take(kRooms[detail % kRooms.size()]);
        break;
      case 5:
        if (io::Wire* wire = Upstream(detail)) {
          raw_upstreams_.insert(wire);
          UpstreamSays(*wire, input.Text());
        }
        break;
      case 6:
      case 7:
      case 8:
        if (io::Wire* wire = Upstream(detail & 3)) {
          h2c_upstream_ ? UpstreamFrames(*wire, detail >> 2) : UpstreamResponse(*wire, detail >> 2);
        }
        break;
      case 9:
        if (io::Wire* wire = Upstream(detail & 3)) {
          if ((detail & 4) != 0) {
            wire->ArriveEnd();
          } else {
            wire->Break(io::StreamFailure::kReset);
          }
        }
        break;
      case 10:
        if (io::Wire* wire = Upstream(detail & 3)) {
          wire->Take(kRooms[(detail >> 2) % kRooms.size()]);
        }
        break;
      case 11:
      case 12:
        world_.Pass(kTimes[detail % kTimes.size()]);
        break;
      case 13:
        Reload(detail);
        break;
      case 14:
        world_.upstream().failure.reset();
        if ((detail & 1) != 0) world_.upstream().failure = io::StreamFailure::kConnectRefused;
        break;
      case 15:
        Interfere(detail);
        break;
    }
    world_.client->Deliver();
    for (const auto& wire : world_.upstream().wires) wire->Deliver();
    world_.Run();
  }

  void Finish(bool silent) {
    if (!silent) world_.client->Break(io::StreamFailure::kReset);
    // No timeout is longer than an hour, and some follow each other.
    for (int i = 0; i < 4000 && world_.connection != nullptr; ++i) world_.Pass(10'000);
    Require(world_.connection == nullptr, "a connection that never ends");
    for (int i = 0; i < 20; ++i) world_.Pass(10'000);
    for (const auto& wire : world_.upstream().wires) {
      Require(!wire->open, "a connection to an upstream that never ends");
    }
    for (const auto& wire : world_.upstream().wires) {
      if (!h2c_upstream_) ReadUpstream(*wire);
    }
    CheckRetries();
    CheckResponses();
  }

 private:
  io::Wire* Upstream(size_t number) {
    const auto& wires = world_.upstream().wires;
    return number < wires.size() ? wires[wires.size() - 1 - number].get() : nullptr;
  }

  // ---- the client

  void ClientSends(std::string_view bytes) {
    if (world_.client->end_arrived || !world_.client->open) return;
    sent_ += bytes;
    world_.client->Arrive(bytes);
  }
  void ClientRequest(uint8_t detail) {
    const std::string path = "/" + std::to_string(++number_);
    const std::string host = "Host: a\r\n";
    switch (detail % 10) {
      case 0:
        return ClientSends("GET " + path + " HTTP/1.1\r\n" + host + "\r\n");
      case 1:
        return ClientSends("POST " + path + " HTTP/1.1\r\n" + host +
                           "Content-Length: 5\r\n\r\nhello");
      case 2:
        return ClientSends("POST " + path + " HTTP/1.1\r\n" + host +
                           "Transfer-Encoding: chunked\r\n\r\n");
      case 3:
        return ClientSends("3;x=y\r\nabc\r\n");
      case 4:
        return ClientSends("0\r\nx-trailer: 1\r\nx-forwarded-client-cert: By=evil\r\n\r\n");
      case 5:
        return ClientSends("HEAD " + path + " HTTP/1.1\r\n" + host + "\r\n");
      case 6:
        return ClientSends("GET " + path + " HTTP/1.1\r\n" + host +
                           "Connection: Upgrade\r\nUpgrade: x\r\n\r\n");
      case 7:
        return ClientSends("PUT " + path + " HTTP/1.1\r\n" + host +
                           "X_Forwarded-Client.Cert: By=evil\r\nExpect: 100-continue\r\n"
                           "Content-Length: 8\r\n\r\n");
      case 8:
        return ClientSends("GET " + path + " HTTP/1.0\r\n\r\n");
      case 9:
        return ClientSends("PUT " + path + " HTTP/1.1\r\n" + host +
                           "Connection: close\r\nContent-Length: 4\r\n\r\nlast");
    }
  }
  void ClientFrames(uint8_t detail) {
    const uint32_t id = 2 * (detail >> 4) + 1;
    const auto number = static_cast<uint32_t>(++number_);
    Message& request = streams_[id];
    const bool open = !request.method.empty();
    const std::string path = "/" + std::to_string(number);
    const auto begin = [&](const char* method, bool last, const h2::Fields& more = {}) {
      if (open || id < newest_stream_) raw_client_ = true;  // whatever comes of that
      newest_stream_ = std::max(newest_stream_, id);
      request = Message();
      request.method = method;
      request.target = path;
      request.complete = last;
      ClientSends(
          h2::Headers(id, h2::Request(method, path, more), last ? h2::kWhole : h2::kEndHeaders));
    };
    switch (detail % 11) {
      case 0:
        return begin("GET", true);
      case 1:
        return begin("POST", false, {{"x-forwarded-client-cert", "By=evil"}});
      case 2:
        return begin("PUT", false, {{"content-length", "6"}});
      case 3:
      case 4: {
        const bool last = detail % 11 == 4;
        if (open && !request.complete) request.content += "abc";
        request.complete = request.complete || last;
        return ClientSends(h2::Data(id, "abc", last ? h2::kEndStream : 0));
      }
      case 5:
        return ClientSends(h2::RstStream(id, number % kErrorCodes));
      case 6:
        return ClientSends(h2::WindowUpdate(number % 2 == 0 ? id : 0, number));
      case 7:
        return ClientSends(h2::Setting(4, number % 3 == 0 ? 0 : number));  // INITIAL_WINDOW_SIZE
      case 8:
        return ClientSends(h2::Ping());
      case 9:
        return ClientSends(h2::Goaway(0, number % kErrorCodes));
      case 10:
        if (open) request.complete = true;
        return ClientSends(h2::Headers(id, {{"x-trailer", "1"}, {"x_forwarded_client_cert", "x"}}));
    }
  }

  // ---- the upstreams

  void UpstreamSays(io::Wire& wire, std::string_view bytes) {
    if (wire.end_arrived || !wire.open) return;
    said_[&wire] += bytes;
    wire.Arrive(bytes);
  }
  void UpstreamResponse(io::Wire& wire, uint8_t detail) {
    const std::string mark = "X-Mark: " + std::to_string(++number_) + "\r\n";
    switch (detail % 11) {
      case 0:
        return UpstreamSays(wire, "HTTP/1.1 200 OK\r\n" + mark + "Content-Length: 4\r\n\r\nbody");
      case 1:
        return UpstreamSays(wire,
                            "HTTP/1.1 200 OK\r\n" + mark + "Transfer-Encoding: chunked\r\n\r\n");
      case 2:
        return UpstreamSays(wire, "4\r\nbody\r\n");
      case 3:
        return UpstreamSays(wire, "0\r\n\r\n");
      case 4:
        return UpstreamSays(wire, "HTTP/1.1 204 No Content\r\n" + mark + "\r\n");
      case 5:
        return UpstreamSays(wire, "HTTP/1.1 100 Continue\r\n\r\n");
      case 6:
        return UpstreamSays(wire, "HTTP/1.1 200 OK\r\n" + mark + "\r\nuntil the end");
      case 7:
        return UpstreamSays(wire,
                            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                            "Upgrade: x\r\n" +
                                mark + "\r\n");
      case 8:
        return UpstreamSays(wire, "HTTP/1.1 500 Oops\r\n" + mark +
                                      "Connection: close\r\nContent-Length: 3\r\n\r\nbad");
      case 9:
        return UpstreamSays(wire,
                            "HTTP/1.1 304 Not Modified\r\n" + mark + "Content-Length: 100\r\n\r\n");
      case 10:
        return UpstreamSays(wire, "HTTP/1.1 200 OK\r\n" + mark + "Content-Length: 90\r\n\r\nbegin");
    }
  }
  void UpstreamFrames(io::Wire& wire, uint8_t detail) {
    const uint32_t id = 2 * (detail / 9 % 4) + 1;
    const auto number = static_cast<uint32_t>(++number_);
    std::string& mark = marks_[{&wire, id}];
    const auto respond = [&](bool last) {
      // A second head on a stream would be taken for trailers.
      if (!mark.empty()) return;
      mark = std::to_string(number);
      responses_[mark].complete = last;
      UpstreamSays(wire, h2::Headers(id, {{":status", "200"}, {"x-mark", mark}},
                                     last ? h2::kWhole : h2::kEndHeaders));
    };
    const auto data = [&](std::string_view content, bool last) {
      if (!mark.empty() && !responses_[mark].complete) {
        responses_[mark].content += content;
        responses_[mark].complete = last;
      }
      UpstreamSays(wire, h2::Data(id, content, last ? h2::kEndStream : 0));
    };
    switch (detail % 9) {
      case 0:
        return UpstreamSays(wire, h2::Settings());
      case 1:
        return respond(true);
      case 2:
        return respond(false);
      case 3:
        return data("piece", false);
      case 4:
        return data("last", true);
      case 5:
        return UpstreamSays(wire, h2::RstStream(id, number % kErrorCodes));
      case 6:
        return UpstreamSays(wire, h2::Goaway(number % 2 == 0 ? id : 0x7fffffff, number % 3));
      case 7:
        return UpstreamSays(wire, h2::WindowUpdate(id, number));
      case 8:
        return UpstreamSays(wire, h2::Setting(4, number % 3 == 0 ? 0 : 7));
    }
  }

  // ---- the operator

  void Reload(uint8_t detail) {
    config::Listener& listener = world_.listener;
    switch (detail % 6) {
      case 0:
        break;
      case 1:
        listener.policy.default_allow = false;
        break;
      case 2:
        listener.policy = {};
        break;
      case 3:
        world_.NewPool();
        break;
      case 4:
        listener.limits.header_bytes = 100 + detail;
        break;
      case 5:
        return world_.RemoveListener();
    }
    world_.Apply();
  }
  void Interfere(uint8_t detail) {
    if (detail % 4 == 0) return world_.Drain();
    if (world_.connection == nullptr) return;
    if (detail % 4 == 1) world_.connection->EndIfIdle();
    if (detail % 4 == 2) {
      world_.connection->Drop(base::ProxyError(base::ErrorReason::kOutOfMemory));
    }
    if (detail % 4 == 3) world_.connection->Cut();
  }

  // ---- the verdict

  static bool AsksForUpgrade(const Message& request) { return request.Count("upgrade") > 0; }

  std::vector<Message> ClientRequests() const {
    if (!http2_client_) return ReadRequests(sent_).read;
    std::vector<Message> requests;
    for (const auto& [id, request] : streams_) {
      if (!request.method.empty()) requests.push_back(request);
    }
    return requests;
  }

  // An HTTP/1 upstream: what it got, and what it said.
  void ReadUpstream(const io::Wire& wire) {
    const std::string& said = said_[&wire];
    const bool tunnel = said.find(" 101 ") != std::string::npos;
    const Messages got = ReadRequests(wire.sent, tunnel ? AsksForUpgrade : nullptr);
    Require(got.malformed.empty(), "a malformed request is forwarded", got.malformed, wire.sent);
    std::vector<std::string> methods;
    for (const Message& request : got.read) {
      CheckRequest(request);
      methods.push_back(request.method);
    }
    const Messages responses = ReadResponses(said, methods, wire.end_delivered);
    for (const Message& response : responses.read) {
      const std::string mark = response.Get("x-mark");
      if (!mark.empty()) responses_[mark] = {response.content, response.complete};
    }
    if (!responses.malformed.empty()) raw_upstreams_.insert(&wire);
  }
  void CheckRequest(const Message& forwarded) {
    for (const auto& [name, value] : forwarded.fields) {
      std::string folded = name;
      std::replace_if(
          folded.begin(), folded.end(), [](char c) { return c == '_' || c == '.'; }, '-');
      Require(folded != "x-forwarded-client-cert", "a client's identity header", name, value);
    }
    if (http2_client_ && raw_client_) return;  // fields that only HPACK knows
    const bool sent = std::ranges::any_of(ClientRequests(), [&](const Message& request) {
      return request.method == forwarded.method && SameTarget(request.target, forwarded.target) &&
             request.content.starts_with(forwarded.content) &&
             (!forwarded.complete || EndsByLength(forwarded) ||
              (request.complete && request.content == forwarded.content));
    });
    Require(sent, "a request that was not sent",
            forwarded.method + " " + forwarded.target +
                (forwarded.complete ? " whole: " : " begun: ") + forwarded.content,
            sent_);
    ++forwarded_[forwarded.method + " " + forwarded.target];
  }
  // With Content-Length, the last byte of the content ends a request at the upstream; the client
  // may send END_STREAM later.
  static bool EndsByLength(const Message& forwarded) {
    return forwarded.Count("content-length") > 0;
  }
  // The absolute form is forwarded as a path.
  static bool SameTarget(const std::string& sent, const std::string& forwarded) {
    return sent == forwarded || !sent.starts_with('/');
  }
  void CheckRetries() {
    std::map<std::string, int> sent;
    for (const Message& request : ClientRequests()) {
      if (!request.target.starts_with('/')) return;
      ++sent[request.method + " " + request.target];
    }
    for (const auto& [request, times] : forwarded_) {
      const bool once = request.starts_with("POST ");
      Require(times <= sent[request] * (once ? 1 : 2), "a request that is sent too often", request);
    }
  }
  void CheckResponses() {
    std::vector<std::string> methods;
    for (const Message& request : ClientRequests()) methods.push_back(request.method);
    const io::Wire& wire = *world_.client;
    const bool ended = wire.pending.empty() && !wire.aborted && wire.shutdown;
    const std::vector<Message> responses =
        http2_client_ ? ReadFrames(wire.sent) : ReadHttp1(wire.sent, methods, ended);
    for (const Message& response : responses) {
      const std::string mark = response.Get("x-mark");
      if (mark.empty() || !raw_upstreams_.empty()) continue;
      const auto said = responses_.find(mark);
      Require(said != responses_.end(), "a response that no upstream gave", mark);
      Require(said->second.content.starts_with(response.content), "content of nobody",
              response.content, said->second.content);
      // A response to HEAD has none, whatever was said.
      if (response.content.empty()) continue;
      Require(
          !response.complete || (said->second.complete && response.content == said->second.content),
          "a response that looks complete", response.content, said->second.content);
    }
  }
  std::vector<Message> ReadHttp1(std::string_view bytes, const std::vector<std::string>& methods,
                                 bool ended) {
    const Messages got = ReadResponses(bytes, methods, ended);
    Require(got.malformed.empty(), "a malformed response", got.malformed, bytes);
    return got.read;
  }

  const bool http2_client_;
  const bool h2c_upstream_;
  World world_;
  int number_ = 0;  // of paths and marks

  std::string sent_;                     // by the client
  std::map<uint32_t, Message> streams_;  // what it sent over HTTP/2, as far as it is known
  uint32_t newest_stream_ = 0;
  bool raw_client_ = false;                      // it has sent bytes of the fuzzer
  std::map<const io::Wire*, std::string> said_;  // by HTTP/1 upstreams
  std::map<std::pair<const io::Wire*, uint32_t>, std::string> marks_;  // of h2c streams
  std::set<const io::Wire*> raw_upstreams_;  // whose responses nobody knows
  std::map<std::string, Said> responses_;    // by mark
  std::map<std::string, int> forwarded_;     // how often, by method and target
};

}  // namespace
}  // namespace mantlet::fuzz

// The first byte has the options; then each event has two bytes, and some a text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mantlet::fuzz;  // NOLINT(google-build-using-namespace)
  Input input(data, size);
  const uint8_t options = input.Byte();
  Sequence sequence(options);
  for (size_t i = 0; i < kMostEvents && !input.Rest().empty(); ++i) sequence.Event(input);
  sequence.Finish((options & 16) != 0);
  return 0;
}
