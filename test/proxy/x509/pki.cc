#include "test/proxy/x509/pki.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "proxy/x509/der_writer.h"

namespace mantlet::x509 {
namespace {

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fprintf(stderr, "test PKI: %s\n", value.status().ToString().c_str());
  abort();
}

std::string DnsSubtrees(int tag, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string subtrees;
  for (const std::string& name : names) {
    subtrees += der::Element(der::kSequence, der::Element(der::Context(2), name));
  }
  return der::Element(der::ContextConstructed(tag), subtrees);
}

constexpr int64_t kBegin = kNow - 30 * kDay, kEnd = kNow + 100 * kDay;

}  // namespace

Credential MakeCredential(const CertificateTemplate& what, const Credential* issuer, KeyType type) {
  return OrDie(IssueWithNewKey(what, issuer, type));
}

CertificateTemplate CaTemplate(std::string cn) {
  return CertificateTemplate::Ca(std::move(cn), kBegin, kEnd);
}

CertificateTemplate ServerTemplate(std::string cn, std::vector<std::string> dns) {
  return CertificateTemplate::Server(std::move(cn), std::move(dns), kBegin, kEnd);
}

CertificateTemplate ClientTemplate(std::string cn) {
  return CertificateTemplate::Client(std::move(cn), kBegin, kEnd);
}

void AddNameConstraints(const std::vector<std::string>& permitted_dns,
                        const std::vector<std::string>& excluded_dns, CertificateTemplate* what) {
  what->raw_extensions.push_back(
      {"2.5.29.30", /*critical=*/true,
       der::Element(der::kSequence, DnsSubtrees(0, permitted_dns) + DnsSubtrees(1, excluded_dns))});
}

const Credential& Root() {
  static const Credential* root = new Credential(MakeCredential(CaTemplate("root"), nullptr));
  return *root;
}

const Credential& Intermediate() {
  static const Credential* intermediate =
      new Credential(MakeCredential(CaTemplate("intermediate"), &Root()));
  return *intermediate;
}

Credential Md5Root() {
  CertificateTemplate what = CaTemplate("md5 root");
  what.digest = CertificateTemplate::Digest::kSha1;
  Credential root = MakeCredential(what, nullptr, KeyType::kRsa2048);
  // Replaces sha1WithRSAEncryption by md5WithRSAEncryption, inside and outside of the signed part.
  const std::string prefix = "\x2a\x86\x48\x86\xf7\x0d\x01\x01";
  std::string der = root.certificate->der();
  for (size_t at = der.find(prefix + '\x05'); at != std::string::npos;
       at = der.find(prefix + '\x05', at)) {
    der[at + prefix.size()] = '\x04';
  }
  root.certificate = OrDie(Certificate::FromDer(der));
  return root;
}

TrustStorePtr Trust(const std::vector<Credential>& anchors) {
  std::vector<CertificatePtr> certificates;
  for (const Credential& anchor : anchors) certificates.push_back(anchor.certificate);
  return OrDie(TrustStore::Create(certificates));
}

std::vector<std::string_view> Chain(const std::vector<const Credential*>& credentials) {
  std::vector<std::string_view> ders;
  for (const Credential* credential : credentials) {
    ders.emplace_back(credential->certificate->der());
  }
  return ders;
}

}  // namespace mantlet::x509
