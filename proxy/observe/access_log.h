// AccessLogWriter renders one access log record for each request. The fields that are constant for
// a connection (peer, TLS parameters, identity) are rendered once, after the handshake; a record
// then costs a few copies into a reused buffer. proxy/observe/README.md lists the fields.
//
// It belongs to one worker and is not thread-safe. It writes its buffer to the sink in Flush() (at
// the end of a turn of the loop) and when 64 KiB have accumulated. It does not allocate once warm.

#ifndef MANTLET_PROXY_OBSERVE_ACCESS_LOG_H_
#define MANTLET_PROXY_OBSERVE_ACCESS_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/log.h"
#include "proxy/identity/peer_identity.h"
#include "proxy/observe/access_log_sink.h"

namespace mantlet::observe {

// Renders the fields of a downstream connection. Called once per connection, and again if the
// identity changes; not needed if the access log is off.
std::string RenderAccessConnection(base::LogFormat format, std::string_view listener,
                                   std::string_view peer_address,
                                   const identity::PeerIdentity& identity);

// AccessRecord is one request. Its views are read during Append() only.
struct AccessRecord {
  int64_t wall_ms = 0;  // when the request's first byte arrived, since the epoch
  std::string_view method;
  std::string_view target;            // request-target as received
  std::string_view protocol;          // "HTTP/1.1"
  int status = 0;                     // of the final response; 0 if none was begun
  int grpc_status = -1;               // of the response to a gRPC request; -1: not known
  uint64_t request_bytes = 0;         // content
  uint64_t response_bytes = 0;        // content
  int64_t duration_us = 0;            // first byte of the request to last byte of the response
  std::string_view upstream;          // name
  std::string_view upstream_address;  // empty if none was reached
  int64_t upstream_duration_us =
      -1;  // from request head sent to response head received; -1 if none
  bool answered_by_upstream = false;  // otherwise by mantlet
  std::string_view rule;              // the policy rule that decided; empty if there are no rules
  std::string_view error;             // base::ProxyError's label; empty if there was no error
  std::string_view detail;            // base::ProxyError's detail
};

class AccessLogWriter {
 public:
  static constexpr size_t kFlushBytes = 64 * 1024;

  // The sink must outlive the writer.
  AccessLogWriter(AccessLogSink& sink, base::LogFormat format);
  ~AccessLogWriter();  // flushes
  AccessLogWriter(const AccessLogWriter&) = delete;
  AccessLogWriter& operator=(const AccessLogWriter&) = delete;

  bool enabled() const { return enabled_; }
  base::LogFormat format() const { return format_; }

  // `connection` must come from RenderAccessConnection with the same format.
  void Append(std::string_view connection, const AccessRecord& record);
  void Flush();

 private:
  void AppendTime(int64_t wall_ms);

  AccessLogSink& sink_;
  const bool enabled_;
  const base::LogFormat format_;
  std::string buffer_;
  // The second that was rendered last; thousands of records may share one.
  int64_t stamp_second_ = -1;
  std::string stamp_;
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_ACCESS_LOG_H_
