#include "proxy/identity/identity_headers.h"

#include <string_view>
#include <utility>

#include "proxy/identity/identity_field.h"
#include "proxy/identity/rfc9440.h"
#include "proxy/identity/xfcc.h"

namespace mantlet::identity {
namespace {

using config::ClientCertMode;
using config::IdentityField;
using config::XfccMode;
using IncomingXfcc = RenderedIdentity::IncomingXfcc;

// Detail is how much is sent. Each step leaves out the largest remaining part.
enum class Detail { kAll, kNoChain, kNoCertificate, kNoNames, kVerifyOnly };

void AppendField(std::string& block, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  block.append(name).append(": ").append(value).append("\r\n");
}

IncomingXfcc IncomingRule(XfccMode mode, bool mutual_tls) {
  if (mode == XfccMode::kAlwaysForwardOnly) return IncomingXfcc::kForward;
  if (!mutual_tls) return IncomingXfcc::kRemove;
  if (mode == XfccMode::kForwardOnly) return IncomingXfcc::kForward;
  if (mode == XfccMode::kAppendForward) return IncomingXfcc::kAppend;
  return IncomingXfcc::kRemove;
}

bool SendsXfcc(XfccMode mode) {
  return mode == XfccMode::kSanitizeSet || mode == XfccMode::kAppendForward;
}

void RenderXfcc(const config::IdentityHeaders& headers, const PeerIdentity& peer, Detail detail,
                size_t* unsafe_fields, RenderedIdentity& out) {
  out.incoming_xfcc = IncomingRule(headers.xfcc, peer.is_mutual_tls());
  if (!peer.is_mutual_tls() || !SendsXfcc(headers.xfcc) || detail == Detail::kVerifyOnly) return;
  const XfccOptions options = {headers.xfcc_fields, detail <= Detail::kNoChain,
                               detail == Detail::kAll, detail <= Detail::kNoCertificate};
  std::string element = RenderXfccElement(options, peer, unsafe_fields);
  if (headers.xfcc == XfccMode::kAppendForward) {
    out.xfcc_element = std::move(element);
  } else {
    AppendField(out.block, "x-forwarded-client-cert", element);
  }
}

void RenderClientCert(ClientCertMode mode, const PeerIdentity& peer, Detail detail,
                      std::string& block) {
  if (mode == ClientCertMode::kOff || !peer.is_mutual_tls()) return;
  if (peer.certificate->der.empty() || detail >= Detail::kNoCertificate) return;
  AppendField(block, "Client-Cert", ClientCertValue(peer.certificate->der));
  if (mode == ClientCertMode::kChain && detail == Detail::kAll) {
    AppendField(block, "Client-Cert-Chain", ClientCertChainValue(peer.certificate->chain_der));
  }
}

void RenderSet(const config::IdentityHeaders& headers, const PeerIdentity& peer, Detail detail,
               size_t* unsafe_fields, std::string& block) {
  for (const auto& [name, field] : headers.set) {
    if (detail >= Detail::kNoCertificate && HoldsCertificate(field)) continue;
    if (detail >= Detail::kNoNames && HoldsNames(field)) continue;
    if (detail == Detail::kVerifyOnly && field != IdentityField::kVerify) continue;
    AppendField(block, name, FieldValue(field, peer, unsafe_fields));
  }
}

RenderedIdentity Render(const config::IdentityHeaders& headers, const PeerIdentity& peer,
                        Detail detail, size_t* unsafe_fields) {
  RenderedIdentity out;
  *unsafe_fields = 0;
  RenderXfcc(headers, peer, detail, unsafe_fields, out);
  RenderClientCert(headers.client_cert, peer, detail, out.block);
  RenderSet(headers, peer, detail, unsafe_fields, out.block);
  return out;
}

}  // namespace

RenderedIdentity RenderIdentityHeaders(const config::IdentityHeaders& headers,
                                       const PeerIdentity& peer, RenderReport* report) {
  RenderReport unused;
  if (report == nullptr) report = &unused;
  *report = {};
  const auto size = [](const RenderedIdentity& rendered) {
    return rendered.block.size() + rendered.xfcc_element.size();
  };
  RenderedIdentity out = Render(headers, peer, Detail::kAll, &report->unsafe_fields);
  const std::pair<Detail, bool*> steps[] = {
      {Detail::kNoChain, &report->chain_left_out},
      {Detail::kNoCertificate, &report->certificate_left_out},
      {Detail::kNoNames, &report->names_left_out},
      {Detail::kVerifyOnly, &report->fields_left_out},
  };
  for (const auto& [detail, left_out] : steps) {
    if (size(out) <= headers.max_bytes) break;
    size_t unsafe_fields = 0;
    RenderedIdentity smaller = Render(headers, peer, detail, &unsafe_fields);
    *left_out = size(smaller) < size(out);
    out = std::move(smaller);
  }
  return out;
}

}  // namespace mantlet::identity
