// Generation: all certificate material of all listeners as of one moment, read,
// checked and immutable. A reload makes a new Generation and swaps it in whole;
// connections that began under an old one keep it alive for as long as they
// need it. Shared between threads as shared_ptr<const Generation>.

#ifndef MANTLET_CERTS_GENERATION_H_
#define MANTLET_CERTS_GENERATION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/tls/certificate.h"
#include "proxy/tls/private_key.h"
#include "proxy/tls/trust_store.h"

namespace mantlet::certs {

struct ServerCertificate {
  std::vector<std::string> chain_der;      // leaf first; what the handshake sends
  std::vector<tls::CertificatePtr> chain;  // the same, parsed
  tls::CertificatePtr leaf;                // chain.front()
  tls::PrivateKeyPtr key;                  // fits the leaf
  std::vector<std::string> names;          // DNS SANs, lower case; wildcards as "*.example.com"
  std::vector<std::string> san_uri;        // our own URI SANs: XFCC's "By"
  std::string chain_file;                  // where the chain was read: chain, bundle or pkcs12
  std::string key_file;                    // where the key was read; may equal chain_file
};

struct TrustAnchor {
  tls::CertificatePtr certificate;
  std::string file;
};

struct ListenerMaterial {
  std::string listener;                         // the listener's name in the configuration
  std::vector<ServerCertificate> certificates;  // configuration order; the first is the default
  tls::TrustStorePtr trust;                     // null if and only if client_auth.mode is none
  std::vector<TrustAnchor> anchors;             // every anchor of every file, file order
  // Lower-case hex digest of what is served and trusted here. Equal digests:
  // nothing needs to be swapped. Order within trust bundles does not count.
  std::string id;
};

struct Generation {
  std::vector<ListenerMaterial> listeners;  // configuration order
  std::string id;                           // digest over all listeners' ids and names
  int64_t loaded_at = 0;                    // seconds since the epoch
  std::vector<std::string> warnings;        // sentences, e.g. about a certificate that ends soon

  // Null if there is no such listener.
  const ListenerMaterial* Find(std::string_view listener) const;
};

using GenerationPtr = std::shared_ptr<const Generation>;

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_H_
