// PeerIdentity is the client of a downstream connection as plain values. The TLS package fills it
// in once, after the handshake; headers, policy and logs read the values and do not depend on TLS
// or X.509. It is immutable after construction and may be read from any thread.
//
// Values that many connections have in common are not copied into each: the certificate and the
// server's own names are shared, and names from the TLS library are views of its constants.

#ifndef MANTLET_PROXY_IDENTITY_PEER_IDENTITY_H_
#define MANTLET_PROXY_IDENTITY_PEER_IDENTITY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::identity {

// ClientCertificate is a verified or presented client certificate. Its strings are copied from the
// certificate and may contain control bytes: code that writes them must encode them.
struct ClientCertificate {
  std::string subject;          // RFC 2253 string, UTF-8
  std::string issuer;           // RFC 2253 string, UTF-8
  std::string cn;               // the last (most specific) commonName, or empty
  bool cn_unreadable = false;   // there is one, but it is not valid in its encoding
  std::vector<std::string> ou;  // every organizationalUnitName, most specific first
  // Every organizationIdentifier (2.5.4.97), most specific first.
  std::vector<std::string> organization_identifier;
  std::string serial;              // lower-case hex, no separators, no leading zero byte
  std::string fingerprint_sha256;  // lower-case hex of the DER's digest
  std::string fingerprint_sha1;
  std::string spki_sha256;           // lower-case hex of the SubjectPublicKeyInfo's digest
  std::vector<std::string> san_uri;  // in certificate order
  std::vector<std::string> san_dns;
  std::vector<std::string> san_email;
  std::vector<std::string> san_ip;   // in text form: 192.0.2.1, 2001:db8::1
  std::vector<std::string> san_upn;  // user principal names
  int64_t not_before = 0;            // seconds since the epoch
  int64_t not_after = 0;
  bool server_auth_only = false;       // its extended key usage is serverAuth only
  std::string der;                     // the leaf
  std::vector<std::string> chain_der;  // the certificates sent after the leaf, in TLS order
  std::string spiffe_id;  // the only URI SAN if it is a well-formed SPIFFE ID, or empty
};

enum class Verification {
  kNone,     // no certificate was presented (or requested)
  kSuccess,  // presented and verified against the trust bundle
  kFailed,   // presented, not verified, but accepted (client_auth.mode request)
};

// TlsParameters describes the TLS connection. Its views are of constants of the TLS library.
struct TlsParameters {
  std::string_view version;  // "TLSv1.2" or "TLSv1.3"
  std::string_view cipher;   // IANA name, e.g. "TLS_AES_128_GCM_SHA256"
  std::string_view group;    // e.g. "X25519"; empty for TLS 1.2 without (EC)DHE
  std::string sni;           // as sent by the client, lower case; empty if none
  bool resumed = false;
};

struct PeerIdentity {
  Verification verification = Verification::kNone;
  std::string_view failure_reason;  // with kFailed: the label of a HandshakeFailure, a constant
  // Null unless kSuccess: a certificate that was not verified identifies no client. Connections of
  // one client share it.
  std::shared_ptr<const ClientCertificate> certificate;
  // With a verified certificate: the time, in seconds since the epoch, from which it may be
  // rejected (verify::VerifyResult).
  int64_t valid_until = 0;
  TlsParameters tls;
  // The URI SANs of the server certificate that this connection uses: XFCC's "By". Null if it has
  // none. All connections that use the certificate share them.
  std::shared_ptr<const std::vector<std::string>> local_san_uri;

  bool has_certificate() const { return certificate != nullptr; }
  // Returns whether a client certificate was presented and verified, which XFCC calls mTLS.
  bool is_mutual_tls() const { return verification == Verification::kSuccess; }
};

}  // namespace mantlet::identity

#endif  // MANTLET_PROXY_IDENTITY_PEER_IDENTITY_H_
