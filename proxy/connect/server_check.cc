#include "proxy/connect/server_check.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "certs/certificate_text.h"
#include "proxy/base/ip_address.h"

namespace mantlet::connect {
namespace {

std::string NamesOf(const x509::Certificate& leaf) {
  std::vector<std::string> names = leaf.san().dns;
  names.insert(names.end(), leaf.san().ip.begin(), leaf.san().ip.end());
  names.insert(names.end(), leaf.san().uri.begin(), leaf.san().uri.end());
  return names.empty() ? "no name" : certs::Printable(absl::StrJoin(names, ", "));
}

void CheckName(const x509::Certificate& leaf, const std::string& name, Report& report) {
  const bool matches =
      base::IsIpAddress(name)
          ? X509_check_ip_asc(leaf.x509(), name.c_str(), 0) == 1
          : X509_check_host(leaf.x509(), name.data(), name.size(), 0, nullptr) == 1;
  if (matches) {
    report.Ok(absl::StrCat("The server's certificate is for ", name));
    return;
  }
  report.Fail(
      absl::StrCat("The server's certificate is not for ", name, ", but for ", NamesOf(leaf)),
      {Party::kServer, absl::StrCat("the server's certificate is not for the name ", name),
       "connect with a name that it has, choose one with --sni, or have a certificate issued "
       "that has this name as a subject alternative name"});
}

void CheckDates(const x509::Certificate& certificate, int64_t now, Report& report) {
  if (now >= certificate.not_before() && now <= certificate.not_after()) return;
  const std::string subject = certs::Printable(certificate.subject());
  report.Fail(
      absl::StrCat("The server's certificate ", subject,
                   " is not valid now: ", certs::ValidityText(certificate, now)),
      {Party::kServer, absl::StrCat("the server's certificate ", subject, " is not valid now"),
       "renew it on the server, and compare the clocks of both machines"});
}

struct Outcome {
  int error = X509_V_OK;
  const X509* at = nullptr;  // the certificate at which the path ends
};

// Looks for a path from the leaf to an anchor. Dates are checked elsewhere.
Outcome FindPath(const std::vector<x509::CertificatePtr>& chain, const ClientFiles& files) {
  const bssl::UniquePtr<X509_STORE> store(X509_STORE_new());
  for (const x509::CertificatePtr& anchor : files.anchors)
    X509_STORE_add_cert(store.get(), anchor->x509());
  const bssl::UniquePtr<STACK_OF(X509)> others(sk_X509_new_null());
  for (const x509::CertificatePtr& certificate : chain) {
    if (X509_up_ref(certificate->x509()) == 1) sk_X509_push(others.get(), certificate->x509());
  }
  const bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain.front()->x509(), others.get());
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()),
                              X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(context.get()) == 1) return {};
  return {X509_STORE_CTX_get_error(context.get()), X509_STORE_CTX_get_current_cert(context.get())};
}

bool IsMissingIssuer(int error) {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
         error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
         error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

// The verdict for a path that does not reach an anchor.
Verdict ExplainMissingIssuer(const std::vector<x509::CertificatePtr>& chain,
                             const ClientFiles& files, const x509::Certificate& last) {
  const std::string issuer = certs::Printable(last.issuer());
  if (chain.size() == 1 && !last.self_issued()) {
    return {
        Party::kServer,
        absl::StrCat("no CA of ", files.anchors_path,
                     " issued the server's certificate; its issuer is ", issuer),
        "if that is an intermediate, the server has to send it after its certificate (mantlet: in "
        "the file of `chain`); otherwise name the file with its root by --ca"};
  }
  return {Party::kClient,
          absl::StrCat("the server's certificate is not issued under a CA of ", files.anchors_path,
                       "; the path ends at ", issuer),
          "name the file with that CA by --ca, if it is the right one"};
}

void CheckPath(const std::vector<x509::CertificatePtr>& chain, const ClientFiles& files,
               Report& report) {
  if (files.anchors.empty()) {
    report.Warn(
        "The server's certificate is not verified: this machine has no CAs; name a file by --ca");
    return;
  }
  const Outcome outcome = FindPath(chain, files);
  if (outcome.error == X509_V_OK) {
    report.Ok(
        absl::StrCat("The server's certificate is issued under a CA of ", files.anchors_path));
    return;
  }
  const auto at = std::ranges::find_if(chain, [&](const x509::CertificatePtr& certificate) {
    return outcome.at != nullptr && X509_cmp(certificate->x509(), outcome.at) == 0;
  });
  const x509::Certificate& last = at == chain.end() ? *chain.back() : **at;
  const std::string subject = certs::Printable(last.subject());
  if (IsMissingIssuer(outcome.error)) {
    report.Fail(absl::StrCat("The issuer of ", subject, " is not among the CAs of ",
                             files.anchors_path, ": ", certs::Printable(last.issuer())),
                ExplainMissingIssuer(chain, files, last));
    return;
  }
  const std::string reason = X509_verify_cert_error_string(outcome.error);
  report.Fail(
      absl::StrCat("The server's certificate cannot be verified: ", reason, " (", subject, ")"),
      {Party::kServer,
       absl::StrCat("the server's certificate ", subject, " cannot be verified: ", reason),
       "have it issued anew"});
}

}  // namespace

void CheckServer(const std::vector<x509::CertificatePtr>& chain, const ClientFiles& files,
                 const std::string& name, int64_t now, Report& report) {
  const x509::Certificate& leaf = *chain.front();
  report.Ok(absl::StrCat("The server's certificate is ", certs::Printable(leaf.subject()),
                         ", which ", certs::ValidityText(leaf, now)));
  CheckPath(chain, files, report);
  for (const x509::CertificatePtr& certificate : chain) CheckDates(*certificate, now, report);
  CheckName(leaf, name, report);
}

}  // namespace mantlet::connect
