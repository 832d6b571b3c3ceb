#include "proxy/x509/name_difference.h"

#include <openssl/asn1.h>
#include <openssl/mem.h>
#include <openssl/obj.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/canonical_name.h"
#include "proxy/x509/certificate_names.h"

namespace mantlet::x509 {
namespace {

using CodePoints = std::vector<uint32_t>;

// Returns whether a code point is invisible, or visible only together with another letter.
bool IsInvisible(uint32_t c) {
  return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2064) || c == 0xad || c == 0xfeff;
}

bool IsAscii(uint32_t c) { return c < 0x80; }

CodePoints CodePointsOf(const ASN1_STRING* value) {
  CodePoints points;
  uint8_t* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return points;
  // The library has produced the text, so it is well-formed.
  for (const uint8_t* at = utf8; at < utf8 + size; ++at) {
    if ((*at & 0xc0) != 0x80) {
      points.push_back(*at < 0x80   ? *at
                       : *at < 0xe0 ? *at & 0x1f
                       : *at < 0xf0 ? *at & 0xf
                                    : *at & 7);
    } else if (!points.empty()) {
      points.back() = points.back() << 6 | (*at & 0x3f);
    }
  }
  OPENSSL_free(utf8);
  return points;
}

// Letter case and blanks are ignored (RFC 5280, 7.1).
CodePoints Folded(const CodePoints& points) {
  CodePoints folded;
  for (uint32_t c : points) {
    const bool blank = IsAscii(c) && absl::ascii_isspace(static_cast<unsigned char>(c));
    if (blank && (folded.empty() || folded.back() == ' ')) continue;
    folded.push_back(blank        ? ' '
                     : IsAscii(c) ? absl::ascii_tolower(static_cast<unsigned char>(c))
                                  : c);
  }
  while (!folded.empty() && folded.back() == ' ') folded.pop_back();
  return folded;
}

CodePoints Visible(CodePoints points) {
  std::erase_if(points, IsInvisible);
  return points;
}

// A letter of another script may look like any letter.
bool LookAlike(const CodePoints& a, const CodePoints& b) {
  const CodePoints left = Visible(a), right = Visible(b);
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](uint32_t x, uint32_t y) { return x == y || !IsAscii(x) || !IsAscii(y); });
}

std::string Point(const CodePoints& points, size_t at) {
  return at < points.size() ? absl::StrFormat("U+%04X", points[at]) : "nothing";
}

std::string Attribute(const X509_NAME_ENTRY* entry) {
  const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
  const int nid = OBJ_obj2nid(object);
  if (nid != NID_undef) return OBJ_nid2sn(nid);
  char dotted[128] = "";
  OBJ_obj2txt(dotted, sizeof(dotted), object, /*always_return_oid=*/1);
  return dotted;
}

std::string Type(const X509_NAME_ENTRY* entry) {
  return ASN1_tag2str(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry)));
}

// Names from a peer may have any length.
bool IsLong(const X509_NAME* name) {
  constexpr int kLongestBytes = 1024;  // of all values; RFC 5280, appendix A, limits most to 64
  int bytes = 0;
  for (int i = 0; i < X509_NAME_entry_count(name) && bytes <= kLongestBytes; ++i) {
    bytes += ASN1_STRING_length(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
  }
  return bytes > kLongestBytes;
}

// Compares two entries as names of one entry each, so that SameName() stays the only comparison.
bool SameEntry(const X509_NAME_ENTRY* a, const X509_NAME_ENTRY* b) {
  bssl::UniquePtr<X509_NAME> left(X509_NAME_new()), right(X509_NAME_new());
  return X509_NAME_add_entry(left.get(), a, -1, 0) && X509_NAME_add_entry(right.get(), b, -1, 0) &&
         SameName(left.get(), right.get());
}

}  // namespace

std::string NameDifference(const X509_NAME* a, const X509_NAME* b) {
  const int count = X509_NAME_entry_count(a);
  if (SameName(a, b) || count != X509_NAME_entry_count(b) || IsLong(a) || IsLong(b)) return "";
  std::string difference;
  for (int i = 0; i < count; ++i) {
    const X509_NAME_ENTRY *left = X509_NAME_get_entry(a, i), *right = X509_NAME_get_entry(b, i);
    if (View(X509_NAME_ENTRY_get_object(left)) != View(X509_NAME_ENTRY_get_object(right))) {
      return "";
    }
    if (SameEntry(left, right)) continue;
    const CodePoints x = Folded(CodePointsOf(X509_NAME_ENTRY_get_data(left))),
                     y = Folded(CodePointsOf(X509_NAME_ENTRY_get_data(right)));
    if (!LookAlike(x, y)) return "";
    if (!difference.empty()) continue;
    if (x == y) {
      difference =
          absl::StrFormat("the two look alike, but the %s is a %s in one and a %s in the other",
                          Attribute(left), Type(left), Type(right));
      continue;
    }
    const size_t at = static_cast<size_t>(
        std::mismatch(x.begin(), x.begin() + static_cast<long>(std::min(x.size(), y.size())),
                      y.begin())
            .first -
        x.begin());
    difference = absl::StrFormat("the two look alike, but the %s has %s in one and %s in the other",
                                 Attribute(left), Point(x, at), Point(y, at));
  }
  return difference;
}

}  // namespace mantlet::x509
