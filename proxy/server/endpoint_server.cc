#include "proxy/server/endpoint_server.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/base/timer_wheel.h"
#include "proxy/http1/field_text.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http1/serializer.h"
#include "proxy/io/stream.h"

namespace mantlet::server {
namespace {

// Scrapers and probes are few. This limit keeps a flood of connections from exhausting the file
// descriptors of the process.
constexpr size_t kMaxClients = 128;
constexpr int64_t kIdleMs = 60'000;
// The time from the first byte of a request to its end.
constexpr int64_t kRequestMs = 5'000;
constexpr uint64_t kMaxBodyBytes = 64 * 1024;

http1::ParserLimits Limits() {
  http1::ParserLimits limits;
  limits.header_bytes = 16 * 1024;
  limits.body_bytes = kMaxBodyBytes;
  return limits;
}

void AppendResponse(const observe::EndpointResponse& response, const http::RequestHead& request,
                    bool keep_alive, std::string& out) {
  std::string fields;
  for (const auto& [name, value] : response.headers) http1::AppendField(fields, name, value);
  http1::AppendLocalHead(out, {.status = response.status,
                               .content_type = response.content_type,
                               .content_length = response.content_length,
                               .extra_fields = fields,
                               .keep_alive = keep_alive,
                               .client_version = request.version});
  out.append(response.body);
}

}  // namespace

class EndpointServer::Client final : private io::ByteStreamHandler, private http::RequestSink {
 public:
  Client(EndpointServer* server, std::unique_ptr<io::Stream> stream, bool over_unix_socket)
      : server_(server),
        stream_(std::move(stream)),
        over_unix_socket_(over_unix_socket),
        parser_(Limits()),
        idle_([this] { server_->Finish(this); }) {
    stream_->SetHandler(this);
    stream_->SetReading(true);
    server_->loop_.ArmIn(idle_, kIdleMs);
  }

  // Called by Loop::DeferDelete(). No event is reported afterwards.
  void OnDeferDelete() {
    stream_->Close();
    server_->loop_.timers().Cancel(idle_);
    self_.reset();
  }

  // Ends the connection after its next response, or after `grace_ms` without a request.
  void Drain(int64_t grace_ms) {
    if (parser_.Idle() && !waits_ && out_.empty()) server_->loop_.ArmIn(idle_, grace_ms);
  }

  // Returns whether the request is a probe, whose response costs next to nothing.
  bool IsProbe() const {
    const std::string_view target = parser_.head().target;
    return target == "/healthz" || target == "/readyz";
  }

  // Answers the waiting request.
  void Answer(Memo& memo) {
    const http::RequestHead& head = parser_.head();
    closing_ = !head.keep_alive || server_->draining_;
    if (server_->deferral_) {
      const std::weak_ptr<Client*> self = self_;
      const auto respond = [self](const observe::EndpointResponse& response) {
        if (const std::shared_ptr<Client*> client = self.lock()) (*client)->Respond(response);
      };
      // A response that waits, as for a long reload, has no deadline here.
      server_->loop_.timers().Cancel(idle_);
      if (server_->deferral_(RequestOf(head), respond)) return;
    }
    Respond(server_->ResponseTo(RequestOf(head), memo));
  }

 private:
  // Sends the response to the waiting request. The client may be finished then.
  void Respond(const observe::EndpointResponse& response) {
    closing_ = closing_ || server_->draining_;
    AppendResponse(response, parser_.head(), !closing_, out_);
    body_.clear();
    waits_ = false;
    server_->loop_.ArmIn(idle_, kIdleMs);
    Send();
  }

  void OnData(std::string_view bytes) override {
    if (parser_.Idle()) server_->loop_.ArmIn(idle_, kRequestMs);
    const http1::ParseResult result = parser_.Parse(bytes, *this);
    bytes.remove_prefix(std::min(result.consumed, bytes.size()));
    if (result.status == http1::ParseResult::Status::kMessageEnd) {
      // The next request of a pipeline is parsed when the client has read this one's response.
      held_.assign(bytes);
      waits_ = true;
      stream_->SetReading(false);
      server_->Enqueue(this);
    } else if (result.status == http1::ParseResult::Status::kError) {
      http1::ErrorResponse refusal;
      refusal.status = base::FactsOf(result.error.reason).status;
      refusal.reason = result.error.detail;
      http1::AppendErrorResponse(out_, refusal);
      closing_ = true;
    }
    if (!out_.empty()) Send();
  }

  observe::EndpointRequest RequestOf(const http::RequestHead& head) const {
    observe::EndpointRequest request;
    request.method = head.method_text;
    std::string_view target = head.target;
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
    request.body = body_;
    if (!head.authority.empty()) request.host = head.authority;
    request.origin = head.headers.Find("origin");
    request.sec_fetch_site = head.headers.Find("sec-fetch-site");
    request.over_unix_socket = over_unix_socket_;
    request.headers = &head.headers;
    return request;
  }

  void Send() {
    stream_->Write(out_);
    out_.clear();
    if (closing_) stream_->ShutdownWrite();
    stream_->Flush();
    // A client that does not read its responses is not read either.
    if (stream_->buffered() > 0) {
      stream_->SetReading(false);
    } else {
      OnDrained();
    }
  }

  // The client may have sent a request and half-closed. Its response is still sent.
  void OnEnd() override {
    closing_ = true;
    stream_->ShutdownWrite();
    if (stream_->buffered() == 0) server_->Finish(this);
  }
  void OnStreamError(const io::StreamError&) override { server_->Finish(this); }
  void OnDrained() override {
    if (closing_) {
      server_->Finish(this);
      return;
    }
    if (waits_) return;
    if (held_.empty()) {
      stream_->SetReading(true);
      return;
    }
    const std::string held = std::exchange(held_, {});
    OnData(held);
    if (!waits_ && !closing_) stream_->SetReading(true);
  }

  void OnRequestHead(http::RequestHead& head) override {
    // Bodies are short here, so a client that expects 100 (Continue) gets it.
    if (head.expect_continue) out_.append(http1::kContinue);
  }
  void OnRequestBody(std::string_view piece) override { body_.append(piece); }
  void OnRequestTrailers(const http::HeaderList&) override {}
  void OnRequestEnd() override {}

  EndpointServer* server_;
  std::unique_ptr<io::Stream> stream_;
  const bool over_unix_socket_;
  http1::RequestParser parser_;
  base::FunctionTimer idle_;
  std::string body_;
  std::string out_;
  std::string held_;    // bytes after the waiting request
  bool waits_ = false;  // a whole request waits for its response
  // Shared with callbacks that may outlive this client; null once it is finished.
  std::shared_ptr<Client*> self_ = std::make_shared<Client*>(this);
  bool closing_ = false;
};

EndpointServer::EndpointServer(io::Loop& loop, io::FileDescriptor socket, Handler handler,
                               Pages pages)
    : loop_(loop),
      handler_(std::move(handler)),
      pages_(pages),
      listener_(std::make_unique<io::Listener>(
          loop, std::move(socket),
          [this](io::FileDescriptor fd, const io::SocketAddress& peer) {
            Accept(std::move(fd), peer);
            return true;
          },
          [](const std::string&) {})),
      answer_(loop, [this] { AnswerWaiting(); }, io::DeferredCall::When::kNextTurn) {}

EndpointServer::~EndpointServer() = default;

void EndpointServer::Accept(io::FileDescriptor fd, const io::SocketAddress& peer) {
  // A probe must be answered even if a client has opened all the connections: the oldest connection
  // is closed for it.
  if (clients_.size() >= kMaxClients) Finish(oldest_first_.front());
  auto stream = io::Stream::FromFd(loop_, fd.Release(), peer.is_unix());
  if (!stream.ok()) return;
  auto client = std::make_unique<Client>(this, *std::move(stream), peer.is_unix());
  Client* key = client.get();
  oldest_first_.push_back(key);
  clients_.emplace(key, std::move(client));
}

void EndpointServer::Finish(Client* client) {
  auto it = clients_.find(client);
  if (it == clients_.end()) return;
  loop_.DeferDelete(std::move(it->second));
  clients_.erase(it);
  std::erase(oldest_first_, client);
  std::erase(waiting_, client);
  ReportIfEmpty();
}

void EndpointServer::Drain(int64_t grace_ms, std::function<void()> on_empty) {
  draining_ = true;
  listener_.reset();
  on_empty_ = std::move(on_empty);
  for (const auto& [client, owner] : clients_) client->Drain(grace_ms);
  ReportIfEmpty();
}

void EndpointServer::ReportIfEmpty() {
  if (on_empty_ && clients_.empty()) std::exchange(on_empty_, nullptr)();
}

void EndpointServer::Enqueue(Client* client) {
  waiting_.push_back(client);
  answer_.Schedule();
}

// Answers one request of each client, probes first. Requests that arrive meanwhile wait for the
// next turn.
void EndpointServer::AnswerWaiting() {
  std::vector<Client*> turn = std::exchange(waiting_, {});
  std::stable_partition(turn.begin(), turn.end(),
                        [](const Client* client) { return client->IsProbe(); });
  Memo memo;
  for (Client* client : turn) {
    if (clients_.contains(client)) client->Answer(memo);
  }
}

// A page is rendered once for all requests that arrived before.
const observe::EndpointResponse& EndpointServer::ResponseTo(const observe::EndpointRequest& request,
                                                            Memo& memo) {
  if (pages_ == Pages::kOfEachRequest || request.method != "GET" || !request.body.empty()) {
    memo.other = handler_(request);
    // The request may have changed the content of the pages.
    memo.pages.clear();
    return memo.other;
  }
  // Everything that a handler may depend on.
  std::string key = absl::StrCat(std::string(request.path), "?", std::string(request.query));
  for (const auto& field : {request.host, request.origin, request.sec_fetch_site}) {
    absl::StrAppend(&key, "\n", field.has_value() ? "+" : "-", std::string(field.value_or("")));
  }
  auto [page, added] = memo.pages.try_emplace(std::move(key));
  if (added) page->second = handler_(request);
  return page->second;
}

}  // namespace mantlet::server
