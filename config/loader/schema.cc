#include "config/loader/schema.h"

#include <chrono>

#include "config/enum_names.h"
#include "config/loader/policy_schema.h"
#include "config/loader/policy_types.h"

namespace mantlet::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Milliseconds kMs{1};

void DescribeCertificate(Section& s, CertificateFiles& v) {
  s.RecordLocation(v.where);
  s.Forms({{{"chain", "key"}, {"bundle", "pkcs12"}},
           {{"bundle"}, {"chain", "key", "pkcs12"}},
           {{"pkcs12"}, {"chain", "key", "bundle"}}});
  s.Value({"chain", "certificates, PEM or DER: the leaf first, then the intermediates"}, v.chain,
          File("/etc/mantlet/tls/tls.crt"));
  s.Value({"key", "the leaf's private key"}, v.key, File("/etc/mantlet/tls/tls.key"));
  s.Value({"bundle", "key and chain in one PEM file, instead of `chain` and `key`"}, v.bundle,
          File("/var/run/creds/bundle.pem"));
  s.Value({"pkcs12", "key and chain in one PKCS#12 file, instead of `chain` and `key`"}, v.pkcs12,
          File("/etc/mantlet/server.p12"));
  s.Value({"passphrase_file", "file with the passphrase of `pkcs12` or of an encrypted key"},
          v.passphrase_file, File("/etc/mantlet/server.pass"));
  s.Value({"ocsp_response",
           "OCSP response in DER, stapled for clients that request it (RFC 6066); mantlet does not "
           "fetch it"},
          v.ocsp_response, File("/etc/mantlet/tls/tls.ocsp"));
}

void DescribeTls(Section& s, Tls& v) {
  s.Objects({"certificates",
             "selected by SNI, exact names before wildcards; the first is the default. One name "
             "may have an ECDSA, an Ed25519 and an RSA certificate",
             true},
            v.certificates, DescribeCertificate);
  s.Value({"min_version", "oldest TLS version; 1.2 is the oldest one without known weaknesses"},
          v.min_version, EnumValue(kTlsVersionNames));
  s.Value({"max_version", "newest TLS version"}, v.max_version, EnumValue(kTlsVersionNames));
  s.Values(
      {"cipher_suites",
       "suites of TLS 1.2 by OpenSSL's or IANA's names, best first; the server's order decides. "
       "Empty: ECDHE with AES-GCM or ChaCha20-Poly1305. No other suites are supported"},
      v.cipher_suites, CipherSuite());
  s.Values({"groups",
            "key exchange groups, best first; the server's order decides. Empty: X25519MLKEM768 if "
            "the TLS library has it, X25519 and P-256"},
           v.groups, Group());
  s.Value({"strict_sni",
           "reject a handshake if no certificate covers its SNI, instead of using the default "
           "certificate"},
          v.strict_sni, Boolean());
  s.Value({"session_resumption",
           "`on` lets clients resume a session with a ticket, which saves both sides a signature; "
           "the client's chain is verified again each time"},
          v.session_resumption, OffOrOn());
  s.Value({"session_lifetime",
           "lifetime of a session after its full handshake; renewed tickets do not extend it"},
          v.session_lifetime, Duration(std::chrono::seconds(1), hours(24)));
}

void DescribeCrl(Section& s, ClientAuth& v) {
  s.Values({"files", "revocation lists of any number of CAs, PEM or DER"}, v.crl_files,
           File("/etc/mantlet/tls/ca.crl"));
  s.Value({"policy", "`require` rejects a client unless there is a list for every CA on its path"},
          v.crl_policy, EnumValue(kCrlPolicyNames));
  s.Value({"expired",
           "when the nextUpdate of a list has passed: `refuse` rejects its CA's clients, because "
           "newer revocations may be missing; `use` continues to use the list"},
          v.crl_expired, EnumValue(kExpiredCrlNames));
}

void DescribeSpiffeTrustDomain(Section& s, SpiffeTrustDomain& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "the trust domain, without `spiffe://`", true}, v.name, TrustDomain());
  s.Values({"bundle", "CA certificates of the trust domain: PEM, DER or SPIFFE bundle JSON", true},
           v.bundle, File("/run/spiffe/example.org.json"));
}

void DescribeSpiffe(Section& s, Spiffe& v) {
  s.Objects({"trust_domains",
             "trust domains and their CAs; a client with a SPIFFE ID is verified against the CAs "
             "of its own trust domain only"},
            v.trust_domains, DescribeSpiffeTrustDomain);
  s.Value({"bundle_map", "SPIFFE bundle map: JSON with the bundles of several trust domains"},
          v.bundle_map, File("/run/spiffe/bundles.json"));
}

void DescribeTrustFile(Section& s, TrustFile& v) {
  s.Value({"pkcs12", "PKCS#12 trust store, as created by `keytool -importcert`", true}, v.path,
          File("/etc/mantlet/trust.p12"));
  s.Value({"passphrase_file", "file with the passphrase of the trust store", true},
          v.passphrase_file, File("/etc/mantlet/trust.pass"));
}

void DescribeClientAuth(Section& s, ClientAuth& v) {
  s.RecordLocation(v.where);
  s.Forms({{{"trust_bundle"}}, {{"spiffe"}}, {{"mode"}, {}, "none"}});
  s.Value({"mode",
           "`require`: a client needs a certificate that verifies; `optional`: a certificate may "
           "be absent, but must verify if it is sent; `request`: clients without a certificate, or "
           "with one that does not verify, are accepted without an identity; `none`: no "
           "certificate is requested"},
          v.mode, EnumValue(kClientAuthModeNames));
  s.ValuesOrObjects<TrustFile>(
      {"trust_bundle",
       "files with CA certificates: PEM, DER, PKCS#7 or PKCS#12; required unless `mode` is `none` "
       "or `spiffe` is used"},
      v.trust_bundle, File("/etc/mantlet/tls/ca.crt"), &TrustFile::path,
      [](const TrustFile& file) { return file.passphrase_file.empty(); }, DescribeTrustFile);
  s.Value({"partial_chain",
           "`on` accepts an intermediate CA as a trust anchor, without its root in the bundle"},
          v.partial_chain, OffOrOn());
  s.Value({"any_extended_key_usage",
           "`on` accepts anyExtendedKeyUsage as clientAuth; `off`, because such certificates are "
           "rarely intended for clients"},
          v.any_extended_key_usage, OffOrOn());
  s.Value({"server_auth_clients",
           "`on` accepts clients whose only extended key usage is serverAuth, as in certificates "
           "of public CAs since 2026; `off`, because a server certificate is not intended to "
           "identify a client"},
          v.server_auth_clients, OffOrOn());
  s.Value({"max_depth",
           "largest number of CA certificates between the client's certificate and the trust "
           "anchor, without self-issued ones"},
          v.max_depth, Depth(0, 16));
  s.Object({"spiffe", "clients with SPIFFE IDs (X.509-SVIDs)"}, v.spiffe, DescribeSpiffe);
  s.Values({"spki_pins",
            "SHA-256 digests of the accepted public keys (SubjectPublicKeyInfo), hex or base64; "
            "empty: any key with a valid chain"},
           v.spki_pins, SpkiPin());
  s.Values({"ca_pins",
            "SHA-256 digests of CA keys: a CA on the path, from the issuer of the client's "
            "certificate to the trust anchor, must have one of these keys; empty: any CA with a "
            "path to a trust anchor"},
           v.ca_pins, SpkiPin());
  s.Object({"crl", "certificate revocation lists"}, v, DescribeCrl);
  s.Value({"on_expiry",
           "action for open connections when the client's certificate expires: `drain` closes them "
           "after the request in flight, `close` immediately, `ignore` never"},
          v.on_expiry, EnumValue(kOnInvalidNames));
  s.Value({"on_revocation",
           "the same when the client would be rejected for another reason, such as a revoked "
           "certificate or a removed CA"},
          v.on_revocation, EnumValue(kOnInvalidNames));
}

void DescribeIdentityHeaders(Section& s, IdentityHeaders& v) {
  s.Value(
      {"xfcc", "x-forwarded-client-cert: the default replaces the client's header by mantlet's"},
      v.xfcc, EnumValue(kXfccModeNames));
  s.Values({"xfcc_fields", "fields of the x-forwarded-client-cert element that mantlet writes"},
           v.xfcc_fields, EnumValue(kXfccFieldNames));
  s.Value({"client_cert",
           "`leaf` sends Client-Cert of RFC 9440, `chain` also Client-Cert-Chain; `off`, because "
           "they are large and few applications read them"},
          v.client_cert, EnumValue(kClientCertModeNames));
  s.Pairs({"set",
           "further headers and the fields they contain; each name is removed from every request "
           "first"},
          v.set, "header name", EnumValue(kIdentityFieldNames));
  s.Values({"remove",
            "further headers that the application trusts; they are removed from every request, in "
            "every spelling"},
           v.remove, Text("SSL_CLIENT_VERIFY"));
  s.Value({"forwarded_for",
           "`append` appends the client's address to its X-Forwarded-For, `replace` replaces the "
           "header by the address"},
          v.forwarded_for, EnumValue(kForwardedForNames));
  s.Value({"forwarding_headers",
           "other headers about the origin of a request (Forwarded, X-Real-IP, X-Forwarded-Port "
           "…); use `forward` only if all clients are your own proxies"},
          v.forwarding_headers, EnumValue(kForwardingHeadersNames));
  s.Value({"max_bytes",
           "total size of these headers in one request; larger values are omitted step by step "
           "(see above), so that the application does not answer 431"},
          v.max_bytes, Size(1024, 1024 * 1024));
}

void DescribeLimits(Section& s, Limits& v) {
  s.Value({"connections",
           "open connections; limits memory and file descriptors, of which a process often has "
           "20,000. Connections without a complete ClientHello are closed for new ones"},
          v.connections, Count(1, 10'000'000));
  s.Value({"handshakes",
           "handshakes in flight; they cost far more CPU than requests, so this limits a flood. "
           "Counted from the complete ClientHello on"},
          v.handshakes, Count(1, 1'000'000));
  s.Value({"handshakes_per_second",
           "rate of new handshakes; a core manages one to two thousand, and no default fits every "
           "machine"},
          v.handshakes_per_second, Count(1, 1'000'000, "no limit"));
  s.Value({"client_connections",
           "open connections of one client address (IPv6: one /64); no limit, because behind a "
           "load balancer or gateway all clients have one address"},
          v.client_connections, Count(1, 10'000'000, "no limit"));
  s.Value({"client_handshakes",
           "handshakes in flight of one client address; `auto` is half of `handshakes`, so that "
           "one host cannot block all others"},
          v.client_handshakes, AutoCount(1, 1'000'000, "no limit"));
  s.Value({"client_handshakes_per_second", "rate of new handshakes of one client address"},
          v.client_handshakes_per_second, Count(1, 1'000'000, "no limit"));
  s.Value({"header_bytes",
           "size of the request line and headers; larger ones get 431. Applications commonly "
           "accept 8KiB to 64KiB"},
          v.header_bytes, Size(1024, 1024 * 1024));
  s.Value({"header_count", "number of request headers; more get 431. Browsers send fewer than 50"},
          v.header_count, Count(1, 10'000));
  s.Value({"target_bytes", "length of the request-target; longer ones get 414"}, v.target_bytes,
          Size(256, 1024 * 1024));
  s.Value({"body_bytes",
           "size of the request body; larger ones get 413. Bodies are streamed, so their size "
           "costs no memory"},
          v.body_bytes, SizeOrZero(1, 1ull << 50, "no limit"));
  s.Value({"requests_per_connection",
           "requests on one connection; it is closed afterwards, so that clients are distributed "
           "again"},
          v.requests_per_connection, Count(1, 1'000'000'000, "no limit"));
  s.Value(
      {"connection_age",
       "age at which a connection is closed after its requests in flight, so that a load balancer "
       "distributes the clients again; the age of each connection varies by up to a tenth"},
      v.connection_age, Duration(std::chrono::seconds(1), hours(24 * 7), "no limit"));
  s.Value({"streams",
           "HTTP/2: requests in flight on one connection; for more, clients wait or open another "
           "connection. Limits memory together with `connections`"},
          v.streams, Count(1, 10'000));
  s.Value(
      {"min_request_rate",
       "bytes per second of a client that sends the content of a request, averaged over "
       "`timeouts.body`; slower ones get 408. No real client is that slow. Not for gRPC, and not "
       "once the application responds (see above)"},
      v.min_request_rate, SizeOrZero(1, 1 << 30, "no limit"));
  s.Value({"min_response_rate",
           "bytes per second of a client that reads a response that waits for it, averaged over "
           "`timeouts.write`; slower ones are cut. Not for gRPC and event streams"},
          v.min_response_rate, SizeOrZero(1, 1 << 30, "no limit"));
}

void DescribeDownstreamTimeouts(Section& s, DownstreamTimeouts& v) {
  s.Value({"handshake",
           "from the accepted connection to the end of the handshake; long enough for slow links, "
           "short for idle clients"},
          v.handshake, Duration(kMs, minutes(10)));
  s.Value({"request_head",
           "from the first byte of a request to the end of its headers; bytes in between do not "
           "extend it"},
          v.request_head, Duration(kMs, minutes(10)));
  s.Value({"idle", "between two requests; longer than the 60s of many clients and load balancers"},
          v.idle, Duration(kMs, hours(24)));
  s.Value({"body", "between two reads of a request body; then 408"}, v.body,
          Duration(kMs, hours(24)));
  s.Value({"write", "time without progress while a client reads its response"}, v.write,
          Duration(kMs, hours(24)));
  s.Value(
      {"tunnel", "time without a byte in either direction of an upgraded connection (WebSocket)"},
      v.tunnel, Duration(kMs, hours(24 * 7)));
}

void DescribeListener(Section& s, Listener& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "label in metrics and logs", true}, v.name, Name("public"));
  s.Value({"address", "address that clients connect to; port 0 uses any free port", true},
          v.address, AddressOf({.systemd = true, .any_port = true}, "0.0.0.0:8443"));
  s.Value({"socket_mode",
           "permissions of a Unix socket; 0660 lets its group connect, for example a front proxy"},
          v.socket_mode, FileMode());
  s.Value({"socket_group", "group of a Unix socket, by name or number"}, v.socket_group,
          Text("www-data"));
  s.Value({"upstream", "the name of one of `upstreams`", true}, v.upstream, Name("app"));
  s.Values({"protocols",
            "protocols offered by ALPN, best first; the server's order decides. A client without "
            "ALPN speaks HTTP/1.1"},
           v.protocols, EnumValue(kHttpProtocolNames));
  s.Object({"tls", "server certificates and TLS settings", true}, v.tls, DescribeTls);
  s.Object({"client_auth", "verification of client certificates"}, v.client_auth,
           DescribeClientAuth);
  s.Object({"identity_headers", "headers that tell the upstream who the client is"},
           v.identity_headers, DescribeIdentityHeaders);
  s.Object({"policy", "rules that allow and deny requests"}, v.policy, DescribePolicy);
  s.Object({"limits", "limits for hostile clients, over all workers"}, v.limits, DescribeLimits);
  s.Object({"timeouts", "timeouts for slow or silent clients"}, v.timeouts,
           DescribeDownstreamTimeouts);
}

void DescribeUpstreamTimeouts(Section& s, UpstreamTimeouts& v) {
  s.Value({"connect", "time to connect, then 504; a local application accepts within milliseconds"},
          v.connect, Duration(kMs, minutes(10)));
  s.Value({"response_head", "from the sent request to the head of the response, then 504"},
          v.response_head, Duration(kMs, hours(24)));
  s.Value({"body", "between two reads of a response body"}, v.body, Duration(kMs, hours(24)));
  s.Value({"event_stream",
           "the same for a response of the media type text/event-stream, where silence is normal"},
          v.event_stream, Duration(kMs, hours(24 * 7)));
  s.Value({"write", "time without progress while an upstream reads a request"}, v.write,
          Duration(kMs, hours(24)));
  s.Value(
      {"queue", "time that a request waits because all of `pool.connections` are in use, then 503"},
      v.queue, Duration(kMs, minutes(10)));
  s.Value({"idle",
           "time until an unused connection is closed. It must be shorter than the application's "
           "own keep-alive time (see above), or the application may close the connection just as a "
           "request is sent"},
          v.idle, Duration(kMs, hours(24)));
}

void DescribePool(Section& s, Pool& v) {
  s.Value({"connections", "open connections, per worker"}, v.connections, Count(1, 1'000'000));
  s.Value({"idle_connections",
           "unused connections that are kept for `timeouts.idle`, per worker; further ones are "
           "closed after half a second without use"},
          v.idle_connections, Count(1, 1'000'000, "a new connection for every request"));
  s.Value({"pending",
           "requests that may wait for a connection, per worker; more get 503, so that a slow "
           "application is not overloaded"},
          v.pending, Count(1, 1'000'000, "no queue"));
  s.Value(
      {"queue_target",
       "time that a request may wait for a connection once the queue has not drained for half a "
       "second; others get 503 then (see above). `auto`: twice as long as requests take, at "
       "least 5ms"},
      v.queue_target, AutoDuration(kMs, minutes(10)));
}

void DescribeUpstreamLimits(Section& s, UpstreamLimits& v) {
  s.Value(
      {"header_bytes", "size of the status line and headers of a response; larger ones become 502"},
      v.header_bytes, Size(1024, 16 * 1024 * 1024));
  s.Value({"header_count", "number of response headers; more become 502"}, v.header_count,
          Count(1, 100'000));
}

void DescribeHealth(Section& s, Health& v) {
  s.Value({"type",
           "`http`: GET of `path`, good with status 200 to 399; `tcp`: a connection; `grpc`: "
           "`grpc.health.v1.Health/Check`, over h2c"},
          v.type, EnumValue(kHealthTypeNames));
  s.Value({"path", "path of an HTTP check, with its query"}, v.path, Text("/health"));
  s.Value({"interval", "time between two checks of an address"}, v.interval,
          Duration(Milliseconds(100), hours(1), "no checks"));
  s.Value({"timeout", "time for a check, from the connection to the end of the response"},
          v.timeout, Duration(Milliseconds(10), minutes(1)));
  s.Value({"readiness", "`/readyz` responds 503 while no address is healthy"}, v.readiness,
          Boolean());
}

void DescribeUpstream(Section& s, Upstream& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "name for `listeners[].upstream`; label in metrics", true}, v.name, Name("app"));
  s.Value({"address",
           "address where the application accepts plaintext HTTP; a host name is resolved in the "
           "background",
           true},
          v.address, AddressOf({}, "127.0.0.1:8080"));
  s.Value({"protocol",
           "protocol of the application: `h2c` is HTTP/2 without TLS, by prior knowledge, as for "
           "gRPC servers; `match` uses the version of each request's client; `http1`, because "
           "every application supports HTTP/1.1"},
          v.protocol, EnumValue(kUpstreamProtocolNames));
  s.Value({"allow_plaintext_network",
           "must be `true` for an address that is not loopback, because requests and identity "
           "headers can be read and forged on the network"},
          v.allow_plaintext_network, Boolean());
  s.Value({"resolve_interval",
           "interval at which a host name is resolved again; it is also resolved when connections "
           "to its addresses fail. If that fails, the known addresses stay in use"},
          v.resolve_interval, Duration(Milliseconds(100), hours(24)));
  s.Object({"timeouts", "timeouts for slow or silent applications"}, v.timeouts,
           DescribeUpstreamTimeouts);
  s.Object({"pool", "connections to the application"}, v.pool, DescribePool);
  s.Object({"limits", "limits for the head of a response"}, v.limits, DescribeUpstreamLimits);
  s.Object({"health", "checks of the application by mantlet itself"}, v.health, DescribeHealth);
}

void DescribeSocketFile(Section& s, Endpoint& v) {
  s.Value({"socket_mode", "permissions of a Unix socket"}, v.socket_mode, FileMode());
  s.Value({"socket_group", "group of a Unix socket, by name or number"}, v.socket_group,
          Text("www-data"));
}

void DescribeForward(Section& s, ProbeForward& v) {
  s.Value({"path", "the exact path, without a query", true}, v.path, Text("/health"));
  s.Value({"upstream", "the name of one of `upstreams` that a listener uses", true}, v.upstream,
          Name("app"));
}

void DescribeMetrics(Section& s, Endpoint& v) {
  s.RecordLocation(v.where);
  v.enabled = true;
  s.Value({"address", "plain HTTP; nothing on it is secret", true}, v.address,
          AddressOf({.any_port = true}, "0.0.0.0:9900"));
  DescribeSocketFile(s, v);
  s.Objects(
      {"forward",
       "paths whose GET and HEAD requests are answered by an application, so that the kubelet "
       "can probe it"},
      v.forward, DescribeForward);
}

void DescribeAdmin(Section& s, Endpoint& v) {
  s.RecordLocation(v.where);
  v.enabled = true;
  s.Value({"address", "loopback or unix: only, because its clients may reload and drain", true},
          v.address, AddressOf({.any_port = true}, "127.0.0.1:9901"));
  DescribeSocketFile(s, v);
}

void DescribeLog(Section& s, Log& v) {
  s.Value({"level",
           "least severe level that is logged; POST /log-level changes it until the next reload or "
           "restart"},
          v.level, EnumValue(kLogLevelNames));
  s.Value({"format", "`json`: one object per line; `text`: for terminals"}, v.format,
          EnumValue(kLogFormatNames));
  s.Value({"access",
           "destination of the access log, one line per request; a file is reopened on SIGUSR1 and "
           "SIGHUP"},
          v.access, AccessLogTarget());
}

void DescribeReload(Section& s, Reload& v) {
  s.Value({"watch",
           "apply changes of this file and of all files that it names within a second (inotify on "
           "their directories)"},
          v.watch, Boolean());
  s.Value({"interval",
           "interval of an additional poll of the files, for file systems without change "
           "notifications"},
          v.interval, Duration(kMs, hours(24), "no poll"));
}

void DescribeShutdown(Section& s, Config& v) {
  s.Value({"drain",
           "time for open requests after SIGTERM; Kubernetes sends SIGKILL after 30s by default"},
          v.drain, Duration(kMs, hours(24), "no drain"));
  s.Value({"idle_grace",
           "time during which an idle connection is still read after the drain has begun or its "
           "listener was removed, so that a request on its way is answered, with `Connection: "
           "close`. Not longer than `drain`"},
          v.idle_grace, Duration(kMs, hours(1), "no grace"));
}

void DescribeUpgrade(Section& s, Upgrade& v) {
  s.RecordLocation(v.where);
  s.Value({"socket",
           "Unix socket through which a second process with the same setting takes over the "
           "listening sockets of this one, which then drains. Only the user of the process and "
           "root may connect. Empty: no upgrade"},
          v.socket, SocketPath());
}

void DescribeProcessLimits(Section& s, Config& v) {
  s.Value({"memory",
           "memory of the process. As it is used up, buffers become smaller, idle connections end, "
           "those that hold the most are cut, and new ones are refused. `auto`: three quarters of "
           "what the cgroup or the machine has. Takes effect at the start"},
          v.memory, MemorySize(uint64_t{32} << 20, uint64_t{1} << 50));
  s.Value({"overload",
           "time that events may wait in a worker, for half a second, before it refuses new "
           "connections, and then requests with 503 (see above). `auto`: 50ms"},
          v.overload, AutoDuration(kMs, Milliseconds(10'000)));
}

void DescribeSandbox(Section& s, Sandbox& v) {
  s.Value({"landlock",
           "files and TCP ports that this configuration does not name; a reload that needs others "
           "is answered with `restart needed`"},
          v.landlock, OffOrOn());
  s.Value({"seccomp", "system calls that mantlet does not make"}, v.seccomp, OffOrOn());
}

}  // namespace

void Describe(Section& s, Config& v) {
  s.Value({"workers",
           "number of event loops; `auto`: the CPUs that this process may use (affinity and cgroup "
           "quota)"},
          v.workers, Workers(1024));
  s.Object({"limits", "limits of the process"}, v, DescribeProcessLimits);
  s.Objects({"listeners", "addresses, certificates and client verification", true}, v.listeners,
            DescribeListener);
  s.Objects({"upstreams", "applications that receive the requests", true}, v.upstreams,
            DescribeUpstream);
  s.Object({"metrics", "endpoint for GET /metrics /healthz /readyz; disabled if absent"}, v.metrics,
           DescribeMetrics, v.metrics.enabled);
  s.Object({"admin",
            "endpoint for GET / /certs /config /connections /log-level and POST /reload /drain "
            "/log-level; disabled if absent"},
           v.admin, DescribeAdmin, v.admin.enabled);
  s.Object({"log", "logging"}, v.log, DescribeLog);
  s.Object({"reload", "detection of changed files"}, v.reload, DescribeReload);
  s.Object({"shutdown", "the end of the process"}, v, DescribeShutdown);
  s.Object({"upgrade", "replacement of the running process without a refused connection"},
           v.upgrade, DescribeUpgrade);
  s.Value({"user",
           "user that a process started as root becomes when its sockets are open: a name or a "
           "number, with `:GROUP` for another group than its own. It must be able to read every "
           "file named here, because reloads read them again. Empty: no change"},
          v.user, Text("mantlet"));
  s.Object({"sandbox", "what the process gives up when its sockets are open"}, v.sandbox,
           DescribeSandbox);
}

}  // namespace mantlet::config
