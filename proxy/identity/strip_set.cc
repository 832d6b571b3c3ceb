#include "proxy/identity/strip_set.h"

#include <algorithm>
#include <cstddef>

namespace mantlet::identity {
namespace {

constexpr std::string_view kAlways[] = {
    "x-forwarded-client-cert", "client-cert",       "client-cert-chain", "x-forwarded-for",
    "x-forwarded-host",        "x-forwarded-proto", "content-length",    "transfer-encoding"};

// Folded names that applications, frameworks and their servers read as set by a proxy in front of
// them: the origin of a request, its scheme, host or path, and its client certificate.
constexpr std::string_view kForwarding[] = {
    // RFC 7239 and its predecessors
    "forwarded", "x-forwarded", "forwarded-for",
    // the client's address: Rails and PHP (Client-IP), nginx, CDNs and clouds
    "x-real-ip", "client-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
    "x-true-client-ip", "x-remote-ip", "x-remote-addr", "x-originating-ip", "x-proxyuser-ip",
    "proxy-client-ip", "http-client-ip", "http-x-forwarded-for", "cf-connecting-ip",
    "cf-connecting-ipv6", "cf-pseudo-ipv4", "fastly-client-ip", "fly-client-ip",
    "x-appengine-user-ip", "x-azure-clientip", "x-azure-socketip", "cloudfront-viewer-address",
    "x-envoy-external-address", "x-envoy-internal", "x-vercel-forwarded-for",
    // the scheme
    "front-end-https", "x-scheme", "x-url-scheme", "x-arr-ssl", "cf-visitor",
    "cloudfront-forwarded-proto",
    // host and path: ISAPI_Rewrite and Symfony, gunicorn, WSGI frameworks, Envoy
    "x-host", "x-rewrite-url", "script-name", "path-info", "x-script-name", "x-envoy-original-path",
    "x-envoy-original-host",
    // the client certificate: ASP.NET behind IIS, Tomcat's SSLValve, Cloudflare
    "x-arr-clientcert", "ms-aspnetcore-clientcert", "ssl-cipher", "ssl-session-id",
    "ssl-cipher-usekeysize", "cf-client-cert-der-base64"};

// Folded prefixes of such names: among them the names of nginx, Apache and ingress controllers for
// client certificates, and those of Amazon's load balancers, of WebLogic ("WL-Proxy-") and of
// WebSphere's plug-in ("$WS").
constexpr std::string_view kForwardingPrefixes[] = {
    "x-forwarded-", "x-original-", "x-ssl-", "x-client-cert", "x-client-verify", "x-amzn-mtls-",
    "ssl-client-",  "wl-proxy-",   "-ws"};

}  // namespace

StripSet::StripSet(const config::IdentityHeaders& headers) {
  for (std::string_view name : kAlways) Add(name);
  for (const auto& [name, field] : headers.set) Add(name);
  for (const std::string& name : headers.remove) Add(name);
  if (headers.forwarding_headers == config::ForwardingHeaders::kForward) return;
  for (std::string_view name : kForwarding) Add(name);
  for (std::string_view prefix : kForwardingPrefixes) AddPrefix(prefix);
}

void StripSet::Add(std::string_view name) {
  if (name.empty()) return;
  std::string folded = pattern::FoldHeaderName(name);
  const size_t length = name.size() < kLengths ? name.size() : 0;
  first_by_length_[length] |= uint64_t{1} << (folded[0] & 63);
  std::vector<std::string>& names = names_by_length_[length];
  if (std::find(names.begin(), names.end(), folded) == names.end()) {
    names.push_back(std::move(folded));
  }
}

void StripSet::AddPrefix(std::string_view prefix) {
  first_of_prefixes_ |= uint64_t{1} << (prefix[0] & 63);
  prefixes_.push_back(prefix);
}

bool StripSet::SearchPrefixes(std::string_view name) const {
  for (std::string_view prefix : prefixes_) {
    if (name.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), name.begin(),
                                                   [](char a, char b) { return a == Fold(b); })) {
      return true;
    }
  }
  return false;
}

bool StripSet::Search(std::string_view name) const {
  const size_t length = name.size() < kLengths ? name.size() : 0;
  for (const std::string& candidate : names_by_length_[length]) {
    if (candidate.size() == name.size() &&
        std::equal(name.begin(), name.end(), candidate.begin(),
                   [](char a, char b) { return Fold(a) == b; })) {
      return true;
    }
  }
  return false;
}

}  // namespace mantlet::identity
