#include "proxy/observe/access_log.h"

#include <algorithm>

#include "proxy/base/json_text.h"
#include "proxy/base/text.h"

namespace mantlet::observe {
namespace {

using base::AppendDecimal;
using base::AppendJsonString;
using base::AppendTextValue;
using base::LogFormat;

// Appends fields to a line, each with its separator.
class FieldWriter {
 public:
  FieldWriter(LogFormat format, std::string* out) : json_(format == LogFormat::kJson), out_(out) {}

  void Text(std::string_view name, std::string_view value) {
    Name(name);
    if (json_) {
      AppendJsonString(value, out_);
    } else if (value.empty()) {
      out_->push_back('-');
    } else {
      AppendTextValue(value, out_);
    }
  }
  // Omits fields that carry no information when they are empty.
  void OptionalText(std::string_view name, std::string_view value) {
    if (!value.empty()) Text(name, value);
  }
  void Number(std::string_view name, uint64_t value) {
    Name(name);
    AppendDecimal(value, out_);
  }
  void Milliseconds(std::string_view name, int64_t microseconds) {
    Name(name);
    base::AppendMicrosAsMs(microseconds, out_);
  }
  void Truth(std::string_view name, bool value) {
    Name(name);
    out_->append(value ? "true" : "false");
  }

 private:
  void Name(std::string_view name) {
    out_->push_back(json_ ? ',' : ' ');
    if (json_) out_->push_back('"');
    out_->append(name);
    out_->append(json_ ? "\":" : "=");
  }

  const bool json_;
  std::string* const out_;
};

void AppendVerification(const identity::PeerIdentity& identity, FieldWriter* fields) {
  switch (identity.verification) {
    case identity::Verification::kNone:
      fields->Text("verify", "NONE");
      break;
    case identity::Verification::kSuccess:
      fields->Text("verify", "SUCCESS");
      break;
    case identity::Verification::kFailed:
      fields->Text("verify", "FAILED:" + std::string(identity.failure_reason));
      break;
  }
}

void AppendRequest(const AccessRecord& record, FieldWriter* fields) {
  fields->Text("method", record.method);
  fields->Text("target", record.target);
  fields->Text("protocol", record.protocol);
  fields->Number("status", static_cast<uint64_t>(record.status < 0 ? 0 : record.status));
  if (record.grpc_status >= 0) {
    fields->Number("grpc_status", static_cast<uint64_t>(record.grpc_status));
  }
  fields->Number("request_bytes", record.request_bytes);
  fields->Number("response_bytes", record.response_bytes);
  fields->Milliseconds("duration_ms", record.duration_us);
  fields->Text("upstream", record.upstream);
  fields->OptionalText("upstream_address", record.upstream_address);
  if (record.upstream_duration_us >= 0) {
    fields->Milliseconds("upstream_duration_ms", record.upstream_duration_us);
  }
  fields->Text("answered_by", record.answered_by_upstream ? "upstream" : "mantlet");
  fields->OptionalText("rule", record.rule);
  fields->OptionalText("error", record.error);
  fields->OptionalText("error_detail", record.detail);
}

}  // namespace

std::string RenderAccessConnection(base::LogFormat format, std::string_view listener,
                                   std::string_view peer_address,
                                   const identity::PeerIdentity& identity) {
  std::string out;
  FieldWriter fields(format, &out);
  fields.Text("listener", listener);
  fields.Text("peer", peer_address);
  const identity::TlsParameters& tls = identity.tls;
  fields.Text("tls_version", tls.version);
  fields.Text("tls_cipher", tls.cipher);
  fields.OptionalText("tls_group", tls.group);
  fields.OptionalText("sni", tls.sni);
  fields.Truth("tls_resumed", tls.resumed);
  AppendVerification(identity, &fields);
  if (identity.is_mutual_tls()) {
    const identity::ClientCertificate& certificate = *identity.certificate;
    fields.Text("subject", certificate.subject);
    fields.Text("serial", certificate.serial);
    fields.Text("fingerprint_sha256", certificate.fingerprint_sha256);
    fields.OptionalText("spiffe_id", certificate.spiffe_id);
    // The SPIFFE ID is a URI SAN and is not repeated.
    if (certificate.spiffe_id.empty() && !certificate.san_uri.empty()) {
      fields.Text("san_uri", certificate.san_uri.front());
    }
  }
  return out;
}

AccessLogWriter::AccessLogWriter(AccessLogSink& sink, base::LogFormat format)
    : sink_(sink), enabled_(sink.enabled()), format_(format) {
  if (enabled_) buffer_.reserve(kFlushBytes + 4096);
}

AccessLogWriter::~AccessLogWriter() { Flush(); }

void AccessLogWriter::Append(std::string_view connection, const AccessRecord& record) {
  if (!enabled_) return;
  if (format_ == base::LogFormat::kJson) {
    buffer_.append("{\"ts\":\"");
    AppendTime(record.wall_ms);
    // The same level and event fields as in other log records, because both logs may share a
    // stream.
    buffer_.append("\",\"level\":\"info\",\"event\":\"request\"");
  } else {
    AppendTime(record.wall_ms);
    buffer_.append(" info request:");
  }
  buffer_.append(connection);
  FieldWriter fields(format_, &buffer_);
  AppendRequest(record, &fields);
  buffer_.append(format_ == base::LogFormat::kJson ? "}\n" : "\n");
  if (buffer_.size() >= kFlushBytes) Flush();
}

void AccessLogWriter::AppendTime(int64_t wall_ms) {
  constexpr size_t kUpToThePoint = 20;  // "2027-01-15T08:00:00."
  const int64_t ms = std::max<int64_t>(wall_ms, 0);
  if (ms / 1000 != stamp_second_) {
    stamp_second_ = ms / 1000;
    stamp_.clear();
    base::AppendRfc3339Ms(ms, &stamp_);
  }
  buffer_.append(stamp_, 0, kUpToThePoint);
  const int64_t fraction = ms % 1000;
  const char rest[] = {static_cast<char>('0' + fraction / 100),
                       static_cast<char>('0' + fraction / 10 % 10),
                       static_cast<char>('0' + fraction % 10), 'Z'};
  buffer_.append(rest, sizeof rest);
}

void AccessLogWriter::Flush() {
  if (buffer_.empty()) return;
  sink_.Write(buffer_);
  buffer_.clear();
}

}  // namespace mantlet::observe
