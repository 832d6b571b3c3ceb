#include "certs/spiffe_bundle.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "certs/strict_json.h"
#include "proxy/pattern/spiffe_id.h"
#include "proxy/x509/jwk.h"

namespace mantlet::certs {
namespace {

using Json = nlohmann::json;

absl::Status Reject(const std::string& what) { return absl::InvalidArgumentError(what); }

// Returns the string value of a member; null if it is missing or not a string.
const std::string* TextOf(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return nullptr;
  return member->get_ptr<const std::string*>();
}

std::string_view WithoutLeadingZeros(std::string_view number) {
  const size_t start = number.find_first_not_of('\0');
  return start == std::string_view::npos ? std::string_view() : number.substr(start);
}

// Checks that the first certificate's key is the key in the other members (RFC 7517, 4.7). Missing
// members are allowed.
absl::Status CheckSameKey(const Json& key, const x509::Certificate& certificate) {
  const x509::Jwk expected = x509::DescribeAsJwk(certificate);
  const std::string* curve = TextOf(key, "crv");
  bool same = *TextOf(key, "kty") == expected.kty && (curve == nullptr || *curve == expected.crv);
  for (const auto& [name, number] : expected.numbers) {
    const std::string* written = TextOf(key, name.c_str());
    if (written == nullptr) continue;
    std::string bytes;
    same = same && absl::WebSafeBase64Unescape(*written, &bytes) &&
           WithoutLeadingZeros(bytes) == WithoutLeadingZeros(number);
  }
  if (same) return absl::OkStatus();
  return Reject("its x5c is the certificate of another key than the one in the same entry");
}

absl::StatusOr<x509::CertificatePtr> ReadCertificate(const Json& x5c) {
  const auto* base64 = x5c.get_ptr<const std::string*>();
  std::string der;
  if (base64 == nullptr || !absl::Base64Unescape(*base64, &der)) {
    return Reject("the first entry of its x5c is not base64");
  }
  absl::StatusOr<x509::CertificatePtr> certificate = x509::Certificate::FromDer(der);
  if (certificate.ok()) return certificate;
  return Reject(
      absl::StrCat("the first entry of its x5c: ", std::string(certificate.status().message())));
}

// Returns the certificate of one key; null if the key is to be ignored.
absl::StatusOr<x509::CertificatePtr> ReadKey(const Json& key) {
  if (!key.is_object()) return Reject("it is not an object");
  const std::string* use = TextOf(key, "use");
  if (use == nullptr || *use != "x509-svid") return x509::CertificatePtr();
  const std::string* kty = TextOf(key, "kty");
  if (kty == nullptr) return Reject("it has no kty");
  if (*kty != "RSA" && *kty != "EC" && *kty != "OKP") return x509::CertificatePtr();
  const auto x5c = key.find("x5c");
  if (x5c == key.end()) return x509::CertificatePtr();
  if (!x5c->is_array()) return Reject("its x5c is not a list");
  if (x5c->empty()) return x509::CertificatePtr();
  absl::StatusOr<x509::CertificatePtr> certificate = ReadCertificate(x5c->front());
  if (!certificate.ok()) return certificate;
  if (absl::Status status = CheckSameKey(key, **certificate); !status.ok()) return status;
  return certificate;
}

absl::Status ReadNumber(const Json& bundle, const char* name, std::optional<uint64_t>* number) {
  const auto member = bundle.find(name);
  if (member == bundle.end()) return absl::OkStatus();
  const auto* value = member->get_ptr<const Json::number_unsigned_t*>();
  if (value == nullptr) {
    return Reject(absl::StrCat(name, " is not a whole number from 0 to 18446744073709551615"));
  }
  *number = *value;
  return absl::OkStatus();
}

absl::StatusOr<SpiffeBundle> ReadBundle(const Json& json) {
  SpiffeBundle bundle;
  if (!json.is_object()) return Reject("it is not a JSON object");
  if (absl::Status status = ReadNumber(json, "spiffe_sequence", &bundle.sequence); !status.ok()) {
    return status;
  }
  if (absl::Status status = ReadNumber(json, "spiffe_refresh_hint", &bundle.refresh_hint);
      !status.ok()) {
    return status;
  }
  const auto keys = json.find("keys");
  if (keys == json.end()) return Reject("it has no 'keys'");
  if (!keys->is_array()) return Reject("its 'keys' is not a list");
  for (size_t i = 0; i < keys->size(); ++i) {
    std::string where = absl::StrCat("keys[", i, "]");
    absl::StatusOr<x509::CertificatePtr> certificate = ReadKey((*keys)[i]);
    if (!certificate.ok()) {
      return Reject(absl::StrCat(where, ": ", std::string(certificate.status().message())));
    }
    if (*certificate == nullptr) continue;
    bundle.authorities.push_back({*std::move(certificate), std::move(where)});
  }
  return bundle;
}

}  // namespace

absl::StatusOr<SpiffeBundle> ParseSpiffeBundle(std::string_view json) {
  absl::StatusOr<Json> parsed = ParseStrictJson(json);
  if (!parsed.ok()) return parsed.status();
  if (parsed->is_object() && parsed->contains("trust_domains")) {
    return Reject("it is a bundle map; name it as bundle_map");
  }
  return ReadBundle(*parsed);
}

absl::StatusOr<SpiffeBundles> ParseSpiffeBundleMap(std::string_view json) {
  absl::StatusOr<Json> parsed = ParseStrictJson(json);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->is_object()) return Reject("it is not a JSON object");
  const auto domains = parsed->find("trust_domains");
  if (domains == parsed->end() || !domains->is_object()) {
    return Reject(parsed->contains("keys")
                      ? "it is the bundle of one trust domain; name it under trust_domains"
                      : "it has no 'trust_domains' with bundles by name");
  }
  SpiffeBundles bundles;
  for (const auto& [name, json_bundle] : domains->items()) {
    if (absl::Status status = pattern::CheckTrustDomain(name); !status.ok()) {
      return Reject(absl::StrCat("trust domain '", name, "': ", std::string(status.message())));
    }
    absl::StatusOr<SpiffeBundle> bundle = ReadBundle(json_bundle);
    if (!bundle.ok()) {
      return Reject(
          absl::StrCat("trust domain '", name, "': ", std::string(bundle.status().message())));
    }
    bundles.emplace(name, *std::move(bundle));
  }
  return bundles;
}

}  // namespace mantlet::certs
