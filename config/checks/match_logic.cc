#include "config/checks/match_logic.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "proxy/pattern/distinguished_name.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/glob.h"
#include "proxy/pattern/mailbox.h"

namespace mantlet::config {
namespace {

using pattern::DnsPattern;
using pattern::Glob;

enum class Form { kText, kGlob, kDnsName, kMailbox, kDistinguishedName, kVerification };

struct KeyFacts {
  const char* name;
  std::vector<std::string> Match::* values;
  Form form;
  bool identity;
  bool single;  // what it is compared with is one name at most
};

// In the order of MatchKey.
constexpr KeyFacts kKeys[kMatchKeyCount] = {
    {"spiffe_id", &Match::spiffe_id, Form::kGlob, true, true},
    {"trust_domain", &Match::trust_domain, Form::kText, true, true},
    {"uri_san", &Match::uri_san, Form::kGlob, true, false},
    {"dns_san", &Match::dns_san, Form::kDnsName, true, false},
    {"email_san", &Match::email_san, Form::kMailbox, true, false},
    {"ip_san", &Match::ip_san, Form::kText, true, false},
    {"upn_san", &Match::upn_san, Form::kMailbox, true, false},
    {"cn", &Match::cn, Form::kText, true, true},
    {"ou", &Match::ou, Form::kText, true, false},
    {"organization_identifier", &Match::organization_identifier, Form::kText, true, false},
    {"subject", &Match::subject, Form::kDistinguishedName, true, true},
    {"issuer", &Match::issuer, Form::kDistinguishedName, true, true},
    {"spki_sha256", &Match::spki_sha256, Form::kText, true, true},
    {"verify", &Match::verify, Form::kVerification, false, true},
    {"sni", &Match::sni, Form::kDnsName, false, true},
    {"method", &Match::method, Form::kText, false, true},
    {"path", &Match::path, Form::kGlob, false, true},
};

const KeyFacts& FactsOf(MatchKey key) { return kKeys[static_cast<size_t>(key)]; }

constexpr MatchKey kAllKeys[] = {
    MatchKey::kSpiffeId, MatchKey::kTrustDomain,
    MatchKey::kUriSan,   MatchKey::kDnsSan,
    MatchKey::kEmailSan, MatchKey::kIpSan,
    MatchKey::kUpnSan,   MatchKey::kCn,
    MatchKey::kOu,       MatchKey::kOrganizationIdentifier,
    MatchKey::kSubject,  MatchKey::kIssuer,
    MatchKey::kSpki,     MatchKey::kVerify,
    MatchKey::kSni,      MatchKey::kMethod,
    MatchKey::kPath,
};

bool SameName(const std::string& a, const std::string& b) {
  const auto first = pattern::CanonicalName(a);
  const auto second = pattern::CanonicalName(b);
  if (!first || !second) return false;
  return pattern::JoinName(*first) == pattern::JoinName(*second) ||
         pattern::JoinName(*first) == pattern::JoinNameBackwards(*second);
}

constexpr char kSuccess[] = "SUCCESS", kNone[] = "NONE", kFailed[] = "FAILED";

bool IsFailure(const std::string& verification) { return absl::StartsWith(verification, kFailed); }

// Whatever fits `narrow` fits `wide`.
bool Covers(Form form, const std::string& wide, const std::string& narrow) {
  if (wide == narrow) return true;
  switch (form) {
    case Form::kText:
      return false;
    case Form::kGlob:
      return absl::StrContains(wide, '*') && Glob(wide).Covers(Glob(narrow));
    case Form::kDnsName:
      return DnsPattern(wide).Covers(DnsPattern(narrow));
    case Form::kMailbox:
      return wide == pattern::AnyMailboxOfHost(narrow);
    case Form::kDistinguishedName:
      return SameName(wide, narrow);
    case Form::kVerification:
      return wide == kFailed && IsFailure(narrow);
  }
  return false;
}

// Nothing fits both.
bool Apart(Form form, const std::string& a, const std::string& b) {
  if (a == b) return false;
  switch (form) {
    case Form::kText:
      return true;
    case Form::kGlob: {
      const Glob first(a), second(b);
      if (first.literal()) return !second.Matches(a);
      if (second.literal()) return !first.Matches(b);
      // Names that begin differently, or one of whose beginnings leads elsewhere.
      const auto p = first.literal_prefix(), q = second.literal_prefix();
      if (!p || !q) return false;
      const auto within = [](std::string_view inner, std::string_view outer) {
        return inner.starts_with(outer) &&
               (inner.size() == outer.size() || inner[outer.size()] == '/');
      };
      return !within(*p, *q) && !within(*q, *p);
    }
    case Form::kDnsName: {
      const DnsPattern first(a), second(b);
      return !first.Covers(second) && !second.Covers(first);
    }
    case Form::kMailbox:
      return !Covers(form, a, b) && !Covers(form, b, a);
    case Form::kDistinguishedName:
      return !SameName(a, b);
    case Form::kVerification:
      return !Covers(form, a, b) && !Covers(form, b, a);
  }
  return false;
}

// "spiffe://example.org/**" for "example.org".
std::string AllOf(const std::string& trust_domain) { return "spiffe://" + trust_domain + "/**"; }

bool OnlyTrustDomains(const std::vector<std::string>& ids,
                      const std::vector<std::string>& domains) {
  return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return std::any_of(domains.begin(), domains.end(), [&](const std::string& domain) {
      return Covers(Form::kGlob, AllOf(domain), id);
    });
  });
}

}  // namespace

const char* ToString(MatchKey key) { return FactsOf(key).name; }
const std::vector<std::string>& ValuesOf(const Match& match, MatchKey key) {
  return match.*FactsOf(key).values;
}
bool IsIdentity(MatchKey key) { return FactsOf(key).identity; }

bool MatchLogic::Step(size_t cost) {
  steps_ += cost;
  return steps_ <= kMostSteps;
}

bool MatchLogic::NeedsCertificate(const Match& match) {
  return ImpliesPresence(match, CertificatePresence::kPresent);
}

bool MatchLogic::ImpliesPresence(const Match& a, CertificatePresence presence) {
  if (!Step()) return false;
  const bool present = presence == CertificatePresence::kPresent;
  if (present ? certificates_.certain : !certificates_.possible) return true;
  if (a.client_cert == presence) return true;
  if (!a.verify.empty() && std::all_of(a.verify.begin(), a.verify.end(), [&](const auto& value) {
        return (value == kSuccess) == present;
      })) {
    return true;
  }
  if (present && std::any_of(std::begin(kAllKeys), std::end(kAllKeys), [&](MatchKey key) {
        return IsIdentity(key) && !ValuesOf(a, key).empty();
      })) {
    return true;
  }
  const auto implies = [&](const Match& inner) { return ImpliesPresence(inner, presence); };
  return std::any_of(a.all.begin(), a.all.end(), implies) ||
         (!a.any.empty() && std::all_of(a.any.begin(), a.any.end(), implies));
}

bool MatchLogic::CanBe(const std::string& verification) const {
  if (verification == kSuccess) return certificates_.possible;
  return verification == kNone ? !certificates_.certain : certificates_.may_fail;
}

// By what `a` says about the certificate in other words.
bool MatchLogic::ImpliesVerification(const Match& a, const std::vector<std::string>& values) {
  const auto has = [&](const char* value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  if (has(kSuccess) && ImpliesPresence(a, CertificatePresence::kPresent)) return true;
  return has(kNone) && (has(kFailed) || !certificates_.may_fail) &&
         ImpliesPresence(a, CertificatePresence::kAbsent);
}

// Whenever `a` holds, the name that `key` asks for fits one of `values`.
bool MatchLogic::ImpliesValues(const Match& a, MatchKey key,
                               const std::vector<std::string>& values) {
  const std::vector<std::string>& have = ValuesOf(a, key);
  if (!Step(1 + have.size() * values.size())) return false;
  const Form form = FactsOf(key).form;
  if (!have.empty() && std::all_of(have.begin(), have.end(), [&](const std::string& narrow) {
        return std::any_of(values.begin(), values.end(),
                           [&](const std::string& wide) { return Covers(form, wide, narrow); });
      })) {
    return true;
  }
  // A SPIFFE ID is one of the URI names, and has its trust domain.
  if (key == MatchKey::kUriSan && !a.spiffe_id.empty()) {
    Match ids;
    ids.uri_san = a.spiffe_id;
    if (ImpliesValues(ids, key, values)) return true;
  }
  if (key == MatchKey::kVerify && ImpliesVerification(a, values)) return true;
  if (key == MatchKey::kTrustDomain && !a.spiffe_id.empty() &&
      OnlyTrustDomains(a.spiffe_id, values)) {
    return true;
  }
  if (key == MatchKey::kSpiffeId && !a.trust_domain.empty()) {
    Match ids;
    for (const std::string& domain : a.trust_domain) ids.spiffe_id.push_back(AllOf(domain));
    if (ImpliesValues(ids, key, values)) return true;
  }
  const auto implies = [&](const Match& inner) { return ImpliesValues(inner, key, values); };
  return std::any_of(a.all.begin(), a.all.end(), implies) ||
         (!a.any.empty() && std::all_of(a.any.begin(), a.any.end(), implies));
}

bool MatchLogic::Implies(const Match& a, const Match& b) {
  if (!Step()) return false;
  if (ImpliesOwn(a, b)) return true;
  const auto implies = [&](const Match& inner) { return Implies(inner, b); };
  return !a.any.empty() && std::all_of(a.any.begin(), a.any.end(), implies);
}

// Each condition of `b` follows from `a` as a whole.
bool MatchLogic::ImpliesOwn(const Match& a, const Match& b) {
  for (MatchKey key : kAllKeys) {
    const std::vector<std::string>& values = ValuesOf(b, key);
    if (!values.empty() && !ImpliesValues(a, key, values)) return false;
  }
  if (b.client_cert != CertificatePresence::kEither && !ImpliesPresence(a, b.client_cert)) {
    return false;
  }
  for (const Match& inner : b.all) {
    if (!Implies(a, inner)) return false;
  }
  if (!b.any.empty() && a.any != b.any &&
      std::none_of(b.any.begin(), b.any.end(), [&](const Match& m) { return Implies(a, m); })) {
    return false;
  }
  return b.not_.empty() || Disjoint(a, b.not_[0]);
}

bool MatchLogic::DisjointValues(const Match& a, const Match& b) {
  for (MatchKey key : kAllKeys) {
    const KeyFacts& facts = FactsOf(key);
    const std::vector<std::string>& first = ValuesOf(a, key);
    const std::vector<std::string>& second = ValuesOf(b, key);
    if (!facts.single || first.empty() || second.empty()) continue;
    if (!Step(first.size() * second.size())) return false;
    const bool apart = std::all_of(first.begin(), first.end(), [&](const std::string& x) {
      return std::all_of(second.begin(), second.end(),
                         [&](const std::string& y) { return Apart(facts.form, x, y); });
    });
    if (apart) return true;
  }
  if (a.spiffe_id.empty() || b.trust_domain.empty()) return false;
  if (!Step(a.spiffe_id.size() * b.trust_domain.size())) return false;
  return std::all_of(a.spiffe_id.begin(), a.spiffe_id.end(), [&](const std::string& id) {
    return std::all_of(
        b.trust_domain.begin(), b.trust_domain.end(),
        [&](const std::string& domain) { return Apart(Form::kGlob, id, AllOf(domain)); });
  });
}

// By what `a` says without its `any`.
bool MatchLogic::DisjointOwn(const Match& a, const Match& b) {
  if (DisjointValues(a, b)) return true;
  const bool speaks_of_presence =
      a.client_cert == CertificatePresence::kAbsent || !a.verify.empty();
  if (speaks_of_presence && ImpliesPresence(a, CertificatePresence::kAbsent) &&
      NeedsCertificate(b)) {
    return true;
  }
  if (!a.not_.empty() && Implies(b, a.not_[0])) return true;
  return std::any_of(a.all.begin(), a.all.end(), [&](const Match& m) { return Disjoint(m, b); });
}

bool MatchLogic::Disjoint(const Match& a, const Match& b) {
  if (!Step()) return false;
  if (DisjointOwn(a, b) || DisjointOwn(b, a)) return true;
  const auto all_disjoint = [&](const std::vector<Match>& any, const Match& other) {
    return !any.empty() &&
           std::all_of(any.begin(), any.end(), [&](const Match& m) { return Disjoint(m, other); });
  };
  return all_disjoint(a.any, b) || all_disjoint(b.any, a);
}

bool MatchLogic::NeverHolds(const Match& match) {
  if (!Step()) return false;
  if (!certificates_.possible && ImpliesPresence(match, CertificatePresence::kPresent)) return true;
  if (certificates_.certain && ImpliesPresence(match, CertificatePresence::kAbsent)) return true;
  if (!match.verify.empty() &&
      std::none_of(match.verify.begin(), match.verify.end(),
                   [&](const std::string& value) { return CanBe(value); })) {
    return true;
  }
  const auto never = [&](const Match& m) { return NeverHolds(m); };
  if (!match.any.empty() && std::all_of(match.any.begin(), match.any.end(), never)) return true;
  if (std::any_of(match.all.begin(), match.all.end(), never)) return true;
  if (!match.not_.empty() && AlwaysHolds(match.not_[0])) return true;
  // What it says in one place against what it says in another.
  return Disjoint(match, match);
}

bool MatchLogic::AlwaysHolds(const Match& match) {
  if (!Step()) return false;
  for (MatchKey key : kAllKeys) {
    if (!ValuesOf(match, key).empty()) return false;
  }
  if (match.client_cert != CertificatePresence::kEither &&
      !ImpliesPresence(Match(), match.client_cert)) {
    return false;
  }
  const auto always = [&](const Match& m) { return AlwaysHolds(m); };
  return std::all_of(match.all.begin(), match.all.end(), always) &&
         (match.any.empty() || std::any_of(match.any.begin(), match.any.end(), always)) &&
         (match.not_.empty() || NeverHolds(match.not_[0]));
}

}  // namespace mantlet::config
