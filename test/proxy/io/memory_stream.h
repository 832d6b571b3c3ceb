// MemoryStream is a ByteStream without a socket. The test holds its Wire, which outlives the stream
// and acts as the kernel: it delivers bytes and accepts as many as the test allows.

#ifndef MANTLET_TEST_PROXY_IO_MEMORY_STREAM_H_
#define MANTLET_TEST_PROXY_IO_MEMORY_STREAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/io/byte_stream.h"

namespace mantlet::io {

struct Wire {
  // Adds bytes from the peer. They are delivered at once if the stream is being read, otherwise at
  // the first Deliver() after it is.
  void Arrive(std::string_view bytes) {
    inbox.append(bytes);
    Deliver();
  }
  void ArriveEnd() {
    end_arrived = true;
    Deliver();
  }
  void Deliver() {
    while (Listening() && !inbox.empty()) {
      std::string piece = inbox.substr(0, piece_bytes);
      inbox.erase(0, piece.size());
      handler->OnData(piece);
    }
    if (Listening() && inbox.empty() && end_arrived && !end_delivered) {
      end_delivered = true;
      handler->OnEnd();
    }
  }
  void Break(StreamFailure failure) {
    open = false;
    if (handler != nullptr) handler->OnStreamError({failure, "broken by the test"});
  }
  // Lets the kernel accept up to `bytes` more.
  void Take(size_t bytes) {
    room = bytes;
    const bool owed = !pending.empty();
    Flush();
    if (owed && pending.empty() && handler != nullptr && open) handler->OnDrained();
  }
  void Flush() {
    const size_t taken = std::min(room, pending.size());
    sent.append(pending, 0, taken);
    pending.erase(0, taken);
    if (room != SIZE_MAX) room -= taken;
  }
  bool Listening() const { return handler != nullptr && reading && open; }

  std::string sent;        // what the peer has received
  std::string pending;     // written, not taken yet
  size_t room = SIZE_MAX;  // what the kernel takes before it is full
  bool shutdown = false;   // our direction ends after `pending`
  bool open = true;        // neither closed nor broken nor destroyed
  bool aborted = false;    // ended by Abort()
  bool destroyed = false;
  bool reading = false;
  int quick_acks = 0;  // calls of QuickAck()
  std::string inbox;
  size_t piece_bytes = 16 * 1024;  // one OnData brings this many at most
  bool end_arrived = false, end_delivered = false;
  ByteStreamHandler* handler = nullptr;
};

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~MemoryStream() override {
    Close();
    wire_->destroyed = true;
  }

  void SetHandler(ByteStreamHandler* handler) override { wire_->handler = handler; }
  void SetReading(bool reading) override { wire_->reading = reading; }
  void Write(std::string_view bytes) override {
    if (wire_->open && !wire_->shutdown) wire_->pending.append(bytes);
  }
  void Flush() override { wire_->Flush(); }
  void QuickAck() override { ++wire_->quick_acks; }
  size_t buffered() const override { return wire_->pending.size(); }
  bool IsQuiet() const override { return wire_->inbox.empty() && !wire_->end_arrived; }
  void ShutdownWrite() override { wire_->shutdown = true; }
  void Abort() override {
    wire_->aborted = wire_->open;
    Close();
  }
  void Close() override {
    wire_->open = false;
    wire_->handler = nullptr;
  }

 private:
  std::shared_ptr<Wire> wire_;
};

}  // namespace mantlet::io

#endif  // MANTLET_TEST_PROXY_IO_MEMORY_STREAM_H_
