// HeadReader turns the fields of an HTTP/2 request into the same values that an HTTP/1 request
// becomes (RFC 9113 section 8.3): pseudo-header fields into method, target and authority, cookie
// crumbs into one field, an extended CONNECT (RFC 8441) into an upgrade. It trusts nghttp2 for the
// grammar of names and values and for the order and number of pseudo-header fields, and checks
// what depends on HTTP/1: nothing it accepts can become two fields, another line or a second
// request there.
//
// Pure; belongs to one stream.

#ifndef MANTLET_PROXY_HTTP2_HEAD_READER_H_
#define MANTLET_PROXY_HTTP2_HEAD_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/proxy_error.h"
#include "proxy/http/message.h"

namespace mantlet::http2 {

// Bounds on what one request may make us hold; the same as in HTTP/1.
struct HeadLimits {
  size_t target_bytes = 16 * 1024;  // 414
  size_t header_bytes = 64 * 1024;  // as HTTP/1 text, and a trailer section by itself; 431
  size_t header_count = 100;        // 431
  uint64_t body_bytes = 0;          // 413; 0 = unlimited
};

class HeadReader {
 public:
  // Begins a request, whose head is written to `head`, or its trailers.
  void Begin(http::RequestHead& head, const HeadLimits& limits);
  void BeginTrailers(http::HeaderList& trailers, const HeadLimits& limits);

  // Add takes one field. False: the section is over a limit by far, and the rest of it is not
  // worth decoding.
  bool Add(std::string_view name, std::string_view value);

  // Finish ends the head. `last`: no content follows. Returns why the request cannot be forwarded,
  // if it cannot.
  std::optional<base::ProxyError> Finish(bool last);
  std::optional<base::ProxyError> FinishTrailers();

 private:
  void AddPseudo(std::string_view name, std::string_view value);
  void AddField(std::string_view name, std::string_view value);
  std::optional<base::ProxyError> CheckSize() const;
  std::optional<base::ProxyError> ReadTarget();
  std::optional<base::ProxyError> ReadAuthority();
  std::optional<base::ProxyError> ReadFraming(bool last);
  std::optional<base::ProxyError> ReadExpect();
  std::optional<base::ProxyError> ReadConnect();

  http::RequestHead* head_ = nullptr;
  http::HeaderList* fields_ = nullptr;
  HeadLimits limits_;
  std::string cookie_;
  std::string protocol_;  // :protocol
  size_t bytes_ = 0;      // of the section, as HTTP/1 text
  size_t count_ = 0;
};

}  // namespace mantlet::http2

#endif  // MANTLET_PROXY_HTTP2_HEAD_READER_H_
