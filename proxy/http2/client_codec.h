// ClientCodec is the client's side of HTTP/2 on one connection to an upstream (RFC 9113): many
// requests at a time, each of which is a ClientStream. It is without TLS and by prior knowledge
// (section 3.3). Its owner decides when to open, test and close it, by what the codec reports.
//
// nghttp2 does the framing, HPACK, flow control and the checks of a message's form. Belongs to its
// loop's thread.

#ifndef MANTLET_PROXY_HTTP2_CLIENT_CODEC_H_
#define MANTLET_PROXY_HTTP2_CLIENT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/linked_list.h"
#include "proxy/base/proxy_error.h"
#include "proxy/http2/client_stream.h"
#include "proxy/http2/response_reader.h"
#include "proxy/http2/session_memory.h"
#include "proxy/http2/session_ptr.h"
#include "proxy/http2/transport.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"

namespace mantlet::http2 {

class ClientCodec final : private io::ByteStreamHandler {
 public:
  // What an upstream is assumed to allow until its SETTINGS come (RFC 9113 section 6.5.2 advises
  // servers to allow at least this many streams).
  static constexpr uint32_t kAssumedStreams = 100;

  class Observer {
   public:
    // Something was received; `content` if a part of a response was among it.
    virtual void OnReceived(bool content) = 0;
    // One of accepts_streams(), stream_limit(), streams() and lost() may have changed. Never called
    // from inside nghttp2 or a stream's handler, except for a stream that is destroyed outside of
    // the codec's own calls. Close() is allowed.
    virtual void OnCodecChanged() = 0;

   protected:
    ~Observer() = default;
  };

  // `memory` is what all sessions of the loop share. `stream` must be connected. `loop` and
  // `observer` must outlive the codec.
  ClientCodec(io::Loop& loop, std::shared_ptr<SessionMemory> memory,
              std::unique_ptr<io::ByteStream> stream, const ResponseLimits& limits,
              Observer& observer);
  ~ClientCodec();
  ClientCodec(const ClientCodec&) = delete;

  // Returns a stream for one request. accepts_streams() must be true.
  std::unique_ptr<ClientStream> OpenStream();
  // Returns whether new streams are possible: not after GOAWAY, and not on a connection that is
  // lost or has no stream ids left.
  bool accepts_streams() const;
  // Returns SETTINGS_MAX_CONCURRENT_STREAMS of the upstream; kAssumedStreams before it is known.
  uint32_t stream_limit() const { return stream_limit_; }
  size_t streams() const { return streams_.size(); }
  // Returns whether the connection can carry nothing any more. Its streams have failed.
  bool lost() const { return lost_; }
  // Returns whether nothing waits to be read. Costs one system call.
  bool IsQuiet() const { return stream_->IsQuiet(); }

  // Sends a PING. The acknowledgement is reported by OnReceived().
  void Ping();
  // Ends the connection and its streams with this error.
  void Fail(const base::ProxyError& error);
  // Closes the connection now, with a GOAWAY if that can be sent. Streams that are left get no
  // event any more. No call of the observer follows.
  void Close();

 private:
  friend class ClientStream;
  friend class Callbacks<ClientCodec>;

  // io::ByteStreamHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnStreamError(const io::StreamError& error) override;
  void OnDrained() override { transport_.ScheduleSend(); }

  // Callbacks
  int OnBeginFrame(const nghttp2_frame_hd&) { return 0; }
  int OnBeginHeaders(const nghttp2_frame& frame);
  int OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int OnInvalidHeader(const nghttp2_frame& frame, std::string_view name);
  int OnFrame(const nghttp2_frame& frame);
  int OnInvalidFrame(const nghttp2_frame& frame, int error);
  int OnData(int32_t stream_id, std::string_view bytes);
  int OnStreamClose(int32_t stream_id, uint32_t error_code);
  int OnBeforeFrameSent(const nghttp2_frame& frame);
  int OnFrameSent(const nghttp2_frame&) { return 0; }
  int SendData(const nghttp2_frame& frame, std::string_view header, size_t length,
               nghttp2_data_source& source);

  // For ClientStream.
  void Submit(ClientStream& stream, FieldBlock& fields);
  void Touch(ClientStream& stream);
  void Cancel(ClientStream& stream);
  void Release(ClientStream& stream);
  bool allows_connect() const;

  nghttp2_session* session() const { return transport_.session(); }
  ClientStream* Find(int32_t stream_id);
  void OnSettings();
  void Send();
  void SetLost(const base::ProxyError& error);
  // Passes pending events to the streams, then to the observer.
  void Settle();

  io::Loop& loop_;
  Observer& observer_;
  const ResponseLimits limits_;
  const std::unique_ptr<io::ByteStream> stream_;
  const std::shared_ptr<SessionMemory> memory_;
  Transport transport_;
  std::vector<ClientStream*> streams_;
  ClientStream* found_ = nullptr;  // by Find() last, and neither closed nor released
  base::ListLink touched_;         // streams with events to deliver
  std::string violation_;          // what nghttp2 found wrong last
  uint32_t stream_limit_ = kAssumedStreams;
  bool used_ = false;  // a stream was opened
  bool settings_received_ = false;
  bool goaway_received_ = false;
  bool content_received_ = false;  // in this read
  bool settling_ = false;
  bool lost_ = false;
  bool closed_ = false;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_CLIENT_CODEC_H_
