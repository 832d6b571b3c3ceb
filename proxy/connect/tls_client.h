// TlsClient makes a TLS handshake as a client and tells what the server said. It accepts every
// certificate of the server: server_check.h judges it afterwards, so that the handshake shows as
// much as possible. Blocking, with deadlines; one thread.

#ifndef MANTLET_PROXY_CONNECT_TLS_CLIENT_H_
#define MANTLET_PROXY_CONNECT_TLS_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proxy/connect/client_files.h"
#include "proxy/io/file_descriptor.h"

namespace mantlet::connect {

struct TlsOptions {
  std::string server_name;             // SNI; empty: none is sent
  std::vector<std::string> protocols;  // ALPN; empty: none is sent
};

// What the server has said.
struct TlsFacts {
  bool established = false;  // the client's side of the handshake is complete
  std::string version, cipher, group, protocol;
  std::vector<std::string> certificates;  // DER, the leaf first
  bool asked_for_certificate = false;
  std::vector<std::string> accepted_issuers;  // RFC 2253; empty: the server names none
  bool sent_certificate = false;
  std::optional<uint8_t> alert;  // that the server sent, but close_notify
  bool closed = false;           // the server ended the connection
  bool reset = false;            // in doing so, it dropped what had been sent to it
  bool timed_out = false;        // nothing came within the time
  std::string error;             // of the TLS library, in its own terms; may be empty
  std::string first_bytes;       // of what the server sent instead of TLS
};

class TlsClient {
 public:
  // `fd` is a connected socket that does not block. `files` must outlive the client.
  static absl::StatusOr<std::unique_ptr<TlsClient>> Create(io::FileDescriptor fd,
                                                           const ClientFiles& files,
                                                           const TlsOptions& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Makes the handshake within `timeout_ms`; facts() says how it ended.
  void Handshake(int timeout_ms);
  // Writes all bytes; a failure shows in the next Read().
  void Write(std::string_view bytes, int timeout_ms);
  // Returns some bytes of the server; empty at the end, after an error, which is in facts(), or
  // after `timeout_ms`.
  std::string Read(int timeout_ms);

  const TlsFacts& facts() const { return facts_; }

 private:
  struct Library;

  TlsClient();
  // Waits for what the library wants after `result` of a call. Returns whether to call it again;
  // otherwise the end is in facts().
  bool WaitFor(int result, int64_t deadline_ms);
  // Passes on what has arrived. Returns false at the end.
  bool Receive();
  void NoteEnd(int error);
  void NoteSession();

  std::unique_ptr<Library> library_;
  TlsFacts facts_;
};

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_TLS_CLIENT_H_
