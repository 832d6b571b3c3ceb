// Renders the names in certificates as text: distinguished names by RFC 2253, and subject
// alternative names. The issuer chose every byte of them, so nothing is cut at a NUL, and what
// cannot be decoded appears as #hex.

#ifndef MANTLET_PROXY_X509_CERTIFICATE_NAMES_H_
#define MANTLET_PROXY_X509_CERTIFICATE_NAMES_H_

#include <optional>
#include <string>
#include <vector>

struct X509_name_st;  // openssl's X509_NAME
struct x509_st;       // openssl's X509

namespace mantlet::x509 {

// Control bytes (below 0x20, and 0x7f) of a distinguished name. For people and
// logs they are escaped as \XX; the identity that goes into headers keeps them,
// because there a name that holds one must not be forwarded at all.
enum class ControlBytes { kEscape, kKeep };

// "CN=client,O=Example\, Inc.,C=DE": the most specific attribute first, UTF-8
// left as it is, a space at the end as \20. Attribute types have the keywords of
// pattern::AttributeKeyword(); values of those without one, and values that are no character string
// or not valid in their encoding, show as #hex of the value's DER. An attribute type with an arc
// above 64 bits cannot be written; a NUL (control bytes!) stands for it. Empty for an empty name.
std::string RenderName(const X509_name_st* name, ControlBytes control_bytes);

// At most `most` bytes of a text that a stranger may have written, whole characters; "..."
// stands for the rest.
std::string Shortened(std::string text, size_t most);

// RenderName() for a log record: with control bytes escaped, and shortened.
std::string NameForRecord(const X509_name_st* name);

// The last, most specific commonName as UTF-8 with all its bytes; empty if there
// is none. Nothing if it cannot be decoded.
std::optional<std::string> CommonName(const X509_name_st* name);

// Every organizationalUnitName that can be decoded, the most specific first, in
// the same form.
std::vector<std::string> OrganizationalUnits(const X509_name_st* name);

// The same of organizationIdentifier (2.5.4.97).
std::vector<std::string> OrganizationIdentifiers(const X509_name_st* name);

struct SubjectAltNames {
  std::vector<std::string> dns;
  std::vector<std::string> uri;
  std::vector<std::string> ip;  // printed: 127.0.0.1, ::1
  std::vector<std::string> email;
  std::vector<std::string> upn;  // user principal names (otherName), UTF-8
  int other = 0;                 // names of other kinds, counted only
  bool empty() const {
    return dns.empty() && uri.empty() && ip.empty() && email.empty() && upn.empty() && other == 0;
  }
};

// In certificate order. False if the extension is there and cannot be parsed;
// `names` is empty then.
bool ReadSubjectAltNames(x509_st* certificate, SubjectAltNames* names);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_CERTIFICATE_NAMES_H_
