#include "certs/ocsp_loader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "certs/image_lookup.h"
#include "certs/time_text.h"
#include "proxy/x509/ocsp_response.h"

namespace mantlet::certs {
namespace {

void CheckDates(const StapledResponse& ocsp, int64_t now, DiagnosticSink* sink) {
  if (ocsp.this_update > now + StapledResponse::kClockSkewSeconds) {
    sink->Warning("ocsp_not_yet_valid", ocsp.file,
                  absl::StrCat("the OCSP response is not valid before ", DateTime(ocsp.this_update),
                               ", so it is not stapled until then"),
                  "check this machine's clock");
  }
  if (ocsp.next_update == 0 || ocsp.next_update > now) return;
  sink->Warning("ocsp_expired", ocsp.file,
                absl::StrCat("the OCSP response expired at ", DateTime(ocsp.next_update), " (",
                             RelativeTime(ocsp.next_update, now), "), so it is not stapled"),
                "fetch a new one, e.g. with: openssl ocsp -respout");
}

}  // namespace

void LoadOcspResponse(const std::string& path, const FileImages& images,
                      const std::vector<TrustAnchor>& anchors, int64_t now, DiagnosticSink* sink,
                      ServerCertificate* server) {
  const FileContent* content = FindContent(path, images, sink);
  if (content == nullptr) return;
  absl::StatusOr<x509::OcspResponse> response = x509::OcspResponse::Parse(content->bytes);
  if (!response.ok()) {
    sink->Error("ocsp_unusable", path, std::string(response.status().message()),
                "it must hold one OCSP response as DER, as openssl ocsp -respout writes it");
    return;
  }
  std::vector<x509::CertificatePtr> authorities(server->chain.begin() + 1, server->chain.end());
  for (const TrustAnchor& anchor : anchors) authorities.push_back(anchor.certificate);
  absl::StatusOr<x509::OcspResponse::ValidAnswer> valid =
      response->Validate(*server->leaf, authorities, now);
  if (!valid.ok()) {
    sink->Error("ocsp_unusable", path,
                absl::StrCat("the OCSP response cannot be stapled: ",
                             std::string(valid.status().message())),
                "fetch one for this certificate, or remove ocsp_response");
    return;
  }
  auto ocsp = std::make_shared<StapledResponse>();
  ocsp->file = path;
  ocsp->der = content->bytes;
  ocsp->this_update = valid->answer.this_update;
  ocsp->next_update = valid->answer.next_update;
  ocsp->signer = valid->signer;
  if (ocsp->signer == nullptr) {
    sink->Note("ocsp_issuer_unknown", path,
               absl::StrCat("the signature of the OCSP response could not be checked: ",
                            server->leaf->issuer(), " is not in the chain file"),
               "");
  }
  CheckDates(*ocsp, now, sink);
  server->ocsp = std::move(ocsp);
}

}  // namespace mantlet::certs
