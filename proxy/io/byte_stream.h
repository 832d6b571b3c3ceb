// ByteStream is the transport interface: an ordered, reliable stream of bytes in both directions.
// Sessions depend on nothing else; TCP connections, Unix sockets and TLS over either are its
// implementations.
//
// Threading: a stream, its handler and everything called through them belong to the thread of one
// loop. Lifetime: the owner may destroy a stream at any time, also from inside a callback of its
// handler; no callback follows.

#ifndef MANTLET_PROXY_IO_BYTE_STREAM_H_
#define MANTLET_PROXY_IO_BYTE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mantlet::io {

// StreamFailure is the kind of failure that ended a stream or an attempt to connect.
enum class StreamFailure : uint8_t {
  kConnectRefused,  // ECONNREFUSED, or there is no such Unix socket
  kReset,           // the peer has reset the connection
  kTimedOut,        // the kernel gave up: ETIMEDOUT
  kLocal,           // no descriptor, memory or port here: EMFILE, ENOBUFS, EADDRNOTAVAIL …
  kQueueFull,       // the backlog of a Unix socket is full: EAGAIN from connect(2)
  kTls,             // a record that cannot be decrypted, or an alert from the peer
  kIo,              // any other error of the kernel
};
std::string_view ToString(StreamFailure failure);

// StreamError is why a stream failed. `detail` is a sentence for operators.
struct StreamError {
  StreamFailure failure;
  std::string detail;
};

class ByteStreamHandler {
 public:
  // Passes bytes from the peer, valid during the call only. Never empty.
  virtual void OnData(std::string_view bytes) = 0;
  // The peer has ended its direction (FIN, or close_notify). Writing is still possible.
  virtual void OnEnd() = 0;
  // The stream failed in both directions. Called once; no callback follows.
  virtual void OnStreamError(const StreamError& error) = 0;
  // All buffered bytes have been passed to the kernel. Called once after a Flush() that left
  // buffered() above zero.
  virtual void OnDrained() = 0;

 protected:
  ~ByteStreamHandler() = default;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  virtual void SetHandler(ByteStreamHandler* handler) = 0;

  // Stops or resumes OnData and OnEnd. Bytes that have already arrived are kept and delivered in a
  // later turn of the loop, never from inside this call.
  virtual void SetReading(bool reading) = 0;

  // Appends `bytes` to the output; they are sent by the next Flush() at the latest.
  virtual void Write(std::string_view bytes) = 0;
  // Passes as much of the buffered output to the kernel as it accepts.
  virtual void Flush() = 0;
  // Sends a TCP acknowledgement now. Without this call TCP waits up to 40 ms for data to send with
  // it, and a peer that uses Nagle's algorithm (RFC 9293 section 3.7.4) delays its next small write
  // until then. Costs one system call: use it where the peer is known to have more to send and
  // there is no response to write yet. Does nothing on transports without acknowledgements.
  virtual void QuickAck() {}
  // Returns the number of written bytes that the kernel has not accepted yet. Use it for
  // back-pressure.
  virtual size_t buffered() const = 0;
  // Returns the number of bytes that the peer has not received yet: buffered() plus the bytes in
  // the kernel. It falls gradually as the peer reads, whereas buffered() may not change until a
  // whole piece is gone. Use it to detect progress. Costs one system call: call it for deadlines,
  // not for each write.
  virtual size_t untaken() const { return buffered(); }

  // Returns whether neither a byte nor the end nor an error waits to be read. Costs one system
  // call.
  virtual bool IsQuiet() const = 0;

  // Ends the outgoing direction after all buffered bytes are sent. Reading continues.
  virtual void ShutdownWrite() = 0;
  // Closes both directions now, without waiting. No callback follows.
  virtual void Close() = 0;
  // Closes like Close(), but so that the peer cannot take it for a regular end (TCP: a reset).
  virtual void Abort() = 0;
};

}  // namespace mantlet::io

#endif  // MANTLET_PROXY_IO_BYTE_STREAM_H_
