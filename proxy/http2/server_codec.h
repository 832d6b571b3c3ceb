// ServerCodec is the server's side of HTTP/2 on one connection (RFC 9113): it reads the requests of
// many streams and writes their responses. It decides nothing about the connection besides what
// the protocol demands: its owner does, from what it reports.
//
// nghttp2 does the framing, HPACK, flow control and the checks of a message's form. Belongs to one
// connection and its loop's thread.

#ifndef MANTLET_PROXY_HTTP2_SERVER_CODEC_H_
#define MANTLET_PROXY_HTTP2_SERVER_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http2/closed_streams.h"
#include "proxy/http2/flood_guard.h"
#include "proxy/http2/frame_scanner.h"
#include "proxy/http2/head_reader.h"
#include "proxy/http2/server_stream.h"
#include "proxy/http2/session_memory.h"
#include "proxy/http2/session_ptr.h"
#include "proxy/http2/transport.h"
#include "proxy/io/byte_stream.h"
#include "proxy/io/loop.h"

namespace mantlet::http2 {

// Why a server ends a connection because of what its client sends.
enum class Violation : uint8_t {
  kProtocolError,  // RFC 9113 section 5.4.1
  kRapidReset,     // too many streams were reset before their responses began
  kControlFrames,  // too many frames that serve no request
  kEmptyFrames,    // too many frames without anything in them
  kHeaderBlock,    // a header section that is over its limits by far
};

class ServerCodec {
 public:
  struct Options {
    HeadLimits limits;
    uint32_t streams = 100;  // at a time
  };
  class Handler {
   public:
    // A request has begun. Returns the stream that takes it: new, and valid until its handler's
    // OnStreamClosed().
    virtual ServerStream& OnStreamBegins() = 0;
    // The client has opened a stream too many, or (`draining`) one after it was told that no more
    // are served. It has been refused.
    virtual void OnStreamRefused(bool draining) = 0;
    // Frames have been sent, and streams may have ended. Called from the loop, outside of any call
    // into the codec.
    virtual void OnSent() = 0;

   protected:
    ~Handler() = default;
  };

  // All of them outlive the codec.
  ServerCodec(io::Loop& loop, SessionMemory& memory, io::ByteStream& stream, const Options& options,
              Handler& handler);
  ServerCodec(const ServerCodec&) = delete;

  // Nothing is sent any more.
  void Close() { failed_ = true; }
  // Sends the frames that wait, a GOAWAY among them, even if the client takes nothing at the
  // moment; content stays behind then. For a connection that is about to be closed. Streams that
  // these frames close are not reported: their owner ends with the connection.
  void SendLast();

  // Reads a piece of what the client sends.
  void Read(std::string_view bytes);
  // The stream has taken everything.
  void OnDrained();
  // Sends what there is, instead of at the end of the turn.
  void Send();

  // The client is to open no more streams; those that it has opened by the time it learns of this
  // are served (RFC 9113 section 6.8).
  void SubmitShutdownNotice();
  // No stream that has not begun will be served. The connection is finished with the last of those
  // that have.
  void SubmitGoaway();

  // Whether there is nothing more to read or to write.
  bool finished() const { return failed_ || transport_.finished(); }
  // Numbers the header section that has begun and is not complete, from 1; 0 if there is none.
  uint64_t header_block() const { return scanner_.header_block(); }
  // Returns how many bytes the client has taken of what was written: it grows while the client
  // reads. Costs one system call.
  int64_t taken() const { return transport_.taken(); }
  std::optional<Violation> violation() const { return violation_; }
  // What was wrong, for the log.
  const std::string& violation_detail() const { return violation_detail_; }

 private:
  friend class ServerStream;
  friend class Callbacks<ServerCodec>;

  // Callbacks
  int OnBeginFrame(const nghttp2_frame_hd& header);
  int OnBeginHeaders(const nghttp2_frame& frame);
  int OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int OnInvalidHeader(const nghttp2_frame& frame, std::string_view name);
  int OnFrame(const nghttp2_frame& frame);
  int OnInvalidFrame(const nghttp2_frame& frame, int error);
  int OnData(int32_t stream_id, std::string_view bytes);
  int OnStreamClose(int32_t stream_id, uint32_t error_code);
  int OnFrameSent(const nghttp2_frame& frame);
  int SendData(const nghttp2_frame& frame, std::string_view header, size_t length,
               nghttp2_data_source& source);

  static constexpr size_t kFrameHeaderBytes = 9;  // RFC 9113 section 4.1

  nghttp2_session* session() const { return transport_.session(); }
  ServerStream* Find(int32_t stream_id);
  // Opens the window of a stream whose content is taken fast, unless too many are open by now.
  bool WidenWindow(ServerStream& stream);
  void Touch(ServerStream& stream);
  void DeliverTouched();
  void FinishClosed();
  void OnTurnEnd();
  void CheckStreamState(uint8_t type, int32_t id);
  void CheckIgnoredFrame(const FrameScanner::Found& frame);
  void Receive(std::string_view bytes);
  void CheckFlood();
  void CountEmptyFrame();
  void Violate(Violation violation, std::string detail);
  // The same with an error code of RFC 9113 section 7 that is not the violation's usual one.
  void Violate(Violation violation, std::string detail, uint32_t error_code);
  void NoteGoaway(const nghttp2_goaway& goaway);
  void Fail(int error);

  io::Loop& loop_;
  SessionMemory& memory_;
  Handler& handler_;
  const Options options_;
  Transport transport_;
  FloodGuard flood_guard_;
  std::vector<ServerStream*> touched_;  // by what is being read
  std::vector<ServerStream*> closed_;
  std::vector<ServerStream*> finishing_;  // what FinishClosed() takes from closed_
  ServerStream* found_ = nullptr;         // by Find() last, and not closed
  FrameScanner scanner_;
  ClosedStreams closed_streams_;
  size_t wide_windows_ = 0;
  size_t open_streams_ = 0;
  int32_t last_stream_id_ = 0;  // of those that the client has opened
  std::optional<Violation> violation_;
  std::string violation_detail_;
  bool goaway_sent_ = false;  // or waits to be sent: no stream begins any more
  bool failed_ = false;       // nghttp2 cannot go on, or the connection is closed
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_SERVER_CODEC_H_
