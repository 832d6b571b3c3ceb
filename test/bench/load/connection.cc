#include "test/bench/load/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mantlet::bench {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr size_t kPlaintextBytes = 16 * 1024;
constexpr size_t kBodyPiece = 128 * 1024;
constexpr size_t kFramesPiece = 64 * 1024;

}  // namespace

Connection::Shared::Shared()
    : read_buffer(new char[kReadBytes]),
      plaintext(new char[kPlaintextBytes]),
      body(new char[kBodyPiece]) {
  std::memset(body.get(), 'u', kBodyPiece);
}

Connection::Connection(Shared& shared, int number, int sources)
    : shared_(shared), number_(number), sources_(sources) {}

Connection::~Connection() = default;

void Connection::Open() {
  phase_ = Phase::kConnecting;
  response_ = ResponseReader();
  waiting_ = answered_ = false;
  body_left_ = 0;
  pending_.clear();
  if (shared_.http2) http2_ = std::make_unique<Http2Client>(*shared_.http2);
  ssl_ = shared_.tls->NewSsl();
  BIO* bio = transport_.NewBio();
  SSL_set_bio(ssl_.get(), bio, bio);

  fd_ = io::FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int one = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  // Each address has ports of its own; only on loopback are they all ours.
  if (sources_ > 1 && (ntohl(shared_.server.sin_addr.s_addr) >> 24) == 127) {
    setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    sockaddr_in source = {};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<uint32_t>(number_ % sources_));
    bind(fd_.get(), reinterpret_cast<const sockaddr*>(&source), sizeof(source));
  }
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = static_cast<Pollable*>(this);
  // A failure of either shows as an event, or as none until the caller's patience ends.
  connect(fd_.get(), reinterpret_cast<const sockaddr*>(&shared_.server), sizeof(shared_.server));
  epoll_ctl(shared_.epoll, EPOLL_CTL_ADD, fd_.get(), &event);
}

void Connection::Send() {
  if (http2_) {
    http2_->Submit(began_ns);
    if (!delivering_) WriteFrames();
    return;
  }
  waiting_ = true;
  body_left_ = shared_.upload;
  ERR_clear_error();
  SSL_write(ssl_.get(), shared_.head.data(), static_cast<int>(shared_.head.size()));
  if (body_left_ > 0) WriteBody();
  // An error shows again when the socket is read.
  (void)Flush();
}

void Connection::WriteBody() {
  while (body_left_ > 0 && pending_.empty()) {
    const uint64_t n = std::min<uint64_t>(body_left_, kBodyPiece);
    ERR_clear_error();
    if (SSL_write(ssl_.get(), shared_.body.get(), static_cast<int>(n)) <= 0) return;
    body_left_ -= n;
    if (!Flush().empty()) return;
  }
}

void Connection::WriteFrames() {
  while (phase_ == Phase::kOpen && pending_.empty()) {
    shared_.frames.clear();
    http2_->Write(shared_.frames, kFramesPiece);
    if (shared_.frames.empty()) return;
    ERR_clear_error();
    SSL_write(ssl_.get(), shared_.frames.data(), static_cast<int>(shared_.frames.size()));
    // An error shows again when the socket is read.
    if (!Flush().empty()) return;
  }
}

// What the responses' receiver sends leaves with one write.
void Connection::DeliverResponses() {
  delivering_ = true;
  while (const auto response = http2_->TakeResponse()) {
    http2_status_ = response->status;
    began_ns = response->began_ns;
    shared_.owner->OnResponse(*this);
  }
  delivering_ = false;
  WriteFrames();
}

std::string_view Connection::Flush() {
  std::string& output = shared_.output;
  if (!pending_.empty()) {
    pending_.append(output);
    output.clear();
  }
  const std::string& bytes = pending_.empty() ? output : pending_;
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = write(fd_.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno != EAGAIN) {
      output.clear();
      return "write";
    }
    if (n < 0) break;
    done += static_cast<size_t>(n);
  }
  if (pending_.empty()) {
    pending_.assign(output, done);
    output.clear();
  } else {
    pending_.erase(0, done);
  }
  return {};
}

void Connection::Close() {
  if (phase_ == Phase::kOpen) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    (void)Flush();
  }
  phase_ = Phase::kClosed;
  ssl_.reset();
  fd_.Reset();
}

void Connection::Fail(std::string_view why) {
  phase_ = Phase::kClosed;
  ssl_.reset();
  fd_.Reset();
  shared_.output.clear();
  shared_.owner->OnFailed(*this, why);
}

void Connection::OnEvents(uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  const std::string_view why = Handle(events);
  if (http2_ && why.empty()) DeliverResponses();
  if (answered_) {
    answered_ = waiting_ = false;
    // A server may close right after its answer; that is its good right.
    if (!why.empty()) Close();
    shared_.owner->OnResponse(*this);
    return;
  }
  if (!why.empty()) Fail(why);
}

std::string_view Connection::Handle(uint32_t events) {
  if (phase_ == Phase::kConnecting) {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || (events & EPOLLERR) != 0) return "connect";
    if ((events & EPOLLOUT) == 0) return {};
    phase_ = Phase::kHandshake;
    return Handshake();
  }
  if ((events & EPOLLOUT) != 0 && !pending_.empty()) {
    if (const std::string_view why = Flush(); !why.empty()) return why;
    if (http2_) {
      WriteFrames();
    } else {
      WriteBody();
    }
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return {};
  return ReadAll((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

std::string_view Connection::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    const bool wants_more = SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
    const std::string_view why = Flush();
    return wants_more ? why : "handshake";
  }
  phase_ = Phase::kOpen;
  const uint8_t* protocol = nullptr;
  unsigned protocol_size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_size);
  if (http2_ && protocol_size == 0) return "no_http2";
  // Its request leaves together with our last flight.
  shared_.owner->OnEstablished(*this);
  return phase_ == Phase::kOpen ? Flush() : std::string_view();
}

std::string_view Connection::ReadAll(bool until_end) {
  while (phase_ != Phase::kClosed) {
    const ssize_t n = read(fd_.get(), shared_.read_buffer.get(), kReadBytes);
    if (n < 0) return errno == EAGAIN ? std::string_view() : "reset";
    if (n == 0) return phase_ == Phase::kHandshake ? "handshake" : "closed";
    shared_.bytes_received += static_cast<uint64_t>(n);
    transport_.input = {shared_.read_buffer.get(), static_cast<size_t>(n)};
    const std::string_view why = Consume();
    transport_.input = {};
    if (!why.empty()) return why;
    if (static_cast<size_t>(n) < kReadBytes && !until_end) return {};
  }
  return {};
}

std::string_view Connection::Consume() {
  if (phase_ == Phase::kHandshake) {
    if (const std::string_view why = Handshake(); !why.empty()) return why;
    if (phase_ != Phase::kOpen) return {};
  }
  while (true) {
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), shared_.plaintext.get(), kPlaintextBytes);
    if (n <= 0) {
      switch (SSL_get_error(ssl_.get(), n)) {
        case SSL_ERROR_WANT_READ:
          return {};
        case SSL_ERROR_ZERO_RETURN:
          return "closed";
        default:
          return "tls";
      }
    }
    if (http2_) {
      if (!http2_->Receive({shared_.plaintext.get(), static_cast<size_t>(n)})) return "malformed";
      continue;
    }
    if (!waiting_ || answered_) return "unasked";
    switch (response_.Read({shared_.plaintext.get(), static_cast<size_t>(n)})) {
      case ResponseReader::Status::kMore:
        break;
      case ResponseReader::Status::kDone:
        if (body_left_ > 0) return "early";
        answered_ = true;
        // What the library would say; to ask costs as much as a small record.
        if (transport_.input.empty() && SSL_has_pending(ssl_.get()) == 0) return {};
        break;
      case ResponseReader::Status::kMalformed:
        return "malformed";
    }
  }
}

}  // namespace mantlet::bench
