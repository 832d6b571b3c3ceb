// ClientStream is one stream of a ClientCodec: the writer of a request to an upstream, and the
// reader of its response (RFC 9113 section 8.1). Destroying one whose message exchange is not
// complete sends RST_STREAM(CANCEL).
//
// The codec calls its handler outside of nghttp2, but for interim heads, heads, content and
// trailers. So the stream may be destroyed from inside every call that allows it. One loop's thread
// only.

#ifndef MANTLET_PROXY_HTTP2_CLIENT_STREAM_H_
#define MANTLET_PROXY_HTTP2_CLIENT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/block_pool.h"
#include "proxy/base/lifetime.h"
#include "proxy/base/linked_list.h"
#include "proxy/base/proxy_error.h"
#include "proxy/http/codec.h"
#include "proxy/http/header_list.h"
#include "proxy/http/message.h"
#include "proxy/http2/field_block.h"
#include "proxy/http2/message_writer.h"
#include "proxy/http2/response_reader.h"
#include "proxy/http2/stream_bytes.h"

namespace mantlet::http2 {

class ClientCodec;

class ClientStream final : public base::PooledObject,
                           public http::RequestWriter,
                           private base::ListLink,
                           private StreamBytes::Port {
 public:
  ~ClientStream() override;
  ClientStream(const ClientStream&) = delete;

  // http::RequestWriter. A request with `how.tunnel_upgrade` becomes an extended CONNECT (RFC 8441)
  // as soon as the upstream's SETTINGS are known; one with content as well is sent without its
  // Upgrade, because a tunnel has no place for content in front of it.
  void WriteHead(const http::RequestHead& head, const http::RequestForwarding& how,
                 http::ResponseHandler& handler) override;
  void WriteBody(std::string_view piece) override;
  void WriteEnd(const http::HeaderList& trailers) override;
  void Flush() override;
  void PauseResponse(bool paused) override;
  size_t buffered() const override { return writer_.queued(); }
  size_t untaken() const override;
  // False also after the upstream has reset this stream: that is an answer to this request, and no
  // sign of a connection that was about to close.
  bool reused() const override { return reused_ && !reset_by_peer_; }
  bool response_begun() const override { return response_begun_; }
  http::UpgradedStream TakeUpgraded() override;

 private:
  friend class ClientCodec;

  static constexpr int kMaxInterimResponses = 32;  // as in HTTP/1

  // Events to be delivered outside of nghttp2.
  enum Pending : uint8_t { kEnd = 1, kFlush = 2, kDrained = 4 };

  ClientStream(ClientCodec& codec, bool reused);

  // ---- called by the codec, from inside nghttp2

  void OnBeginHeaders();
  // Returns false if the section exceeds a limit; the stream has failed then.
  bool OnHeader(std::string_view name, std::string_view value);
  void OnHeaders(bool last);
  void OnContent(std::string_view bytes);
  void OnEndStream();
  void OnSent();  // nothing of the content is left
  void OnClosed(uint32_t error_code);
  // Ends the response with `error`, unless it is complete or has failed. The handler gets it from
  // Deliver().
  void Fail(base::ProxyError error);

  // ---- called by the codec, outside of nghttp2

  // Passes pending events to the handler, which may destroy the stream.
  void Deliver();
  // The upstream's SETTINGS have come.
  void OnSettings();
  void OnCodecClosed();

  // StreamBytes::Port
  void WriteContent(std::string_view bytes) override;
  void EndContent() override;
  void FlushContent() override { Flush(); }
  void ConsumeContent(size_t size) override;
  void CancelStream() override;
  size_t unsent_content() const override { return writer_.queued(); }
  size_t untaken_content() const override { return untaken(); }
  void OnBytesGone() override { bytes_ = nullptr; }

  void WriteFields(const http::RequestHead& head, const http::RequestForwarding& how,
                   FieldBlock& fields);
  // Keeps the fields of an extended CONNECT until the upstream allows it.
  void KeepConnect(FieldBlock& fields);
  void SendConnect();
  void FinishHead(bool last);
  void BeginTunnel();
  void Consume();
  bool is_open() const { return id_ != 0 && !closed_ && codec_ != nullptr; }

  ClientCodec* codec_;  // null once that is closed
  size_t index_ = 0;    // among the codec's streams
  int32_t id_ = 0;      // 0 until the request is submitted
  http::ResponseHandler* handler_ = nullptr;
  http::Method method_ = http::Method::kGet;
  http::ResponseHead head_;
  http::HeaderList trailers_;
  ResponseReader reader_;
  MessageWriter writer_;
  std::optional<base::ProxyError> error_;      // not delivered yet
  std::string protocol_;                       // of an extended CONNECT
  std::string accept_;                         // the Sec-WebSocket-Accept for its client
  std::unique_ptr<http::HeaderList> connect_;  // its fields, until the SETTINGS come
  std::unique_ptr<StreamBytes> new_bytes_;     // until TakeUpgraded()
  StreamBytes* bytes_ = nullptr;               // the tunnel's, while it exists
  base::Lifetime lifetime_;
  size_t unconsumed_ = 0;  // received, and not yet given back to the upstream's window
  int interim_responses_ = 0;
  uint8_t pending_ = 0;
  const bool reused_;
  bool has_content_ = false;     // the request has
  bool tunnel_ = false;          // an extended CONNECT was accepted
  bool head_sent_ = false;       // a byte of the request may have been sent
  bool response_begun_ = false;  // a HEADERS frame has come
  bool head_complete_ = false;   // of the final response
  bool complete_ = false;        // the response
  bool failed_ = false;
  bool paused_ = false;
  bool was_full_ = false;  // content was written that had not been sent
  bool reset_by_peer_ = false;
  bool closed_ = false;  // nghttp2 has no such stream any more
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_CLIENT_STREAM_H_
