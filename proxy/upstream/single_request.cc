#include "proxy/upstream/single_request.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "proxy/upstream/connect_error.h"

namespace mantlet::upstream {

using base::ErrorReason;
using base::ProxyError;

namespace {

constexpr size_t kMostHeaderBytes = size_t{64} * 1024;
constexpr uint32_t kMostFields = 1000;
constexpr char kBoundOfProbes[] = "the bound for mantlet's own requests";

}  // namespace

SingleRequest::SingleRequest(io::Loop& loop, Connector& connector, const io::SocketAddress& address,
                             Request request, Done done)
    : loop_(loop),
      request_(std::move(request)),
      done_(std::move(done)),
      timer_([this] {
        Fail(ProxyError(http1_ == nullptr && http2_ == nullptr ? ErrorReason::kConnectTimeout
                                                               : ErrorReason::kTimeoutHead,
                        absl::StrCat("no complete response within ", request_.timeout_ms, " ms")));
      }),
      finish_(loop, [this] { Finish(); }) {
  loop_.ArmIn(timer_, request_.timeout_ms);
  connecting_ = connector.Connect(address, [this](Connector::Outcome outcome) {
    if (auto* connected = std::get_if<Connector::Connected>(&outcome)) {
      Send(std::move(connected->stream));
    } else {
      Fail(ConnectError(std::get<io::StreamError>(outcome)));
    }
  });
}

SingleRequest::~SingleRequest() { Close(); }

void SingleRequest::Send(std::unique_ptr<io::ByteStream> stream) {
  head_.method = request_.method;
  head_.method_text = request_.method_text;
  head_.target = request_.path;
  head_.authority = request_.host;
  head_.grpc = request_.grpc;
  head_.version = request_.http2 ? http::Version::kHttp2 : http::Version::kHttp11;
  if (!request_.content.empty()) {
    head_.framing = {http::Framing::Kind::kContentLength, request_.content.size()};
  }
  for (const auto& [name, value] : request_.fields) head_.headers.Add(name, value);

  http::RequestWriter* writer = nullptr;
  if (request_.http2) {
    http2::ClientCodec::Observer& observer = *this;
    http2_ = std::make_unique<http2::ClientCodec>(
        loop_, std::make_shared<http2::SessionMemory>(loop_.blocks()), std::move(stream),
        http2::ResponseLimits{kMostHeaderBytes, kMostFields, kBoundOfProbes, kBoundOfProbes},
        observer);
    stream_ = http2_->OpenStream();
    writer = stream_.get();
  } else {
    http1::ClientCodec::Options options;
    options.limits.header_bytes = kMostHeaderBytes;
    options.limits.header_count = kMostFields;
    options.header_bytes_key = options.header_count_key = kBoundOfProbes;
    http1_ = std::make_unique<http1::ClientCodec>(std::move(stream), loop_.buffers(), options);
    writer = http1_.get();
  }
  http::RequestForwarding forwarding{
      .strip = strip_, .identity = identity_, .client_address = {}, .default_host = "localhost"};
  forwarding.scheme = "http";
  writer->WriteHead(head_, forwarding, *this);
  if (!request_.content.empty()) writer->WriteBody(request_.content);
  writer->WriteEnd({});
  writer->Flush();
}

void SingleRequest::OnResponseHead(const http::ResponseHead& head) {
  response_.status = head.status;
  response_.content_type = std::string(head.headers.Find("content-type").value_or(""));
  ReadGrpcStatus(head.headers);
}

void SingleRequest::OnResponseBody(std::string_view piece) {
  if (response_.content.size() + piece.size() > request_.most_content) {
    Fail(ProxyError(ErrorReason::kProtocolError,
                    absl::StrCat("the response has more than ", request_.most_content, " bytes")));
    return;
  }
  response_.content.append(piece);
}

void SingleRequest::ReadGrpcStatus(const http::HeaderList& fields) {
  if (auto status = fields.Find("grpc-status")) response_.grpc_status = std::string(*status);
}

// The first error is kept.
void SingleRequest::Fail(ProxyError error) {
  if (!response_.error && !finish_.scheduled()) response_.error = std::move(error);
  finish_.Schedule();
}

void SingleRequest::Finish() {
  Close();
  const Done done = done_;  // the call may destroy this object
  done(std::move(response_));
}

void SingleRequest::Close() {
  loop_.timers().Cancel(timer_);
  connecting_.reset();
  stream_.reset();
  if (http2_ != nullptr) http2_->Close();
  if (http1_ != nullptr) {
    http1_->FinishRequest();
    http1_->Close();
  }
  http2_.reset();
  http1_.reset();
}

}  // namespace mantlet::upstream
