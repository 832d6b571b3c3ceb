#include "certs/server_chain.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "certs/time_text.h"

namespace mantlet::certs {
namespace {

using x509::Certificate;
using x509::CertificatePtr;

// Returns why clients cannot use the certificate as an issuer, or an empty string.
std::string UnfitBecause(const Certificate& certificate, int64_t now) {
  if (certificate.not_after() <= now) {
    return absl::StrCat("expired ", RelativeTime(certificate.not_after(), now), " (",
                        DateTime(certificate.not_after()), ")");
  }
  if (certificate.not_before() > now) {
    return absl::StrCat("becomes valid ", RelativeTime(certificate.not_before(), now), " (",
                        DateTime(certificate.not_before()), ")");
  }
  const bool old_root = certificate.version1() && certificate.self_signed();
  if (!certificate.is_ca() && !old_root) return "is not a CA certificate";
  if (!certificate.public_key().weakness.empty()) {
    return absl::StrCat("is too weak: ", certificate.public_key().weakness);
  }
  if (certificate.weak_signature() && !certificate.self_signed()) {
    return absl::StrCat("is signed with ", certificate.signature_algorithm());
  }
  return "";
}

class Chooser {
 public:
  Chooser(const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink,
          ServerCertificate* server)
      : anchors_(anchors), now_(now), sink_(sink), server_(server) {}

  void Run() {
    RemoveRepetitions();
    const Found fit = Search(/*unfit=*/false);
    const Found all = Search(/*unfit=*/true);
    if (fit.root) {
      Serve(fit, "a path without it leads to a root");
    } else if (all.order.size() < server_->chain.size()) {
      TellOfGap(all);
      Serve(all, "");
    } else if (all.root || fit.order.size() == 1) {
      Serve(all, "");
    } else {
      Serve(fit, "clients that trust its key by another certificate do not need it");
    }
  }

 private:
  // Found is the certificates that a search from the leaf has reached, in the order of the search.
  struct Found {
    std::vector<CertificatePtr> order;
    bool root = false;  // one of them is a root, or was issued by a root among the anchors
  };

  void RemoveRepetitions() {
    std::set<std::string> known;
    std::erase_if(server_->chain, [&](const CertificatePtr& certificate) {
      return !known.insert(certificate->fingerprint_sha256()).second;
    });
  }

  // Searches from certificates to their issuers, in the order of the file.
  Found Search(bool unfit) const {
    Found found;
    std::set<const Certificate*> seen;
    Visit(server_->chain.front(), unfit, &seen, &found);
    return found;
  }

  void Visit(const CertificatePtr& certificate, bool unfit, std::set<const Certificate*>* seen,
             Found* found) const {
    if (!seen->insert(certificate.get()).second) return;
    found->order.push_back(certificate);
    if (EndsInRoot(*certificate)) found->root = true;
    for (const CertificatePtr& issuer : server_->chain) {
      if (issuer == certificate || seen->contains(issuer.get())) continue;
      if (!unfit && !UnfitBecause(*issuer, now_).empty()) continue;
      if (certificate->IssuedBy(*issuer)) Visit(issuer, unfit, seen, found);
    }
  }

  bool EndsInRoot(const Certificate& certificate) const {
    if (certificate.self_signed()) return UnfitBecause(certificate, now_).empty();
    return std::any_of(anchors_.begin(), anchors_.end(), [&](const TrustAnchor& anchor) {
      return anchor.certificate->self_signed() && UnfitBecause(*anchor.certificate, now_).empty() &&
             certificate.IssuedBy(*anchor.certificate);
    });
  }

  // Serves `found`, and warns about each certificate that is left out. `harmless` is why clients do
  // not need it; if it is empty, all certificates are served.
  void Serve(const Found& found, const char* harmless) {
    std::vector<CertificatePtr> rest = std::move(server_->chain);
    server_->chain = found.order;
    for (const CertificatePtr& certificate : rest) {
      if (std::find(found.order.begin(), found.order.end(), certificate) != found.order.end()) {
        continue;
      }
      if (*harmless == '\0') {
        server_->chain.push_back(certificate);
        continue;
      }
      const std::string why = UnfitBecause(*certificate, now_);
      sink_->Warning("chain_unused", server_->chain_file,
                     absl::StrCat("the certificate ", certificate->subject(), ", issued by ",
                                  certificate->issuer(), ", ",
                                  why.empty() ? "is not on any path that clients can use" : why,
                                  ", and is not served: ", harmless),
                     why.empty() ? "remove it"
                                 : "remove it; if it is an intermediate that clients need, "
                                   "replace it by its successor");
    }
    server_->chain_der.clear();
    for (const CertificatePtr& certificate : server_->chain) {
      server_->chain_der.push_back(certificate->der());
    }
  }

  // Reports the last certificate of the path that starts with the leaf, and the first one that is
  // not on it.
  void TellOfGap(const Found& found) {
    size_t last = 0;
    while (last + 1 < found.order.size() && found.order[last]->IssuedBy(*found.order[last + 1])) {
      ++last;
    }
    const Certificate& certificate = *found.order[last];
    const auto next = std::find_if(
        server_->chain.begin(), server_->chain.end(), [&](const CertificatePtr& candidate) {
          return std::find(found.order.begin(), found.order.end(), candidate) == found.order.end();
        });
    const std::string difference = certificate.IssuerDifference(**next);
    sink_->Error("chain_broken", server_->chain_file,
                 absl::StrCat("the certificate ", certificate.subject(), " was issued by ",
                              certificate.issuer(), ", but the next one in the file is ",
                              (*next)->subject(), difference.empty() ? "" : "; ", difference),
                 certificate.self_signed()
                     ? "remove the certificates that have nothing to do with it"
                     : absl::StrCat("add the intermediate ", certificate.issuer(),
                                    ", and remove unrelated certificates"));
  }

  const std::vector<TrustAnchor>& anchors_;
  const int64_t now_;
  DiagnosticSink* sink_;
  ServerCertificate* server_;
};

}  // namespace

void ChooseChain(const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink,
                 ServerCertificate* server) {
  Chooser(anchors, now, sink, server).Run();
}

}  // namespace mantlet::certs
