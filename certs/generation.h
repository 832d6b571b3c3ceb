// Generation is all certificate material of all listeners as of one moment: read, checked and
// immutable. A reload makes a new Generation and swaps it in as a whole; connections that began
// under an old one keep it alive for as long as they need it. Threads share it as shared_ptr<const
// Generation>.

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

// An OCSP response with the status "good" for a server certificate.
struct StapledResponse {
  static constexpr int64_t kClockSkewSeconds = 300;  // of the responder's clock

  std::string file;
  std::string der;
  int64_t this_update = 0;      // seconds since the epoch
  int64_t next_update = 0;      // 0: it has none
  x509::CertificatePtr signer;  // null: the issuer is not known, and nothing was checked
};

struct ServerCertificate {
  std::vector<std::string> chain_der;       // leaf first; what the handshake sends
  std::vector<x509::CertificatePtr> chain;  // the same, parsed
  x509::CertificatePtr leaf;                // chain.front()
  x509::PrivateKeyPtr key;                  // fits the leaf
  std::vector<std::string> names;           // DNS SANs, lower case; wildcards as "*.example.com"
  std::vector<std::string> san_uri;         // our own URI SANs: XFCC's "By"
  std::string chain_file;                   // where the chain was read: chain, bundle or pkcs12
  std::string key_file;                     // where the key was read; may equal chain_file
  std::shared_ptr<const StapledResponse> ocsp;  // null: none
};

struct TrustAnchor {
  x509::CertificatePtr certificate;
  std::string file;
  std::string trust_domain;  // the SPIFFE trust domain it speaks for; empty: the trust bundle's
};

// A SPIFFE trust domain and who may issue its IDs.
struct SpiffeDomain {
  std::string name;
  x509::TrustStorePtr trust;         // null: the bundle is empty, and all of the domain is refused
  std::optional<uint64_t> sequence;  // the greatest spiffe_sequence of its files
};

struct LoadedRevocationList {
  x509::RevocationListPtr list;
  std::string file;
  // The trust anchor whose key signed it; null: its CA is none of them, and the
  // signature is checked when a client brings that CA's certificate.
  x509::CertificatePtr signer;
};

struct ListenerMaterial {
  std::string listener;                         // the listener's name in the configuration
  std::vector<ServerCertificate> certificates;  // configuration order; the first is the default
  // Null if client_auth.mode is none, or if SPIFFE is used and there is no trust bundle.
  x509::TrustStorePtr trust;
  std::vector<SpiffeDomain> spiffe;  // sorted by name
  // Every anchor of every file: the trust bundle's in file order, then those of the
  // SPIFFE trust domains.
  std::vector<TrustAnchor> anchors;
  // Every list of every file of client_auth.crl, file order.
  std::vector<LoadedRevocationList> revocation_lists;
  // CAs without a list although lists are in use: subjects of anchors and issuers of lists
  // that were in use before, which are kept to be compared with.
  std::vector<std::string> without_list;
  std::vector<LoadedRevocationList> lost_lists;
  // The same, to be asked; null: neither lists nor a policy that requires them.
  x509::RevocationListsPtr revocation;
  // Lower-case hex digest of what is served and trusted here. Equal digests:
  // nothing needs to be swapped. Order within trust bundles does not count.
  std::string id;
  // Sentences about what is accepted and needs attention, e.g. a certificate that expires soon.
  std::vector<std::string> warnings;
};

struct Generation {
  std::vector<ListenerMaterial> listeners;  // configuration order
  std::string id;                           // digest over all listeners' ids and names
  int64_t loaded_at = 0;                    // seconds since the epoch
  RevocationFiles revocation_files;         // for the next load: what has not changed is taken over
  std::vector<std::string> warnings;        // those of all listeners, each once

  // Null if there is no such listener.
  const ListenerMaterial* Find(std::string_view listener) const;
};

using GenerationPtr = std::shared_ptr<const Generation>;

// Works out what follows from the listeners: id and warnings.
void Seal(Generation* generation);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_H_
