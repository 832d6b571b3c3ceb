#include "proxy/connect/probe.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "certs/certificate_text.h"
#include "proxy/base/ip_address.h"
#include "proxy/connect/alerts.h"
#include "proxy/connect/server_check.h"

namespace mantlet::connect {
namespace {

constexpr std::string_view kHttp2 = "h2";
// How long a server that is asked nothing has time to refuse the client's certificate.
constexpr int kRefusalMs = 1'000;

class Prober {
 public:
  Prober(const ProbeOptions& options, const ClientFiles& files, int64_t now)
      : options_(options), files_(files), now_(now) {}

  ProbeResult Run() {
    JudgeClientCertificate(files_, now_, report());
    io::FileDescriptor fd = Dial(options_.target, options_.timeout_ms, report());
    if (!fd) return std::move(result_);
    TlsOptions tls = {.server_name = ServerName(), .protocols = options_.protocols};
    auto client = TlsClient::Create(std::move(fd), files_, tls);
    if (!client.ok()) {
      report().Fail("Cannot begin TLS", {Party::kClient, std::string(client.status().message()),
                                         "correct the options of the command"});
      return std::move(result_);
    }
    client_ = *std::move(client);
    client_->Handshake(options_.timeout_ms);
    ReportHandshake();
    if (facts().established) Talk();
    result_.tls = facts();
    return std::move(result_);
  }

 private:
  const TlsFacts& facts() const { return client_->facts(); }
  Report& report() { return result_.report; }

  // Addresses are not sent as server names (RFC 6066, section 3).
  std::string ServerName() const {
    if (!options_.server_name.empty()) return options_.server_name;
    return base::IsIpAddress(options_.target.host) ? "" : options_.target.host;
  }

  AlertContext Context() const {
    AlertContext context = {.asked = facts().asked_for_certificate,
                            .sent_certificate = facts().sent_certificate,
                            .certificate = "",
                            .issuer = "",
                            .server_name = ServerName(),
                            .protocols = absl::StrJoin(options_.protocols, ", ")};
    if (!files_.chain.empty()) {
      context.certificate = certs::Printable(files_.chain.front()->subject());
      context.issuer = certs::Printable(files_.chain.back()->issuer());
    }
    return context;
  }

  void ReportHandshake() {
    if (facts().established) {
      report().Ok(absl::StrCat(facts().version, " with ", facts().cipher, " and ", facts().group,
                               facts().protocol.empty() ? ", no protocol agreed on (ALPN)"
                                                        : ", protocol " + facts().protocol));
    }
    for (const std::string& der : facts().certificates) {
      auto certificate = x509::Certificate::FromDer(der);
      if (certificate.ok()) result_.server_chain.push_back(*std::move(certificate));
    }
    if (result_.server_chain.size() == facts().certificates.size() &&
        !result_.server_chain.empty()) {
      const std::string name =
          options_.server_name.empty() ? options_.target.host : options_.server_name;
      CheckServer(result_.server_chain, files_, name, now_, report());
    } else if (!facts().certificates.empty()) {
      report().Fail(
          "A certificate of the server cannot be read",
          {Party::kServer, "a certificate of the server cannot be read", "have it issued anew"});
    }
    ReportRequest();
    if (!facts().established) ReportFailure();
  }

  // What the server wants to see of the client.
  void ReportRequest() {
    if (!facts().asked_for_certificate) {
      if (!facts().established) return;
      if (files_.chain.empty()) {
        report().Note("The server does not ask for a client certificate");
      } else {
        report().Warn("The server does not ask for a client certificate; yours was not sent");
      }
      return;
    }
    std::vector<std::string> names;
    for (const std::string& name : facts().accepted_issuers)
      names.push_back(certs::Printable(name));
    if (names.empty()) {
      report().Note("The server asks for a client certificate, and names no CA");
    } else {
      report().Note(absl::StrCat("The server asks for a client certificate of ",
                                 names.size() == 1 ? "this CA" : "one of these CAs"),
                    names);
    }
    if (!facts().sent_certificate) {
      report().Note("The client has no certificate to send");
      return;
    }
    const x509::Certificate& leaf = *files_.chain.front();
    report().Ok(absl::StrCat("The client sent ", certs::Printable(leaf.subject()), ", which ",
                             certs::ValidityText(leaf, now_)));
    if (!names.empty() && !IsOfNamedCa()) {
      report().Warn("The client's certificate is not of one of these CAs");
    }
  }

  bool IsOfNamedCa() const {
    return std::ranges::any_of(files_.chain, [&](const x509::CertificatePtr& certificate) {
      return std::ranges::find(facts().accepted_issuers, certificate->issuer()) !=
             facts().accepted_issuers.end();
    });
  }

  // The handshake or the connection has ended: adds why.
  void ReportFailure() {
    if (facts().alert) {
      report().Fail(
          absl::StrCat(facts().established ? "The server ended the connection with the alert "
                                           : "The server ended the handshake with the alert ",
                       AlertName(*facts().alert)),
          ExplainAlert(*facts().alert, Context()));
    } else if (facts().first_bytes.starts_with("HTTP/")) {
      report().Fail("The server speaks HTTP without TLS on this port",
                    {Party::kClient, "this port is without TLS",
                     "use the port of the TLS listener, or http:// in place of https://"});
    } else if (facts().timed_out) {
      report().Fail("The server did not answer in the handshake",
                    {Party::kServer, "the server accepts connections and does not answer",
                     "see whether it is overloaded, or waits for a PROXY protocol header"});
    } else if (!facts().error.empty()) {
      const bool tls = facts().first_bytes.starts_with("\x16\x03") ||
                       facts().first_bytes.starts_with("\x15\x03");
      report().Fail(
          absl::StrCat("The handshake failed: ", facts().error),
          {Party::kServer,
           tls ? "the server does not follow the TLS protocol" : "this port does not speak TLS",
           "check the port, and what listens there"});
    } else {
      report().Fail(
          facts().reset ? "The server reset the connection" : "The server closed the connection",
          ExplainClose());
    }
  }

  Verdict ExplainClose() const {
    if (facts().first_bytes.empty() && !facts().established) {
      return {Party::kServer,
              "the server closed the connection in answer to the client's first message",
              "see whether this port speaks TLS, and look into the server's log: a limit of "
              "connections "
              "or handshakes may be reached (mantlet: the record connection_refused), or a load "
              "balancer has no server behind it"};
    }
    if (facts().asked_for_certificate && !facts().sent_certificate) {
      return {Party::kClient,
              "the server closed the connection after it had asked for a certificate, and none was "
              "sent",
              "pass one with --cert and --key"};
    }
    return {Party::kServer, "the server closed the connection without a reason",
            "look into its log (mantlet: the record handshake_failed)"};
  }

  // With TLS 1.3 a server judges the client's certificate after the client's side of the handshake
  // is complete, so that only what follows shows whether it was accepted.
  void Talk() {
    if (facts().protocol == kHttp2) {
      AwaitHttp2();
    } else if (options_.path.empty()) {
      if (client_->Read(kRefusalMs).empty() && !facts().timed_out) return ReportFailure();
      report().Ok("The server did not refuse the connection");
    } else {
      Request();
    }
  }

  // A server's first frame is SETTINGS (RFC 9113, section 3.4).
  void AwaitHttp2() {
    client_->Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9),
                   options_.timeout_ms);
    constexpr size_t kTypeAt = 3;
    constexpr char kSettings = 4;
    const std::string bytes = client_->Read(options_.timeout_ms);
    if (bytes.empty()) return ReportFailure();
    if (bytes.size() > kTypeAt && bytes[kTypeAt] == kSettings) {
      report().Ok("The server speaks HTTP/2 with the client");
      return;
    }
    report().Fail("The server's first frame is not SETTINGS",
                  {Party::kServer, "the server agreed on HTTP/2 and does not speak it",
                   "remove h2 from the protocols of the server"});
  }

  void Request() {
    const bool port_is_usual = options_.target.port == "443";
    std::string host = ServerName().empty() ? options_.target.host : ServerName();
    if (host.find(':') != std::string::npos) host = absl::StrCat("[", host, "]");
    if (!port_is_usual) absl::StrAppend(&host, ":", options_.target.port);
    client_->Write(absl::StrCat("GET ", options_.path, " HTTP/1.1\r\nHost: ", host,
                                "\r\nUser-Agent: mantlet-connect\r\nConnection: close\r\n\r\n"),
                   options_.timeout_ms);
    std::string head;
    constexpr size_t kMostBytes = 64 * 1024;
    while (head.find("\r\n\r\n") == head.npos && head.size() < kMostBytes) {
      const std::string bytes = client_->Read(options_.timeout_ms);
      if (bytes.empty()) break;
      head += bytes;
    }
    if (head.empty()) return ReportFailure();
    if (options_.want_body) {
      while (head.size() < kMostBytes) {
        const std::string bytes = client_->Read(options_.timeout_ms);
        if (bytes.empty()) break;
        head += bytes;
      }
      const size_t end = head.find("\r\n\r\n");
      if (end != head.npos) result_.body = head.substr(end + 4);
    }
    ReportResponse(head.substr(0, head.find("\r\n")));
  }

  void ReportResponse(const std::string& line) {
    constexpr size_t kStatusAt = 9, kStatusDigits = 3;
    if (!line.starts_with("HTTP/1.") || line.size() < kStatusAt + kStatusDigits) {
      report().Fail(
          absl::StrCat("The server's response is not HTTP: ", certs::Printable(line.substr(0, 60))),
          {Party::kServer, "the server does not speak HTTP/1.1",
           "--no-request tries TLS alone; --alpn chooses another protocol"});
      return;
    }
    std::from_chars(line.data() + kStatusAt, line.data() + kStatusAt + kStatusDigits,
                    result_.status);
    const std::string text =
        absl::StrCat("GET ", options_.path, " was answered: ", certs::Printable(line));
    constexpr int kFirstError = 400;
    if (result_.status < kFirstError) {
      report().Ok(text);
    } else {
      report().Warn(text, {ExplainStatus(result_.status)});
    }
  }

  static std::string ExplainStatus(int status) {
    switch (status) {
      case 403:
        return "TLS is fine; a rule for this client or path refuses the request (mantlet: "
               "`policy`)";
      case 421:
        return "TLS is fine; the host of the request is not one of this connection's certificate";
      case 502:
      case 503:
      case 504:
        return "TLS is fine; the application behind the proxy is not reached, or has too much to "
               "do";
      default:
        return "TLS is fine; the status comes from the application or its proxy";
    }
  }

  const ProbeOptions& options_;
  const ClientFiles& files_;
  const int64_t now_;
  ProbeResult result_;
  std::unique_ptr<TlsClient> client_;
};

}  // namespace

ProbeResult Probe(const ProbeOptions& options, const ClientFiles& files, int64_t now) {
  return Prober(options, files, now).Run();
}

}  // namespace mantlet::connect
