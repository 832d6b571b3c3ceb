#include "proxy/policy/condition.h"

#include <algorithm>
#include <utility>

#include "proxy/pattern/distinguished_name.h"

namespace mantlet::policy {
namespace {

void SortTexts(Condition& condition) {
  std::sort(condition.texts.begin(), condition.texts.end());
  condition.texts.erase(std::unique(condition.texts.begin(), condition.texts.end()),
                        condition.texts.end());
}

// Returns each name in both orders: `openssl x509 -issuer` prints the reverse one.
std::vector<std::string> NameForms(const std::vector<std::string>& names) {
  std::vector<std::string> forms;
  for (const std::string& text : names) {
    const auto name = pattern::CanonicalName(text);
    if (!name || name->empty()) continue;
    forms.push_back(pattern::JoinName(*name));
    forms.push_back(pattern::JoinNameBackwards(*name));
  }
  return forms;
}

template <typename Texts>
bool FitsAny(const Condition& condition, const Texts& texts) {
  for (std::string_view text : texts) {
    if (condition.Fits(text)) return true;
  }
  return false;
}

// An absent name never matches: no condition has an empty value.
bool HoldsForClient(const Condition& condition, const ClientFacts& client) {
  switch (condition.key) {
    case Key::kClientCert:
      return client.has_certificate == condition.present;
    case Key::kVerify:
      return condition.Fits(client.verify) ||
             (client.verify.starts_with("FAILED") && condition.Fits("FAILED"));
    case Key::kSni:
      return condition.Fits(client.sni);
    case Key::kTrustDomain:
      return condition.Fits(client.trust_domain);
    case Key::kSpiffeId:
      return !client.spiffe_id.empty() && condition.Fits(client.spiffe_id);
    case Key::kSpki:
      return condition.Fits(client.spki_sha256);
    case Key::kCn:
      return condition.Fits(client.cn);
    case Key::kSubject:
      return condition.Fits(client.subject);
    case Key::kIssuer:
      return condition.Fits(client.issuer);
    case Key::kOu:
      return client.ou != nullptr && FitsAny(condition, *client.ou);
    case Key::kOrganizationIdentifier:
      return client.organization_identifier != nullptr &&
             FitsAny(condition, *client.organization_identifier);
    case Key::kDnsSan:
      return FitsAny(condition, client.dns_san);
    case Key::kEmailSan:
      return FitsAny(condition, client.email_san);
    case Key::kIpSan:
      return client.ip_san != nullptr && FitsAny(condition, *client.ip_san);
    case Key::kUpnSan:
      return FitsAny(condition, client.upn_san);
    case Key::kUriSan:
      return FitsAny(condition, client.uri_san);
    case Key::kMethod:
    case Key::kPath:
      break;
  }
  return false;
}

bool AsksForRequest(Key key) { return key == Key::kMethod || key == Key::kPath; }

std::vector<CompiledMatch> CompileAll(const std::vector<config::Match>& matches) {
  return {matches.begin(), matches.end()};
}

}  // namespace

bool Condition::Fits(std::string_view value) const {
  // Most conditions have one value.
  if (texts.size() == 1 ? texts[0] == value
                        : std::binary_search(texts.begin(), texts.end(), value, std::less<>())) {
    return true;
  }
  for (const pattern::Glob& glob : globs) {
    if (glob.Matches(value)) return true;
  }
  for (const pattern::DnsPattern& name : names) {
    if (name.Matches(value)) return true;
  }
  return false;
}

CompiledMatch::CompiledMatch(const config::Match& match)
    : any_(CompileAll(match.any)), all_(CompileAll(match.all)), not_(CompileAll(match.not_)) {
  if (match.client_cert != config::CertificatePresence::kEither) {
    Condition& condition = conditions_.emplace_back();
    condition.present = match.client_cert == config::CertificatePresence::kPresent;
  }
  Add(Key::kVerify, match.verify);
  Add(Key::kMethod, match.method);
  AddGlobs(Key::kPath, match.path);
  AddNames(Key::kSni, match.sni);
  Add(Key::kTrustDomain, match.trust_domain);
  AddGlobs(Key::kSpiffeId, match.spiffe_id);
  Add(Key::kSpki, match.spki_sha256);
  Add(Key::kCn, match.cn);
  Add(Key::kSubject, NameForms(match.subject));
  Add(Key::kIssuer, NameForms(match.issuer));
  Add(Key::kOu, match.ou);
  Add(Key::kOrganizationIdentifier, match.organization_identifier);
  AddNames(Key::kDnsSan, match.dns_san);
  Add(Key::kEmailSan, match.email_san);
  Add(Key::kIpSan, match.ip_san);
  Add(Key::kUpnSan, match.upn_san);
  AddGlobs(Key::kUriSan, match.uri_san);
  asks_for_path_ = !match.path.empty();
  asks_for_sni_ = !match.sni.empty();
  for (const auto* group : {&any_, &all_, &not_}) {
    for (const CompiledMatch& inner : *group) {
      asks_for_path_ |= inner.asks_for_path_;
      asks_for_sni_ |= inner.asks_for_sni_;
    }
  }
}

void CompiledMatch::Add(Key key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Condition& condition = conditions_.emplace_back();
  condition.key = key;
  condition.texts = texts;
  SortTexts(condition);
}

void CompiledMatch::AddGlobs(Key key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Condition& condition = conditions_.emplace_back();
  condition.key = key;
  for (const std::string& text : texts) {
    pattern::Glob glob(text);
    if (glob.literal()) {
      condition.texts.push_back(text);
    } else {
      condition.globs.push_back(std::move(glob));
    }
  }
  SortTexts(condition);
}

void CompiledMatch::AddNames(Key key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Condition& condition = conditions_.emplace_back();
  condition.key = key;
  for (const std::string& text : texts) {
    pattern::DnsPattern name(text);
    if (name.wildcard()) {
      condition.names.push_back(std::move(name));
    } else {
      condition.texts.push_back(name.text());
    }
  }
  SortTexts(condition);
}

bool CompiledMatch::Holds(const ClientFacts& client, std::string_view method,
                          std::string_view path) const {
  for (const Condition& condition : conditions_) {
    const bool holds = condition.key == Key::kMethod ? condition.Fits(method)
                       : condition.key == Key::kPath ? condition.Fits(path)
                                                     : HoldsForClient(condition, client);
    if (!holds) return false;
  }
  const auto holds = [&](const CompiledMatch& match) { return match.Holds(client, method, path); };
  return std::all_of(all_.begin(), all_.end(), holds) &&
         (any_.empty() || std::any_of(any_.begin(), any_.end(), holds)) &&
         std::none_of(not_.begin(), not_.end(), holds);
}

Answer CompiledMatch::HoldsFor(const ClientFacts& client) const {
  Answer answer = Answer::kYes;
  for (const Condition& condition : conditions_) {
    if (AsksForRequest(condition.key)) {
      answer = Answer::kMaybe;
    } else if (!HoldsForClient(condition, client)) {
      return Answer::kNo;
    }
  }
  for (const CompiledMatch& match : all_) answer = std::min(answer, match.HoldsFor(client));
  for (const CompiledMatch& match : not_) {
    const Answer inner = match.HoldsFor(client);
    answer = std::min(answer, inner == Answer::kYes  ? Answer::kNo
                              : inner == Answer::kNo ? Answer::kYes
                                                     : Answer::kMaybe);
  }
  if (any_.empty()) return answer;
  Answer best = Answer::kNo;
  for (const CompiledMatch& match : any_) best = std::max(best, match.HoldsFor(client));
  return std::min(answer, best);
}

}  // namespace mantlet::policy
