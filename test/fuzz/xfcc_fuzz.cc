// Whatever a certificate says, both kinds of XFCC reader find exactly the pairs
// that were meant, behind any incoming list that we accept too; and the whole
// identity block stays one block of well-formed header lines.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/identity/encoding.h"
#include "proxy/identity/identity_headers.h"
#include "proxy/identity/xfcc.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/identity/edit_certificate.h"
#include "test/proxy/identity/xfcc_reader.h"

namespace mantlet::fuzz {
namespace {

using config::XfccField;
using identity::IsSafeText;
using identity::PeerIdentity;
using identity::testing::Escapes;
using identity::testing::ReadXfcc;
using identity::testing::XfccElement;

PeerIdentity MakePeer(Input& input) {
  PeerIdentity peer;
  peer.verification = identity::Verification::kSuccess;
  identity::ClientCertificate& certificate = EditCertificate(peer);
  certificate.fingerprint_sha256 = "00ff";
  certificate.subject = input.Text();
  certificate.issuer = input.Text();
  certificate.cn = input.Text();
  certificate.san_uri = {input.Text(), input.Text()};
  certificate.san_dns = {input.Text()};
  certificate.der = input.Text();
  peer.tls.sni = input.Text();
  return peer;
}

// What a reader that undoes only `\"` must find.
XfccElement Expected(const PeerIdentity& peer) {
  XfccElement element = {{"Hash", peer.certificate->fingerprint_sha256}};
  const std::string& subject = peer.certificate->subject;
  if (IsSafeText(subject)) {
    if (const auto name = identity::QuotableName(subject)) element.emplace_back("Subject", *name);
  }
  const auto add = [&element](const char* key, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      if (identity::IsSafeAscii(value) && value.find('\\') == std::string::npos) {
        element.emplace_back(key, value);
      }
    }
  };
  add("URI", peer.certificate->san_uri);
  add("DNS", peer.certificate->san_dns);
  return element;
}

void CheckElement(const PeerIdentity& peer) {
  const std::vector<XfccField> fields = {XfccField::kHash, XfccField::kSubject, XfccField::kUri,
                                         XfccField::kDns};
  size_t unsafe = 0;
  const std::string text = identity::RenderXfccElement({fields}, peer, &unsafe);
  Require(identity::IsWellFormedXfcc(text), "we would refuse our own element", text);
  const XfccElement expected = Expected(peer);
  const auto exact = ReadXfcc(text, Escapes::kQuoteOnly);
  Require(exact && exact->size() == 1 && (*exact)[0] == expected, "reads back differently", text);
  const auto loose = ReadXfcc(text, Escapes::kAnything);
  Require(loose && loose->size() == 1 && (*loose)[0].size() == expected.size(),
          "the other reader sees another structure", text);
  for (size_t i = 0; i < expected.size(); ++i) {
    Require((*loose)[0][i].first == expected[i].first, "the other reader sees another key", text);
  }
}

// An element of ours behind a list that was accepted is always found again.
void CheckAppending(std::string_view incoming) {
  if (!identity::IsWellFormedXfcc(incoming)) return;
  const std::string list = std::string(incoming) + ",Hash=ours";
  for (Escapes escapes : {Escapes::kQuoteOnly, Escapes::kAnything}) {
    const auto read = ReadXfcc(list, escapes);
    if (!read) continue;  // this reader is stricter than we need to be
    const XfccElement ours = {{"Hash", "ours"}};
    Require(read->back() == ours, "our element was swallowed", list);
  }
}

void CheckBlock(const PeerIdentity& peer) {
  using config::IdentityField;
  config::IdentityHeaders headers;
  headers.client_cert = config::ClientCertMode::kChain;
  headers.set = {{"S", IdentityField::kSubject},
                 {"I", IdentityField::kIssuer},
                 {"C", IdentityField::kCn},
                 {"U", IdentityField::kSanUri},
                 {"D", IdentityField::kSanDns},
                 {"P", IdentityField::kCertPemUrlencoded},
                 {"B", IdentityField::kCertDerBase64},
                 {"N", IdentityField::kSni}};
  const std::string block = RenderIdentityHeaders(headers, peer, nullptr).block;
  std::string_view rest = block;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    Require(end != std::string_view::npos, "an unfinished line", block);
    const std::string_view line = rest.substr(0, end);
    const size_t colon = line.find(": ");
    Require(colon != std::string_view::npos && colon > 0, "not a field", block);
    Require(IsSafeText(line), "an unsafe byte", block);
    const std::string_view name = line.substr(0, colon);
    Require(name.size() == 1 || name == "Client-Cert" || name == "x-forwarded-client-cert",
            "a field that nobody asked for", block);
    rest.remove_prefix(end + 2);
  }
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const mantlet::identity::PeerIdentity peer = mantlet::fuzz::MakePeer(input);
  mantlet::fuzz::CheckElement(peer);
  mantlet::fuzz::CheckBlock(peer);
  mantlet::fuzz::CheckAppending({reinterpret_cast<const char*>(data), size});
  return 0;
}
