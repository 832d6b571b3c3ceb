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
  s.Value({"chain", "certificates, PEM or DER: the leaf first, then the intermediates"}, v.chain,
          File("/etc/mantlet/tls/tls.crt"));
  s.Value({"key", "the leaf's private key"}, v.key, File("/etc/mantlet/tls/tls.key"));
  s.Value({"bundle", "key and chain in one PEM file, instead of `chain` and `key`"}, v.bundle,
          File("/var/run/creds/bundle.pem"));
  s.Value({"pkcs12", "key and chain in one PKCS#12 file, instead of `chain` and `key`"}, v.pkcs12,
          File("/etc/mantlet/server.p12"));
  s.Value({"passphrase_file", "holds the passphrase of `pkcs12` or of an encrypted key"},
          v.passphrase_file, File("/etc/mantlet/server.pass"));
  s.Value({"ocsp_response",
           "stapled for clients that ask (RFC 6066); DER, renewed by whoever "
           "fetches it"},
          v.ocsp_response, File("/etc/mantlet/tls/tls.ocsp"));
}

void DescribeTls(Section& s, Tls& v) {
  s.Objects({"certificates",
             "chosen by SNI, exact names before wildcards; the first is the default. Side by side "
             "for one name: ECDSA, Ed25519, RSA",
             true},
            v.certificates, DescribeCertificate);
  s.Value({"min_version", "1.2 is the oldest version without known weaknesses"}, v.min_version,
          EnumValue(kTlsVersionNames));
  s.Value({"max_version", "the newest there is"}, v.max_version, EnumValue(kTlsVersionNames));
  s.Values(
      {"cipher_suites",
       "for TLS 1.2, best first: the server's order decides; OpenSSL's or IANA's names. Empty: "
       "ECDHE with AES-GCM or ChaCha20-Poly1305, which are all that may be named"},
      v.cipher_suites, CipherSuite());
  s.Values({"groups",
            "best first: the server's order decides; empty: X25519MLKEM768 where the TLS library "
            "has it, X25519, P-256, and no other"},
           v.groups, Group());
  s.Value({"strict_sni",
           "refuse a handshake whose SNI no certificate covers, instead of using the default one"},
          v.strict_sni, Boolean());
  s.Value({"session_resumption",
           "`on` lets clients come back with a ticket, which saves both sides a signature; what "
           "decided is checked again each time"},
          v.session_resumption, OffOrOn());
  s.Value({"session_lifetime",
           "of a session from its full handshake on, however often its ticket is renewed"},
          v.session_lifetime, Duration(std::chrono::seconds(1), hours(24)));
}

void DescribeCrl(Section& s, ClientAuth& v) {
  s.Values({"files", "revocation lists, PEM or DER, of as many CAs as you like"}, v.crl_files,
           File("/etc/mantlet/tls/ca.crl"));
  s.Value({"policy", "`require`: refuse a client unless there is a list for every CA on its path"},
          v.crl_policy, EnumValue(kCrlPolicyNames));
  s.Value({"expired",
           "a list whose nextUpdate has passed: `refuse` its CA's clients, for it may hide a "
           "revocation, or `use` it on"},
          v.crl_expired, EnumValue(kExpiredCrlNames));
}

void DescribeSpiffeTrustDomain(Section& s, SpiffeTrustDomain& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "the trust domain, without `spiffe://`", true}, v.name, TrustDomain());
  s.Values({"bundle", "its CA certificates: PEM, DER or SPIFFE bundle JSON", true}, v.bundle,
           File("/run/spiffe/example.org.json"));
}

void DescribeSpiffe(Section& s, Spiffe& v) {
  s.Objects({"trust_domains", "a client with a SPIFFE ID is judged by its own domain's CAs only"},
            v.trust_domains, DescribeSpiffeTrustDomain);
  s.Value({"bundle_map", "a SPIFFE bundle map: JSON with the bundles of several trust domains"},
          v.bundle_map, File("/run/spiffe/bundles.json"));
}

void DescribeTrustFile(Section& s, TrustFile& v) {
  s.Value({"pkcs12", "a PKCS#12 trust store, as `keytool -importcert` makes it", true}, v.path,
          File("/etc/mantlet/trust.p12"));
  s.Value({"passphrase_file", "holds its passphrase", true}, v.passphrase_file,
          File("/etc/mantlet/trust.pass"));
}

void DescribeClientAuth(Section& s, ClientAuth& v) {
  s.RecordLocation(v.where);
  s.Value({"mode",
           "`optional`: a certificate may be absent, but one that is sent must verify; `request`: "
           "whoever has none or one that does not verify is let in without an identity; a listener "
           "that says nothing lets nobody in without one"},
          v.mode, EnumValue(kClientAuthModeNames));
  s.ValuesOrObjects<TrustFile>(
      {"trust_bundle",
       "files with CA certificates, PEM, DER, PKCS#7 or PKCS#12; required unless `mode` is none or "
       "`spiffe` is used"},
      v.trust_bundle, File("/etc/mantlet/tls/ca.crt"), &TrustFile::path,
      [](const TrustFile& file) { return file.passphrase_file.empty(); }, DescribeTrustFile);
  s.Value(
      {"partial_chain", "let a trust anchor be an intermediate, whose root is not in the bundle"},
      v.partial_chain, OffOrOn());
  s.Value({"any_extended_key_usage",
           "take anyExtendedKeyUsage for clientAuth; off, because such certificates were rarely "
           "meant to let clients in"},
          v.any_extended_key_usage, OffOrOn());
  s.Value({"server_auth_clients",
           "let in clients whose only extended key usage is serverAuth, as public CAs issue "
           "certificates since 2026; off, because a server's certificate was not meant to identify "
           "a client"},
          v.server_auth_clients, OffOrOn());
  s.Value({"max_depth",
           "CA certificates between the client's and the trust anchor, at most, "
           "self-issued ones not counted"},
          v.max_depth, Depth(0, 16));
  s.Object({"spiffe", "clients with SPIFFE IDs (X.509-SVIDs)"}, v.spiffe, DescribeSpiffe);
  s.Values({"spki_pins",
            "SHA-256 of the public keys (SubjectPublicKeyInfo) that are let in, hex or base64; "
            "empty: any key with a good chain"},
           v.spki_pins, SpkiPin());
  s.Values({"ca_pins",
            "the same of a CA: some CA between the client's certificate and the trust anchor, that "
            "included, must have one of these keys; empty: any CA that leads to a trust anchor"},
           v.ca_pins, SpkiPin());
  s.Object({"crl", "certificate revocation lists"}, v, DescribeCrl);
  s.Value({"on_expiry",
           "open connections whose client certificate stops being valid: `drain` ends them after "
           "the request in hand, `close` at once, `ignore` never"},
          v.on_expiry, EnumValue(kOnInvalidNames));
  s.Value({"on_revocation",
           "the same for a client that is refused by now for another reason: its certificate was "
           "revoked, its CA is trusted no more"},
          v.on_revocation, EnumValue(kOnInvalidNames));
}

void DescribeIdentityHeaders(Section& s, IdentityHeaders& v) {
  s.Value(
      {"xfcc", "x-forwarded-client-cert: the default removes what a client sent and sets our own"},
      v.xfcc, EnumValue(kXfccModeNames));
  s.Values({"xfcc_fields", "the parts of an element that we write"}, v.xfcc_fields,
           EnumValue(kXfccFieldNames));
  s.Value({"client_cert",
           "Client-Cert (`leaf`) and Client-Cert-Chain (`chain`) of RFC 9440; off, for they are "
           "large and few applications read them"},
          v.client_cert, EnumValue(kClientCertModeNames));
  s.Pairs({"set", "further headers; each name is removed from every request first"}, v.set,
          "header name", EnumValue(kIdentityFieldNames));
  s.Values({"remove",
            "further headers that an application believes: removed from every request, in every "
            "spelling"},
           v.remove, Text("SSL_CLIENT_VERIFY"));
  s.Value({"forwarded_for",
           "`append` puts the client's address behind an X-Forwarded-For that it sent, `replace` "
           "in its place"},
          v.forwarded_for, EnumValue(kForwardedForNames));
  s.Value({"forwarding_headers",
           "other headers that say where a request came from (Forwarded, X-Real-IP, "
           "X-Forwarded-Port …): `forward` only for clients that are proxies of your own"},
          v.forwarding_headers, EnumValue(kForwardingHeadersNames));
  s.Value({"max_bytes",
           "of all these headers of one request; what is too large is left out step by step, as "
           "told above, so that the application does not answer 431"},
          v.max_bytes, Size(1024, 1024 * 1024));
}

void DescribeLimits(Section& s, Limits& v) {
  s.Value({"connections",
           "open at once; bounds memory and descriptors, which often end at 20,000 per process. "
           "Those that have not sent a whole ClientHello make room for new ones"},
          v.connections, Count(1, 10'000'000));
  s.Value({"handshakes",
           "in flight at once: they cost far more CPU than requests do, so a flood is cut here; "
           "counted from their whole ClientHello on"},
          v.handshakes, Count(1, 1'000'000));
  s.Value({"handshakes_per_second",
           "begun; a core manages one to two thousand, and no default fits every machine"},
          v.handshakes_per_second, Count(1, 1'000'000, "no limit"));
  s.Value({"client_connections",
           "of one client address (IPv6: of one /64); no limit, because behind a balancer or a "
           "gateway all clients have one address"},
          v.client_connections, Count(1, 10'000'000, "no limit"));
  s.Value({"client_handshakes",
           "of one client address, in flight at once; `auto` is half of `handshakes`, so that one "
           "host cannot shut all others out"},
          v.client_handshakes, AutoCount(1, 1'000'000, "no limit"));
  s.Value({"client_handshakes_per_second", "of one client address, begun"},
          v.client_handshakes_per_second, Count(1, 1'000'000, "no limit"));
  s.Value(
      {"header_bytes",
       "request line and headers together, then 431; applications commonly accept 8KiB to 64KiB"},
      v.header_bytes, Size(1024, 1024 * 1024));
  s.Value({"header_count", "then 431; browsers send fewer than 50"}, v.header_count,
          Count(1, 10'000));
  s.Value({"target_bytes", "length of the request's target, then 414"}, v.target_bytes,
          Size(256, 1024 * 1024));
  s.Value({"body_bytes", "then 413; bodies are streamed, so their size costs no memory"},
          v.body_bytes, SizeOrZero(1, 1ull << 50, "no limit"));
  s.Value({"requests_per_connection", "then the connection is closed, so that clients spread anew"},
          v.requests_per_connection, Count(1, 1'000'000'000, "no limit"));
  s.Value({"connection_age",
           "then the connection is closed after the requests in flight, so that clients behind a "
           "balancer of connections spread again; each connection's own age is up to a tenth "
           "shorter or longer"},
          v.connection_age, Duration(std::chrono::seconds(1), hours(24 * 7), "no limit"));
  s.Value({"streams",
           "HTTP/2: requests in flight at once on one connection; clients wait or open another "
           "connection for more. Bounds memory together with `connections`"},
          v.streams, Count(1, 10'000));
}

void DescribeDownstreamTimeouts(Section& s, DownstreamTimeouts& v) {
  s.Value(
      {"handshake", "accept to finished handshake; generous for a slow link, short for an idler"},
      v.handshake, Duration(kMs, minutes(10)));
  s.Value({"request_head",
           "first byte of a request to the end of its headers, whatever trickles in meanwhile"},
          v.request_head, Duration(kMs, minutes(10)));
  s.Value(
      {"idle",
       "between two requests; longer than the 60s after which many clients and balancers give up"},
      v.idle, Duration(kMs, hours(24)));
  s.Value({"body", "between two reads of a request's body, then 408"}, v.body,
          Duration(kMs, hours(24)));
  s.Value({"write", "a client that takes nothing of its response"}, v.write,
          Duration(kMs, hours(24)));
  s.Value({"tunnel", "an upgraded connection (WebSocket) without a byte either way"}, v.tunnel,
          Duration(kMs, hours(24 * 7)));
}

void DescribeListener(Section& s, Listener& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "label in metrics and logs", true}, v.name, Name("public"));
  s.Value({"address", "where clients connect; port 0 takes any free one", true}, v.address,
          AddressOf({.systemd = true, .any_port = true}, "0.0.0.0:8443"));
  s.Value({"socket_mode",
           "of a Unix socket: who may connect; 0660 lets the group in, and a front proxy with it"},
          v.socket_mode, FileMode());
  s.Value({"socket_group", "of a Unix socket: its group, by name or number"}, v.socket_group,
          Text("www-data"));
  s.Value({"upstream", "the name of one of `upstreams`", true}, v.upstream, Name("app"));
  s.Values({"protocols",
            "offered by ALPN, best first: the server's order decides. A client without ALPN speaks "
            "HTTP/1.1"},
           v.protocols, EnumValue(kHttpProtocolNames));
  s.Object({"tls", "what the server presents and accepts", true}, v.tls, DescribeTls);
  s.Object({"client_auth", "which clients are let in"}, v.client_auth, DescribeClientAuth);
  s.Object({"identity_headers", "how the upstream learns who the client is"}, v.identity_headers,
           DescribeIdentityHeaders);
  s.Object({"policy", "which requests are let through"}, v.policy, DescribePolicy);
  s.Object({"limits", "what a hostile client can use up, all workers together"}, v.limits,
           DescribeLimits);
  s.Object({"timeouts", "how long a slow or silent client is waited for"}, v.timeouts,
           DescribeDownstreamTimeouts);
}

void DescribeUpstreamTimeouts(Section& s, UpstreamTimeouts& v) {
  s.Value({"connect", "then 504; a local application answers within milliseconds"}, v.connect,
          Duration(kMs, minutes(10)));
  s.Value({"response_head", "request sent to the response's head, then 504"}, v.response_head,
          Duration(kMs, hours(24)));
  s.Value({"body", "between two reads of a response's body"}, v.body, Duration(kMs, hours(24)));
  s.Value({"event_stream",
           "the same of a response with the media type text/event-stream, for which silence is "
           "normal"},
          v.event_stream, Duration(kMs, hours(24 * 7)));
  s.Value({"write", "an upstream that takes nothing of a request"}, v.write,
          Duration(kMs, hours(24)));
  s.Value({"queue", "a request that waits because all of `pool.connections` are in use, then 503"},
          v.queue, Duration(kMs, minutes(10)));
  s.Value({"idle",
           "an unused connection is closed after this; keep it below the application's own "
           "keep-alive time (see above), or it may close the connection just as a request is sent"},
          v.idle, Duration(kMs, hours(24)));
}

void DescribePool(Section& s, Pool& v) {
  s.Value({"connections", "open at once, per worker"}, v.connections, Count(1, 1'000'000));
  s.Value(
      {"idle_connections",
       "kept for `timeouts.idle`, per worker; what was needed beyond that is closed once unused "
       "for half a second"},
      v.idle_connections, Count(1, 1'000'000, "a new connection for every request"));
  s.Value({"pending",
           "requests that may wait for a connection, per worker; more get 503, so that a slow "
           "application is not buried"},
          v.pending, Count(1, 1'000'000, "none waits"));
}

void DescribeUpstreamLimits(Section& s, UpstreamLimits& v) {
  s.Value({"header_bytes", "status line and header section of a response, then 502"},
          v.header_bytes, Size(1024, 16 * 1024 * 1024));
  s.Value({"header_count", "header fields of a response, then 502"}, v.header_count,
          Count(1, 100'000));
}

void DescribeUpstream(Section& s, Upstream& v) {
  s.RecordLocation(v.where);
  s.Value({"name", "what listeners call it; label in metrics", true}, v.name, Name("app"));
  s.Value({"address",
           "where the application listens for plaintext HTTP; a name is resolved in the "
           "background",
           true},
          v.address, AddressOf({}, "127.0.0.1:8080"));
  s.Value({"protocol",
           "what the application speaks: `h2c` is HTTP/2 without TLS, by prior knowledge, as gRPC "
           "servers speak it; `match` is the version of each request's client. `http1`, because "
           "every application speaks HTTP/1.1"},
          v.protocol, EnumValue(kUpstreamProtocolNames));
  s.Value({"allow_plaintext_network",
           "needed for an address that is not loopback: requests and identity headers can be read "
           "and forged on the way"},
          v.allow_plaintext_network, Boolean());
  s.Value({"resolve_interval",
           "a name is resolved again this often, and at once when connections to its addresses "
           "fail; what is known stays in use while it cannot be"},
          v.resolve_interval, Duration(Milliseconds(100), hours(24)));
  s.Object({"timeouts", "how long a slow or silent application is waited for"}, v.timeouts,
           DescribeUpstreamTimeouts);
  s.Object({"pool", "connections to the application"}, v.pool, DescribePool);
  s.Object({"limits", "how much of a response's head is read"}, v.limits, DescribeUpstreamLimits);
}

void DescribeSocketFile(Section& s, Endpoint& v) {
  s.Value({"socket_mode", "of a Unix socket: who may connect"}, v.socket_mode, FileMode());
  s.Value({"socket_group", "of a Unix socket: its group, by name or number"}, v.socket_group,
          Text("www-data"));
}

void DescribeMetrics(Section& s, Endpoint& v) {
  s.RecordLocation(v.where);
  v.enabled = true;
  s.Value({"address", "plain HTTP; nothing on it is secret", true}, v.address,
          AddressOf({.any_port = true}, "0.0.0.0:9900"));
  DescribeSocketFile(s, v);
}

void DescribeAdmin(Section& s, Endpoint& v) {
  s.RecordLocation(v.where);
  v.enabled = true;
  s.Value({"address", "loopback or unix: only, for who reaches it may reload and drain", true},
          v.address, AddressOf({.any_port = true}, "127.0.0.1:9901"));
  DescribeSocketFile(s, v);
}

void DescribeLog(Section& s, Log& v) {
  s.Value({"level", "the least severe that is written; POST /log-level changes it for a while"},
          v.level, EnumValue(kLogLevelNames));
  s.Value({"format", "json: one object a line; text: for a person at a terminal"}, v.format,
          EnumValue(kLogFormatNames));
  s.Value({"access", "one line per request; a file is opened anew on SIGUSR1 and SIGHUP"}, v.access,
          AccessLogTarget());
}

void DescribeReload(Section& s, Reload& v) {
  s.Value({"watch",
           "act on a change of the certificate, key and trust files and of this file "
           "within a second (inotify, on the directories)"},
          v.watch, Boolean());
  s.Value({"interval", "look at the files this often too, for file systems that notify nobody"},
          v.interval, Duration(kMs, hours(24), "never"));
}

void DescribeShutdown(Section& s, Config& v) {
  s.Value({"drain",
           "how long open requests may take after SIGTERM; Kubernetes kills 30s after it by "
           "default"},
          v.drain, Duration(kMs, hours(24), "not at all"));
  s.Value({"idle_grace",
           "how long an idle connection is still read once the drain has begun, or its listener "
           "was removed: a request that was on its way is answered, with `Connection: close`. Not "
           "longer than `drain`"},
          v.idle_grace, Duration(kMs, hours(1), "not at all"));
}

}  // namespace

void Describe(Section& s, Config& v) {
  s.Value(
      {"workers", "event loops; auto: the CPUs this process may use (affinity and cgroup quota)"},
      v.workers, Workers(1024));
  s.Objects({"listeners", "where clients connect, and who is let in", true}, v.listeners,
            DescribeListener);
  s.Objects({"upstreams", "the applications behind", true}, v.upstreams, DescribeUpstream);
  s.Object({"metrics", "GET /metrics /healthz /readyz; without it, none of them"}, v.metrics,
           DescribeMetrics, v.metrics.enabled);
  s.Object({"admin",
            "GET / /certs /config /connections /log-level, POST /reload /drain "
            "/log-level; without it, none of them"},
           v.admin, DescribeAdmin, v.admin.enabled);
  s.Object({"log", "what is written where"}, v.log, DescribeLog);
  s.Object({"reload", "how changed files are noticed"}, v.reload, DescribeReload);
  s.Object({"shutdown", "how the end goes"}, v, DescribeShutdown);
}

}  // namespace mantlet::config
