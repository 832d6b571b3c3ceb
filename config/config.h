// The configuration as plain values: the contents of the YAML file after it has been read,
// validated and completed with defaults. A Config involves no I/O and no YAML and points to nothing
// else; it can be copied, compared and kept for any time. config/loader/loader.h creates one from a
// file; config/README.md explains every key and its default.

#ifndef MANTLET_CONFIG_CONFIG_H_
#define MANTLET_CONFIG_CONFIG_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/location.h"
#include "config/policy_rules.h"

namespace mantlet::config {

using Milliseconds = std::chrono::milliseconds;

struct Address {
  enum class Kind { kTcp, kUnix, kSystemd };
  Kind kind = Kind::kTcp;
  std::string host;   // kTcp: a literal address or a name; an IPv6 literal has no brackets
  uint16_t port = 0;  // kTcp; 0 = any free port
  std::string path;   // kUnix: file system path; kSystemd: the LISTEN_FDNAMES name
  bool operator==(const Address&) const = default;
};
// Returns the address in the form of the configuration: "127.0.0.1:80", "[::1]:80", "unix:/path",
// "systemd:NAME".
std::string ToString(const Address& address);

// Returns whether bytes sent to the address stay on this machine: a Unix socket, 127.0.0.0/8, ::1
// or "localhost".
bool IsLocal(const Address& address);

// One server certificate. Exactly one of {chain and key}, bundle, pkcs12 is set.
struct CertificateFiles {
  std::string chain;
  std::string key;
  std::string bundle;
  std::string pkcs12;
  std::string passphrase_file;  // for pkcs12 and for an encrypted key
  std::string ocsp_response;    // stapled; empty for none
  Location where;
  bool operator==(const CertificateFiles&) const = default;
};

enum class TlsVersion { kTls12, kTls13 };

struct Tls {
  std::vector<CertificateFiles> certificates;  // at least one; the first is the default
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  // OpenSSL's names of TLS 1.2 suites, best first; "A|B" are of equal preference. Empty = safe
  // default.
  std::vector<std::string> cipher_suites;
  std::vector<std::string> groups;  // BoringSSL's names, best first; empty = the library's best
  bool strict_sni = false;
  bool session_resumption = false;
  Milliseconds session_lifetime{3'600'000};  // lifetime of a resumable session, renewals included
  bool operator==(const Tls&) const = default;
};

// kRequest: a certificate is requested and verified, but a client without one, or with one that
// does not verify, is accepted without an identity.
enum class ClientAuthMode { kNone, kRequest, kOptional, kRequire };
// The action for open connections whose client is no longer acceptable.
enum class OnInvalid { kDrain, kClose, kIgnore };
enum class CrlPolicy { kIfPresent, kRequire };
enum class ExpiredCrl { kRefuse, kUse };

// A trust domain and the files with the anchors of its bundle.
struct SpiffeTrustDomain {
  std::string name;
  std::vector<std::string> bundle;  // PEM, DER or SPIFFE bundle JSON; at least one file
  Location where;
  bool operator==(const SpiffeTrustDomain&) const = default;
};

struct Spiffe {
  std::vector<SpiffeTrustDomain> trust_domains;
  std::string bundle_map;  // a file with the bundles of several trust domains; empty for none
  bool enabled() const { return !trust_domains.empty() || !bundle_map.empty(); }
  bool operator==(const Spiffe&) const = default;
};

// One file with trust anchors.
struct TrustFile {
  std::string path;             // PEM, DER, PKCS#7 or PKCS#12
  std::string passphrase_file;  // for a PKCS#12 file; empty for none
  bool operator==(const TrustFile&) const = default;
};

struct ClientAuth {
  ClientAuthMode mode = ClientAuthMode::kRequire;
  std::vector<TrustFile> trust_bundle;  // may be empty if mode is kNone or SPIFFE is used
  bool partial_chain = false;           // an anchor may be an intermediate
  bool any_extended_key_usage = false;  // anyExtendedKeyUsage counts as clientAuth
  int max_depth = 4;  // the largest number of certificates between the leaf and the trust anchor
  Spiffe spiffe;
  bool server_auth_clients = false;    // serverAuth alone counts as clientAuth
  std::vector<std::string> spki_pins;  // SHA-256 of the leaf's SubjectPublicKeyInfo, hex or base64
  std::vector<std::string> ca_pins;    // the same for any CA on the verified path
  std::vector<std::string> crl_files;
  CrlPolicy crl_policy = CrlPolicy::kIfPresent;
  ExpiredCrl crl_expired = ExpiredCrl::kRefuse;
  OnInvalid on_expiry = OnInvalid::kDrain;      // the client certificate has expired
  OnInvalid on_revocation = OnInvalid::kDrain;  // the client would be rejected for any other reason
  Location where;
  bool operator==(const ClientAuth&) const = default;
};

enum class XfccMode { kSanitize, kSanitizeSet, kAppendForward, kForwardOnly, kAlwaysForwardOnly };
enum class XfccField { kBy, kHash, kSubject, kUri, kDns, kCert, kChain };
enum class ClientCertMode { kOff, kLeaf, kChain };

// The fields that `identity_headers: set:` may use; config/README.md lists the meanings.
enum class IdentityField {
  kVerify,
  kSubject,
  kIssuer,
  kCn,
  kOu,
  kOrganizationIdentifier,
  kSerial,
  kFingerprintSha256,
  kFingerprintSha1,
  kSpiffeId,
  kSanUri,
  kSanDns,
  kSanEmail,
  kSanIp,
  kSanUpn,
  kNotBefore,
  kNotAfter,
  kCertPemUrlencoded,
  kCertDerBase64,
  kTlsVersion,
  kTlsCipher,
  kTlsGroup,
  kSni,
};

// The action for the client's X-Forwarded-For.
enum class ForwardedFor { kAppend, kReplace };
// The action for the client's other forwarding headers (Forwarded, X-Real-IP, ...).
enum class ForwardingHeaders { kRemove, kForward };

struct IdentityHeaders {
  XfccMode xfcc = XfccMode::kSanitizeSet;
  std::vector<XfccField> xfcc_fields = {XfccField::kBy, XfccField::kHash, XfccField::kSubject,
                                        XfccField::kUri, XfccField::kDns};
  ClientCertMode client_cert = ClientCertMode::kOff;
  // Header names as written and their fields, in file order.
  std::vector<std::pair<std::string, IdentityField>> set;
  std::vector<std::string> remove;  // further headers that are removed from every request
  ForwardedFor forwarded_for = ForwardedFor::kAppend;
  ForwardingHeaders forwarding_headers = ForwardingHeaders::kRemove;
  // The total size of these headers in one request, names and line ends included.
  uint32_t max_bytes = 16 * 1024;
  bool operator==(const IdentityHeaders&) const = default;
};

// The value of a limit that is derived from another one.
inline constexpr uint32_t kAutoLimit = 0xffffffff;

// A count of 0 means "no limit" for the keys for which config/README.md documents it.
struct Limits {
  uint32_t connections = 10000;        // open connections of this listener, over all workers
  uint32_t handshakes = 1000;          // handshakes in flight, over all workers
  uint32_t handshakes_per_second = 0;  // over all workers; 0 = unlimited
  // The same limits for one client address (IPv6: one /64); 0 = unlimited.
  uint32_t client_connections = 0;
  uint32_t client_handshakes = kAutoLimit;  // auto: half of `handshakes`
  uint32_t client_handshakes_per_second = 0;
  uint32_t header_bytes = 64 * 1024;  // request line and header section, in bytes
  uint32_t header_count = 100;
  uint32_t target_bytes = 16 * 1024;     // request-target
  uint64_t body_bytes = 0;               // request content; 0 = unlimited
  uint32_t requests_per_connection = 0;  // the connection ends after this many; 0 = unlimited
  // After this age, varied by up to a tenth, a connection begins no further request; 0 = unlimited.
  Milliseconds connection_age{0};
  uint32_t streams = 100;  // HTTP/2: concurrent streams of one connection
  // The least bytes per second of a client that sends the content of a request, averaged over
  // timeouts.body, and of one that reads a response, over timeouts.write; 0 = no limit.
  uint64_t min_request_rate = 240;
  uint64_t min_response_rate = 240;
  bool operator==(const Limits&) const = default;
};

struct DownstreamTimeouts {
  Milliseconds handshake{10'000};     // accept to finished handshake
  Milliseconds request_head{15'000};  // first byte of a request to the end of its header section
  Milliseconds idle{75'000};          // between requests
  Milliseconds body{60'000};          // between two reads of a request body
  Milliseconds write{60'000};         // a client that reads no bytes of its response
  Milliseconds tunnel{3'600'000};     // a tunnel without a byte in either direction
  bool operator==(const DownstreamTimeouts&) const = default;
};

// A version of HTTP that clients may speak.
enum class HttpProtocol { kHttp2, kHttp1 };

struct Listener {
  std::string name;
  Address address;
  uint32_t socket_mode = 0600;  // permissions of a Unix socket
  std::string socket_group;     // owns a Unix socket; empty for the process's group
  std::string upstream;         // the name of an Upstream of the same Config
  // The protocols that ALPN (RFC 7301) offers, best first; at least one, no duplicates. Without
  // TLS, clients always speak HTTP/1.1.
  std::vector<HttpProtocol> protocols = {HttpProtocol::kHttp2, HttpProtocol::kHttp1};
  Tls tls;
  ClientAuth client_auth;
  IdentityHeaders identity_headers;
  Policy policy;
  Limits limits;
  DownstreamTimeouts timeouts;
  Location where;
  bool operator==(const Listener&) const = default;
};

struct UpstreamTimeouts {
  Milliseconds connect{3'000};
  Milliseconds response_head{60'000};    // request sent to final response head
  Milliseconds body{60'000};             // between two reads of a response body
  Milliseconds event_stream{3'600'000};  // the same for a text/event-stream response
  Milliseconds write{60'000};            // an upstream that reads no bytes of a request
  Milliseconds queue{3'000};  // for a request that waits because all connections are in use
  // The time until an unused pooled connection is closed; shorter than the timeout of any common
  // server.
  Milliseconds idle{1'500};
  bool operator==(const UpstreamTimeouts&) const = default;
};

// A duration that mantlet chooses.
inline constexpr Milliseconds kAutoDuration{-1};

struct Pool {
  uint32_t connections = 1024;      // to this upstream, per worker
  uint32_t idle_connections = 128;  // kept for timeouts.idle, per worker; more only briefly
  uint32_t pending = 1024;          // requests waiting for a connection, per worker; more get 503
  // How long a request may wait for a connection while the queue does not drain; 0: no such limit.
  Milliseconds queue_target = kAutoDuration;
  bool operator==(const Pool&) const = default;
};

// Limits for responses. An application is trusted more than a client, but not without limits.
struct UpstreamLimits {
  uint32_t header_bytes = 64 * 1024;  // status line and header section, in bytes
  uint32_t header_count = 1000;
  bool operator==(const UpstreamLimits&) const = default;
};

// The protocol of an application. kH2c is HTTP/2 without TLS and by prior knowledge (RFC 9113
// section 3.3); kMatch is the version of each request's client.
enum class UpstreamProtocol { kHttp1, kH2c, kMatch };

// How mantlet checks that an application works.
enum class HealthType { kHttp, kTcp, kGrpc };

struct Health {
  HealthType type = HealthType::kHttp;
  std::string path;          // of an HTTP check
  Milliseconds interval{0};  // 0 = no checks
  Milliseconds timeout{1'000};
  bool readiness = false;  // the process is ready only while the upstream is healthy
  bool operator==(const Health&) const = default;
};

struct Upstream {
  std::string name;
  Address address;  // kTcp or kUnix
  UpstreamProtocol protocol = UpstreamProtocol::kHttp1;
  bool allow_plaintext_network = false;
  UpstreamTimeouts timeouts;
  Pool pool;
  UpstreamLimits limits;
  Health health;
  Milliseconds resolve_interval{30'000};  // a name is resolved again this often
  Location where;
  bool operator==(const Upstream&) const = default;
};

// A path of the metrics endpoint whose requests are forwarded to an application.
struct ProbeForward {
  std::string path;
  std::string upstream;  // the name of an Upstream of the same Config
  bool operator==(const ProbeForward&) const = default;
};

struct Endpoint {
  bool enabled = false;
  Address address;
  uint32_t socket_mode = 0600;  // as for a listener
  std::string socket_group;
  std::vector<ProbeForward> forward;  // of the metrics endpoint only
  Location where;
  bool operator==(const Endpoint&) const = default;
};

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kJson, kText };

struct Log {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kJson;
  std::string access = "stdout";  // "stdout", "off" or an absolute path
  bool operator==(const Log&) const = default;
};

struct Reload {
  bool watch = true;
  Milliseconds interval{30'000};  // 0 = no periodic poll
  bool operator==(const Reload&) const = default;
};

inline constexpr uint64_t kAutoMemory = UINT64_MAX;

// What the process gives up once its sockets are open.
struct Sandbox {
  bool landlock = true;  // files and ports that the configuration does not name
  bool seccomp = true;   // system calls that mantlet does not make
  bool operator==(const Sandbox&) const = default;
};

// Where the running process hands its listening sockets to its successor.
struct Upgrade {
  std::string socket;  // the path of a Unix socket; empty: no upgrade
  Location where;
  bool operator==(const Upgrade&) const = default;
};

struct Config {
  std::string file;               // the path it was loaded from
  uint32_t workers = 0;           // 0 = auto
  uint64_t memory = kAutoMemory;  // limits.memory, bytes; 0: no limit
  // limits.overload: how long events may wait in a worker before it refuses new work; 0: never.
  Milliseconds overload = kAutoDuration;
  std::vector<Listener> listeners;
  std::vector<Upstream> upstreams;
  Endpoint metrics;
  Endpoint admin;
  Log log;
  Reload reload;
  Milliseconds drain{30'000};
  Milliseconds idle_grace{1'000};  // in a drain, an idle connection is still read for this long
  Upgrade upgrade;
  std::string
      user;  // "NAME", "UID", either with ":GROUP"; empty = the one that started the process
  Sandbox sandbox;
  bool operator==(const Config&) const = default;
};

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CONFIG_H_
