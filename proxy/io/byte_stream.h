// The transport seam: an ordered, reliable stream of bytes in both directions.
// Sessions know only this; a TCP connection, a Unix socket and TLS over either
// are implementations of it.
//
// Threading: a stream, its handler and everything called through them belong to
// one loop's thread.
// Lifetime: the owner may destroy a stream at any time, also from inside one of
// its handler's callbacks; no callback comes after that.

#ifndef MANTLET_PROXY_IO_BYTE_STREAM_H_
#define MANTLET_PROXY_IO_BYTE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::io {

// The kind of failure that ends a stream, or an attempt to connect.
enum class StreamFailure : uint8_t {
  kConnectRefused,  // ECONNREFUSED, or there is no such Unix socket
  kReset,           // the peer has reset the connection
  kTimedOut,        // the kernel gave up: ETIMEDOUT
  kQueueFull,       // the backlog of a Unix socket is full: EAGAIN from connect(2)
  kTls,             // a record that cannot be decrypted, or an alert of the peer
  kIo,              // any other error of the kernel
};
std::string_view ToString(StreamFailure failure);

// Why a stream ended early. `detail` is a sentence for operators.
struct StreamError {
  StreamFailure failure;
  std::string detail;
};

class ByteStreamHandler {
 public:
  // Bytes from the peer, valid during the call only. Never empty.
  virtual void OnData(std::string_view bytes) = 0;
  // The peer sends no more (FIN, or close_notify). Writing is still possible.
  virtual void OnEnd() = 0;
  // The stream is dead in both directions. Called once; no callback follows.
  virtual void OnStreamError(const StreamError& error) = 0;
  // What had piled up has been handed to the kernel. Called after buffered()
  // was not zero at the end of a Flush(), once it is.
  virtual void OnDrained() = 0;

 protected:
  ~ByteStreamHandler() = default;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  virtual void SetHandler(ByteStreamHandler* handler) = 0;

  // Stops or resumes OnData and OnEnd. Bytes that already arrived are kept and
  // delivered on a later turn of the loop, never from inside this call.
  virtual void SetReading(bool reading) = 0;

  // Takes `bytes`; they leave at the next Flush() at the latest.
  virtual void Write(std::string_view bytes) = 0;
  // Gives the kernel as much as it takes of what was written so far.
  virtual void Flush() = 0;
  // Acknowledges what has been received now. Without it TCP waits up to 40 ms for something
  // to send along, and a peer with Nagle's algorithm (RFC 9293 section 3.7.4) holds its next
  // small write back until then. One system call: call it where the peer is known to have more
  // to say and we have nothing to answer yet. Does nothing where there are no acknowledgements.
  virtual void QuickAck() {}
  // Bytes written that the kernel has not taken yet: the measure for back-pressure.
  virtual size_t buffered() const = 0;
  // What the peer has not taken by now: buffered(), and what lies in the kernel. Falls as the
  // peer takes little by little, where buffered() may stay until a whole piece is gone: the
  // measure for progress. One system call: for deadlines, not for each piece.
  virtual size_t untaken() const { return buffered(); }

  // Whether nothing waits to be read: neither a byte nor the end nor an error. One system call.
  virtual bool IsQuiet() const = 0;

  // Ends our direction once everything written has left. Reading goes on.
  virtual void ShutdownWrite() = 0;
  // Ends both directions now, without waiting. No callback follows.
  virtual void Close() = 0;
  // The same, but so that the peer cannot take it for a proper end (TCP: a reset).
  virtual void Abort() = 0;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_BYTE_STREAM_H_
