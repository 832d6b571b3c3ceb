#include "certs/certificate_text.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "certs/time_text.h"
#include "proxy/base/text.h"
#include "proxy/base/utf8.h"
#include "proxy/x509/issuer_index.h"

namespace mantlet::certs {
namespace {

using x509::Certificate;
using x509::CertificatePtr;

// Returns whether a character is a control character: C0, DEL or, in UTF-8, C1.
bool IsControl(std::string_view sequence) {
  unsigned char first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

std::string Name(const std::string& subject) {
  return subject.empty() ? "(no subject)" : Printable(subject);
}

// Tree draws the chains. It records which certificates have been drawn, so that a cycle of issuers
// ends.
class Tree {
 public:
  Tree(const std::vector<CertificatePtr>& certificates, int indent, int64_t now)
      : certificates_(certificates), index_(certificates), indent_(indent), now_(now) {}

  std::string Draw() {
    // Start at the certificates that are self-signed or whose issuer is not among them.
    for (const CertificatePtr& certificate : certificates_) {
      if (IsTop(*certificate)) DrawTop(*certificate);
    }
    for (const CertificatePtr& certificate : certificates_) DrawFrom(*certificate, "", "");
    return std::move(text_);
  }

 private:
  bool IsTop(const Certificate& certificate) const {
    if (certificate.self_signed()) return true;
    const x509::IssuerIndex::Certificates issuers = index_.IssuersOf(certificate);
    return std::all_of(issuers.begin(), issuers.end(),
                       [&](const Certificate* issuer) { return issuer == &certificate; });
  }

  void DrawTop(const Certificate& certificate) {
    if (certificate.self_signed()) {
      DrawFrom(certificate, "", "");
    } else if (!drawn_.contains(certificate.fingerprint_sha256())) {
      absl::StrAppend(&text_, std::string(indent_, ' '), "? ",
                      Name(Printable(certificate.issuer())), "  (not in this file)\n");
      DrawFrom(certificate, "└─ ", "   ");
    }
  }

  void DrawFrom(const Certificate& certificate, const std::string& prefix,
                const std::string& below) {
    if (!drawn_.insert(certificate.fingerprint_sha256()).second) return;
    absl::StrAppend(&text_, std::string(indent_, ' '), prefix, Name(certificate.subject()), "  (",
                    certificate.is_ca() ? "CA, " : "",
                    certificate.self_signed() ? "self-signed, " : "",
                    ValidityText(certificate, now_), ")\n");
    std::vector<const Certificate*> issued = index_.IssuedBy(certificate);
    std::erase_if(issued, [this](const Certificate* other) {
      return drawn_.contains(other->fingerprint_sha256());
    });
    for (size_t i = 0; i < issued.size(); ++i) {
      const bool last = i + 1 == issued.size();
      DrawFrom(*issued[i], below + (last ? "└─ " : "├─ "), below + (last ? "   " : "│  "));
    }
  }

  const std::vector<CertificatePtr>& certificates_;
  const x509::IssuerIndex index_;
  const int indent_;
  const int64_t now_;
  std::set<std::string> drawn_;
  std::string text_;
};

class Lines {
 public:
  explicit Lines(int indent) : indent_(indent) {}
  void Add(std::string_view name, const std::string& value) {
    constexpr size_t kColumn = 13;
    std::string padded(name);
    padded.resize(std::max(kColumn, name.size() + 1), ' ');
    absl::StrAppend(&text_, std::string(indent_, ' '), padded, value, "\n");
  }
  void AddList(std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) Add(name, Printable(absl::StrJoin(values, ", ")));
  }
  const std::string& text() const { return text_; }

 private:
  int indent_;
  std::string text_;
};

std::string UseText(const Certificate& certificate) {
  if (certificate.is_ca()) {
    return certificate.path_length() < 0
               ? "CA"
               : absl::StrCat("CA, at most ", certificate.path_length(), " CAs below");
  }
  if (certificate.for_server() && certificate.for_client()) return "TLS server, TLS client";
  if (certificate.for_server()) return "TLS server";
  if (certificate.for_client()) return "TLS client";
  return "neither TLS server nor TLS client";
}

}  // namespace

std::string Printable(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string printable;
  while (!text.empty()) {
    size_t length = base::Utf8SequenceLength(text, 0);
    std::string_view sequence = text.substr(0, std::max<size_t>(length, 1));
    if (length == 0 || IsControl(sequence)) {
      for (unsigned char byte : sequence) {
        absl::StrAppend(&printable, "\\x", std::string(1, kDigits[byte >> 4]),
                        std::string(1, kDigits[byte & 15]));
      }
    } else {
      printable += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return printable;
}

std::string ValidityText(const Certificate& certificate, int64_t now) {
  if (certificate.not_before() > now) {
    return absl::StrCat("valid ", RelativeTime(certificate.not_before(), now));
  }
  return absl::StrCat(certificate.not_after() <= now ? "expired " : "expires ",
                      RelativeTime(certificate.not_after(), now));
}

std::string DrawChain(const std::vector<CertificatePtr>& certificates, int indent, int64_t now) {
  return Tree(certificates, indent, now).Draw();
}

std::string DescribeCertificate(const Certificate& certificate, int indent, int64_t now) {
  Lines lines(indent);
  lines.Add("subject", Name(certificate.subject()));
  lines.Add("issuer", certificate.self_signed() ? "itself" : Name(certificate.issuer()));
  lines.Add("serial", certificate.serial());
  lines.Add("valid",
            absl::StrCat(DateTime(certificate.not_before()), " to ",
                         DateTime(certificate.not_after()), ", ", ValidityText(certificate, now)));
  lines.Add("use", UseText(certificate));
  lines.AddList("DNS", certificate.san().dns);
  lines.AddList("IP", certificate.san().ip);
  lines.AddList("URI", certificate.san().uri);
  lines.AddList("email", certificate.san().email);
  lines.AddList("UPN", certificate.san().upn);
  if (certificate.san().other > 0) {
    lines.Add("other names", absl::StrCat(certificate.san().other, ", not shown"));
  }
  lines.AddList("key usage", certificate.key_usage());
  lines.AddList("extended", certificate.extended_key_usage());
  lines.Add("key", absl::StrCat(certificate.public_key().text,
                                certificate.public_key().weakness.empty() ? "" : " (too weak)"));
  lines.Add("signature", absl::StrCat(certificate.signature_algorithm(),
                                      certificate.weak_signature() ? " (too weak)" : ""));
  lines.Add("SHA-256", certificate.fingerprint_sha256());
  lines.Add("SHA-1", certificate.fingerprint_sha1());
  lines.Add("SPKI SHA-256", certificate.public_key().spki_sha256);
  return lines.text();
}

}  // namespace mantlet::certs
