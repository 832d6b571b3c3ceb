#include "proxy/identity/xfcc.h"

#include "proxy/identity/encoding.h"

namespace mantlet::identity {
namespace {

using config::XfccField;

// ElementWriter builds one element and counts the values that it leaves out.
class ElementWriter {
 public:
  explicit ElementWriter(size_t* unsafe_fields) : unsafe_fields_(unsafe_fields) {}

  // Adds a value that needs no quotes.
  void AddBare(std::string_view key, std::string_view value) {
    BeginPair(key);
    element_.append(value);
  }

  // Adds a value that the peer controls. It must contain no backslash that readers interpret
  // differently.
  void AddQuoted(std::string_view key, std::string_view value) {
    BeginPair(key);
    element_.push_back('"');
    for (char c : value) {
      if (c == '"') element_.push_back('\\');
      element_.push_back(c);
    }
    element_.push_back('"');
  }

  void AddName(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    const std::optional<std::string> name = IsSafeText(value) ? QuotableName(value) : std::nullopt;
    if (name) {
      AddQuoted(key, *name);
    } else {
      ++*unsafe_fields_;
    }
  }

  void AddAll(std::string_view key, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      if (IsSafeAscii(value) && value.find('\\') == std::string::npos) {
        AddQuoted(key, value);
      } else {
        ++*unsafe_fields_;
      }
    }
  }

  std::string Take() { return std::move(element_); }

 private:
  void BeginPair(std::string_view key) {
    if (!element_.empty()) element_.push_back(';');
    element_.append(key).append("=");
  }

  std::string element_;
  size_t* unsafe_fields_;
};

std::string ChainPem(const ClientCertificate& certificate) {
  std::string pem = CertificatePem(certificate.der);
  for (const std::string& der : certificate.chain_der) pem += CertificatePem(der);
  return pem;
}

void AddField(XfccField field, const XfccOptions& options, const PeerIdentity& peer,
              ElementWriter& writer) {
  const ClientCertificate& certificate = *peer.certificate;
  switch (field) {
    case XfccField::kBy:
      if (peer.local_san_uri != nullptr) writer.AddAll("By", *peer.local_san_uri);
      break;
    case XfccField::kHash:
      if (!certificate.fingerprint_sha256.empty()) {
        writer.AddBare("Hash", certificate.fingerprint_sha256);
      }
      break;
    case XfccField::kSubject:
      writer.AddName("Subject", certificate.subject);
      break;
    case XfccField::kUri:
      if (options.with_names) writer.AddAll("URI", certificate.san_uri);
      break;
    case XfccField::kDns:
      if (options.with_names) writer.AddAll("DNS", certificate.san_dns);
      break;
    case XfccField::kCert:
      if (options.with_certificate && !certificate.der.empty()) {
        writer.AddQuoted("Cert", PercentEncode(CertificatePem(certificate.der)));
      }
      break;
    case XfccField::kChain:
      if (options.with_chain && !certificate.der.empty()) {
        writer.AddQuoted("Chain", PercentEncode(ChainPem(certificate)));
      }
      break;
  }
}

bool IsKeyChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

void SkipBlanks(std::string_view& text) {
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
}

bool ReadKey(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && IsKeyChar(text[size])) ++size;
  if (size == 0 || size == text.size() || text[size] != '=') return false;
  text.remove_prefix(size + 1);
  return true;
}

// Reads up to the closing quote. Fails for two or more backslashes before a quote, because readers
// interpret them differently.
bool ReadQuoted(std::string_view& text) {
  size_t backslashes = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++backslashes;
      continue;
    }
    if (text[at] == '"') {
      if (backslashes > 1) return false;
      if (backslashes == 0) {
        text.remove_prefix(at + 1);
        return true;
      }
    }
    backslashes = 0;
  }
  return false;
}

bool ReadValue(std::string_view& text) {
  if (!text.empty() && text[0] == '"') {
    text.remove_prefix(1);
    return ReadQuoted(text);
  }
  // Envoy does not quote URIs, so `=` may occur in an unquoted value.
  size_t size = 0;
  while (size < text.size() && text[size] != ',' && text[size] != ';') {
    if (text[size] == '"') return false;
    ++size;
  }
  text.remove_prefix(size);
  return true;
}

}  // namespace

std::string RenderXfccElement(const XfccOptions& options, const PeerIdentity& peer,
                              size_t* unsafe_fields) {
  if (!peer.has_certificate()) return {};
  ElementWriter writer(unsafe_fields);
  for (XfccField field : options.fields) AddField(field, options, peer, writer);
  return writer.Take();
}

bool IsWellFormedXfcc(std::string_view list) {
  while (true) {
    SkipBlanks(list);
    if (!ReadKey(list) || !ReadValue(list)) return false;
    SkipBlanks(list);
    if (list.empty()) return true;
    if (list[0] != ',' && list[0] != ';') return false;
    list.remove_prefix(1);
  }
}

std::optional<std::string> QuotableName(std::string_view rfc2253) {
  std::string out;
  out.reserve(rfc2253.size());
  for (size_t at = 0; at < rfc2253.size(); ++at) {
    const char c = rfc2253[at];
    if (c == '"') return std::nullopt;
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    if (++at == rfc2253.size()) return std::nullopt;
    out.push_back('\\');
    if (rfc2253[at] == '"') {
      out.append("22");
    } else if (rfc2253[at] == '\\') {
      out.append("5C");
    } else {
      out.push_back(rfc2253[at]);
    }
  }
  return out;
}

}  // namespace mantlet::identity
