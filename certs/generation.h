// Generation is the certificate material of all listeners at one time: loaded, checked and
// immutable. A reload makes a new Generation and replaces the old one as a whole; connections that
// started under an old one keep it alive as long as they need it. Threads share it as
// shared_ptr<const Generation>.

#ifndef MANTLET_CERTS_GENERATION_H_
#define MANTLET_CERTS_GENERATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certs/revocation_reader.h"
#include "proxy/x509/certificate.h"
#include "proxy/x509/private_key.h"
#include "proxy/x509/revocation_lists.h"
#include "proxy/x509/trust_store.h"

namespace mantlet::certs {

// StapledResponse is an OCSP response with the status "good" for a server certificate.
struct StapledResponse {
  static constexpr int64_t kClockSkewSeconds = 300;  // of the responder's clock

  std::string file;
  std::string der;
  int64_t this_update = 0;      // seconds since the epoch
  int64_t next_update = 0;      // 0: none
  x509::CertificatePtr signer;  // null: the issuer is not known, and the signature was not checked
};

struct ServerCertificate {
  std::vector<std::string> chain_der;       // leaf first; sent in the handshake
  std::vector<x509::CertificatePtr> chain;  // the same certificates, parsed
  x509::CertificatePtr leaf;                // chain.front()
  x509::PrivateKeyPtr key;                  // the key of the leaf
  std::vector<std::string> names;           // DNS SANs, lower case; wildcards as "*.example.com"
  std::vector<std::string> san_uri;         // our own URI SANs: XFCC's "By"
  std::string chain_file;                   // the file of the chain: chain, bundle or pkcs12
  std::string key_file;                     // the file of the key; may equal chain_file
  std::shared_ptr<const StapledResponse> ocsp;  // null: none
};

struct TrustAnchor {
  x509::CertificatePtr certificate;
  std::string file;
  std::string trust_domain;  // its SPIFFE trust domain; empty: an anchor of the trust bundle
};

// SpiffeDomain is a SPIFFE trust domain and the authorities that may issue its IDs.
struct SpiffeDomain {
  std::string name;
  x509::TrustStorePtr trust;         // null: the bundle is empty, and all its clients are rejected
  std::optional<uint64_t> sequence;  // the greatest spiffe_sequence of its files
};

struct LoadedRevocationList {
  x509::RevocationListPtr list;
  std::string file;
  // The trust anchor whose key signed it. Null if its CA is not a trust anchor; then the signature
  // is checked when a client presents that CA's certificate.
  x509::CertificatePtr signer;
};

struct ListenerMaterial {
  std::string listener;                         // the listener's name in the configuration
  std::vector<ServerCertificate> certificates;  // in configuration order; the first is the default
  // Null if client_auth.mode is none, or if SPIFFE is used and there is no trust bundle.
  x509::TrustStorePtr trust;
  std::vector<SpiffeDomain> spiffe;  // sorted by name
  // The anchors of all files: first those of the trust bundle in file order, then those of the
  // SPIFFE trust domains.
  std::vector<TrustAnchor> anchors;
  // The lists of all files of client_auth.crl, in file order.
  std::vector<LoadedRevocationList> revocation_lists;
  // The CAs without a list although lists are in use: subjects of anchors, and issuers of earlier
  // lists, which are kept for the comparison.
  std::vector<std::string> without_list;
  std::vector<LoadedRevocationList> lost_lists;
  // The lists in the form that answers queries. Null if there are neither lists nor a policy that
  // requires them.
  x509::RevocationListsPtr revocation;
  // A lower-case hex digest of the material that is served and trusted. If it is equal, no swap is
  // needed. It does not depend on the order within trust bundles.
  std::string id;
  // Sentences about accepted material that needs attention, e.g. a certificate that expires soon.
  std::vector<std::string> warnings;
};

struct Generation {
  std::vector<ListenerMaterial> listeners;  // configuration order
  std::string id;                           // digest over all listeners' ids and names
  int64_t loaded_at = 0;                    // seconds since the epoch
  RevocationFiles revocation_files;         // for the next load, which reuses unchanged lists
  std::vector<std::string> warnings;        // of all listeners, without duplicates

  // Returns null if there is no such listener.
  const ListenerMaterial* Find(std::string_view listener) const;
};

using GenerationPtr = std::shared_ptr<const Generation>;

// Computes the fields that depend on the listeners: id and warnings.
void Seal(Generation* generation);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_H_
