// The type of `spki_pins` and `ca_pins`.

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "config/loader/value_type.h"

namespace mantlet::config {
namespace {

constexpr size_t kDigestBytes = 32;

bool IsHexDigest(const std::string& text) {
  return text.size() == 2 * kDigestBytes &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

std::optional<Problem> ParsePin(const ScalarText& scalar, std::string& out) {
  std::string text = scalar.text;
  if (text.starts_with("sha256/")) text.erase(0, 7);
  std::string digest;
  if (IsHexDigest(text)) {
    digest = absl::HexStringToBytes(text);
  } else if (!absl::Base64Unescape(text, &digest) || digest.size() != kDigestBytes) {
    return Problem{absl::StrCat("'", scalar.text, "' is not a SHA-256 in hex or base64"),
                   "openssl x509 -in client.crt -pubkey -noout | openssl pkey -pubin -outform der "
                   "| openssl dgst -sha256 prints one"};
  }
  out = absl::BytesToHexString(digest);
  return std::nullopt;
}

}  // namespace

ValueType<std::string> SpkiPin() {
  return {"SHA-256",
          "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
          ParsePin,
          [](const std::string& value) { return value; },
          {PatternForm("(?:sha256/)?(?:[0-9A-Fa-f]{64}|[A-Za-z0-9+/]{43}=?)")}};
}

}  // namespace mantlet::config
