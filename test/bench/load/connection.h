// One client connection: TCP, TLS and one HTTP/1.1 request at a time, or several of HTTP/2.
// Registered once
// with an epoll instance (edge-triggered); one read and one write per request, and
// buffers that all connections share, so that the proxy is what a measurement is of.
//
// One thread. The owner must outlive it, and may call anything from its callbacks.

#ifndef MANTLET_TEST_BENCH_LOAD_CONNECTION_H_
#define MANTLET_TEST_BENCH_LOAD_CONNECTION_H_

#include <netinet/in.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/io/file_descriptor.h"
#include "proxy/tls/transport_bio.h"
#include "test/bench/load/client_tls.h"
#include "test/bench/load/http2_client.h"
#include "test/bench/load/response_reader.h"
#include "test/bench/upstream/pollable.h"

namespace mantlet::bench {

class Connection : public Pollable, private tls::TransportBio::Output {
 public:
  class Owner {
   public:
    virtual void OnEstablished(Connection& connection) = 0;
    virtual void OnResponse(Connection& connection) = 0;
    // It is closed. `why` is one word and static.
    virtual void OnFailed(Connection& connection, std::string_view why) = 0;

   protected:
    ~Owner() = default;
  };

  // What all connections have in common.
  struct Shared {
    int epoll = -1;
    sockaddr_in server = {};
    const ClientTls* tls = nullptr;
    std::string head;                           // of every request
    uint64_t upload = 0;                        // bytes of body that follow it
    std::optional<Http2Client::Request> http2;  // HTTP/2, and this instead of `head`
    Owner* owner = nullptr;
    std::unique_ptr<char[]> read_buffer, plaintext, body;
    std::string frames;           // of HTTP/2, on their way into TLS
    std::string output;           // ciphertext on its way to write(2)
    uint64_t bytes_received = 0;  // ciphertext

    Shared();
  };

  Connection(Shared& shared, int number, int sources);
  ~Connection();
  Connection(const Connection&) = delete;

  // Connects; OnEstablished() or OnFailed() follows, never from inside this call.
  void Open();
  // Sends the request; OnResponse() or OnFailed() follows, never from inside this call. With HTTP/2
  // it may be called again before that: each request has a response, and a failure is that of all.
  void Send();
  // Says close_notify and closes. Nothing follows.
  void Close();

  void OnEvents(uint32_t events) override;

  bool open() const { return static_cast<bool>(fd_); }
  const SSL* ssl() const { return ssl_.get(); }
  // Of the response that OnResponse() is about. HTTP/2: 0 if its stream was reset.
  int status() const { return http2_ ? http2_status_ : response_.status(); }
  bool keep_alive() const { return http2_ || response_.keep_alive(); }

  // The owner's: when the operation in hand began, or was due. HTTP/2: set before Send(); in
  // OnResponse() it is that of the response.
  int64_t began_ns = 0;

 private:
  enum class Phase { kClosed, kConnecting, kHandshake, kOpen };

  // tls::TransportBio::Output
  void OnCiphertext(std::string_view bytes) override { shared_.output.append(bytes); }
  // Each returns why the connection is dead, or nothing.
  std::string_view Handle(uint32_t events);
  std::string_view Handshake();
  std::string_view ReadAll(bool until_end);
  std::string_view Consume();
  std::string_view Flush();
  void WriteBody();
  void WriteFrames();
  void DeliverResponses();
  void Fail(std::string_view why);

  Shared& shared_;
  const int number_;
  const int sources_;
  io::FileDescriptor fd_;
  Phase phase_ = Phase::kClosed;
  tls::TransportBio transport_{this};
  bssl::UniquePtr<SSL> ssl_;
  std::string pending_;  // ciphertext that the kernel did not take
  uint64_t body_left_ = 0;
  ResponseReader response_;
  std::unique_ptr<Http2Client> http2_;
  int http2_status_ = 0;
  bool delivering_ = false;  // responses of HTTP/2; what their receiver sends leaves afterwards
  bool waiting_ = false;     // for a response
  bool answered_ = false;    // it has come, the owner does not know yet
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_CONNECTION_H_
