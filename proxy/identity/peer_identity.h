// Who is at the other end of a downstream connection, as plain values. The TLS
// package fills it in once, when the handshake ends; everything after that
// (headers, policy, logs) reads values and knows nothing of TLS or X.509.
// Immutable after construction, so it may be read from any thread.

#ifndef MANTLET_PROXY_IDENTITY_PEER_IDENTITY_H_
#define MANTLET_PROXY_IDENTITY_PEER_IDENTITY_H_

#include <cstdint>
#include <string>
#include <vector>

namespace mantlet::identity {

// A verified or presented client certificate. Strings hold what the certificate
// says, control bytes included: who writes them somewhere must encode them.
struct ClientCertificate {
  std::string subject;             // RFC 2253 string, UTF-8
  std::string issuer;              // RFC 2253 string, UTF-8
  std::string cn;                  // the last (most specific) commonName, or empty
  bool cn_unreadable = false;      // there is one, not valid in its encoding
  std::vector<std::string> ou;     // every organizationalUnitName, most specific first
  std::string serial;              // lower-case hex, no separators, no leading zero byte
  std::string fingerprint_sha256;  // lower-case hex of the DER's digest
  std::string fingerprint_sha1;
  std::string spki_sha256;           // lower-case hex of the SubjectPublicKeyInfo's digest
  std::vector<std::string> san_uri;  // in certificate order
  std::vector<std::string> san_dns;
  int64_t not_before = 0;  // seconds since the epoch
  int64_t not_after = 0;
  std::string der;                     // the leaf
  std::vector<std::string> chain_der;  // what the peer sent after the leaf, in TLS order
  std::string spiffe_id;  // the one URI SAN, if it is a well-formed SPIFFE ID, or empty
};

enum class Verification {
  kNone,     // no certificate was presented (or asked for)
  kSuccess,  // presented and verified against the trust bundle
  kFailed,   // presented, not verified, and let in all the same (reserved)
};

struct TlsParameters {
  std::string version;  // "TLSv1.2" or "TLSv1.3"
  std::string cipher;   // IANA name, e.g. "TLS_AES_128_GCM_SHA256"
  std::string group;    // e.g. "X25519"; empty for TLS 1.2 without (EC)DHE
  std::string sni;      // as sent by the client, lower case; empty if none
  std::string alpn;     // as selected; empty if none
  bool resumed = false;
};

struct PeerIdentity {
  Verification verification = Verification::kNone;
  std::string failure_reason;     // with kFailed: a handshake failure reason label
  ClientCertificate certificate;  // meaningful unless kNone
  // With a verified certificate: the moment, in seconds since the epoch, from which it
  // may be refused (tls::VerifyResult).
  int64_t valid_until = 0;
  TlsParameters tls;
  // URI SANs of the server certificate this connection was answered with: XFCC's "By".
  std::vector<std::string> local_san_uri;

  bool has_certificate() const { return verification != Verification::kNone; }
  // What XFCC calls mTLS: a client certificate that was verified.
  bool is_mutual_tls() const { return verification == Verification::kSuccess; }
};

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_PEER_IDENTITY_H_
