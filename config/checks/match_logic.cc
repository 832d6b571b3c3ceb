#include "config/checks/match_logic.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proxy/pattern/distinguished_name.h"
#include "proxy/pattern/dns_pattern.h"
#include "proxy/pattern/glob.h"
#include "proxy/pattern/mailbox.h"

namespace mantlet::config {
namespace {

using pattern::DnsPattern;
using pattern::Glob;
using Form = MatchKey::Form;
using Values = std::vector<std::string>;

constexpr MatchKey kSpiffeId = {"spiffe_id", &Match::spiffe_id, Form::kGlob, true, true};
constexpr MatchKey kUriSan = {"uri_san", &Match::uri_san, Form::kGlob, true, false};
constexpr MatchKey kVerify = {"verify", &Match::verify, Form::kVerification, false, true};

constexpr MatchKey kKeys[] = {
    kSpiffeId,
    {"trust_domain", &Match::trust_domain, Form::kText, true, true},
    kUriSan,
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
    kVerify,
    {"sni", &Match::sni, Form::kDnsName, false, true},
    {"method", &Match::method, Form::kText, false, true},
    {"path", &Match::path, Form::kGlob, false, true},
};

bool IsSame(const MatchKey& a, const MatchKey& b) { return a.values == b.values; }

bool SameName(const std::string& a, const std::string& b) {
  const auto first = pattern::CanonicalName(a);
  const auto second = pattern::CanonicalName(b);
  if (!first || !second) return false;
  return pattern::JoinName(*first) == pattern::JoinName(*second) ||
         pattern::JoinName(*first) == pattern::JoinNameBackwards(*second);
}

// Returns whether every value that matches `narrow` also matches `wide`.
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
      return wide == "FAILED" && absl::StartsWith(narrow, wide);
  }
  return false;
}

bool ApartGlobs(const Glob& a, const Glob& b) {
  if (a.literal()) return !b.Matches(a.text());
  if (b.literal()) return !a.Matches(b.text());
  // The patterns begin with different segments.
  const auto p = a.literal_prefix(), q = b.literal_prefix();
  if (!p || !q) return false;
  const auto within = [](std::string_view inner, std::string_view outer) {
    return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
  };
  return !within(*p, *q) && !within(*q, *p);
}

// Returns whether no value matches both.
bool Apart(Form form, const std::string& a, const std::string& b) {
  if (form == Form::kGlob) return a != b && ApartGlobs(Glob(a), Glob(b));
  return !Covers(form, a, b) && !Covers(form, b, a);
}

FlatMatch TooMany() { return {.alternatives = {}, .complete = false}; }

}  // namespace

absl::Span<const MatchKey> MatchKeys() { return kKeys; }

// ---- flattening

FlatMatch MatchLogic::Flatten(const Match& match, bool negated) {
  std::vector<FlatMatch> parts;
  for (const MatchKey& key : kKeys) {
    if (!(match.*key.values).empty()) parts.push_back(Flatten(key, match.*key.values, negated));
  }
  if (match.client_cert != CertificatePresence::kEither) {
    const bool present = (match.client_cert == CertificatePresence::kPresent) != negated;
    parts.push_back({{{present ? kVerified : kNoCertificate | kNotVerified, {}}}});
  }
  for (const Match& inner : match.all) parts.push_back(Flatten(inner, negated));
  std::vector<FlatMatch> any;
  for (const Match& inner : match.any) any.push_back(Flatten(inner, negated));
  if (!any.empty()) parts.push_back(Combine(any, negated));
  for (const Match& inner : match.not_) parts.push_back(Flatten(inner, !negated));
  return Combine(parts, !negated);
}

// A trust domain is converted to a pattern of its SPIFFE IDs. Whole outcomes in `verify` are added
// to `outcomes`; its reasons of failures remain a condition.
FlatMatch MatchLogic::Flatten(const MatchKey& key, Values values, bool negated) const {
  Alternative result{outcomes_, {}};
  const MatchKey* compared = &key;
  if (IsSame(key, kVerify)) {
    Outcomes whole = 0, named = 0;
    for (const std::string& value : values) {
      const Outcomes outcome = value == "SUCCESS" ? kVerified
                               : value == "NONE"  ? kNoCertificate
                                                  : kNotVerified;
      named |= outcome;
      if (!absl::StartsWith(value, "FAILED:")) whole |= outcome;
    }
    result.outcomes &= negated ? ~whole : named;
    if (named == whole) return {{result}};
  } else if (key.values == &Match::trust_domain) {
    compared = &kSpiffeId;
    for (std::string& value : values) value = absl::StrCat("spiffe://", value, "/**");
  }
  if (key.identity && !negated) result.outcomes &= kVerified;
  result.conditions.push_back(
      {compared, std::make_shared<const Values>(std::move(values)), negated});
  return {{result}};
}

FlatMatch MatchLogic::Combine(const std::vector<FlatMatch>& parts, bool conjunction) {
  FlatMatch result;
  if (conjunction) result.alternatives.push_back({outcomes_, {}});
  for (const FlatMatch& part : parts) {
    if (conjunction) {
      result = Both(result, part);
    } else {
      result.alternatives.insert(result.alternatives.end(), part.alternatives.begin(),
                                 part.alternatives.end());
    }
    if (!result.complete || !part.complete || result.alternatives.size() > kMaxAlternatives) {
      return TooMany();
    }
  }
  return result;
}

FlatMatch MatchLogic::Both(const FlatMatch& a, const FlatMatch& b) {
  FlatMatch result;
  for (const Alternative& first : a.alternatives) {
    for (const Alternative& second : b.alternatives) {
      if (Contradict(first, second)) continue;
      if (result.alternatives.size() == kMaxAlternatives) return TooMany();
      Alternative& both = result.alternatives.emplace_back(first);
      both.outcomes &= second.outcomes;
      both.conditions.insert(both.conditions.end(), second.conditions.begin(),
                             second.conditions.end());
    }
  }
  return result;
}

// ---- comparing

bool MatchLogic::Spend(const Condition& a, const Condition& b) {
  const size_t cost = 1 + a.values->size() * b.values->size();
  if (compared_ + cost > kMaxComparisons) return false;
  compared_ += cost;
  return true;
}

// A SPIFFE ID is one of the URI names.
bool MatchLogic::AllCovered(const Condition& narrow, const Condition& wide) {
  const bool comparable = IsSame(*narrow.key, *wide.key) ||
                          (IsSame(*narrow.key, kSpiffeId) && IsSame(*wide.key, kUriSan));
  if (!comparable || !Spend(narrow, wide)) return false;
  return std::all_of(narrow.values->begin(), narrow.values->end(), [&](const std::string& value) {
    return std::any_of(wide.values->begin(), wide.values->end(), [&](const std::string& other) {
      return Covers(wide.key->form, other, value);
    });
  });
}

bool MatchLogic::AllApart(const Condition& a, const Condition& b) {
  if (!IsSame(*a.key, *b.key) || !a.key->single || !Spend(a, b)) return false;
  return std::all_of(a.values->begin(), a.values->end(), [&](const std::string& value) {
    return std::all_of(b.values->begin(), b.values->end(),
                       [&](const std::string& other) { return Apart(a.key->form, value, other); });
  });
}

bool MatchLogic::Contradict(const Alternative& a, const Alternative& b) {
  if ((a.outcomes & b.outcomes) == 0) return true;
  return std::any_of(a.conditions.begin(), a.conditions.end(), [&](const Condition& first) {
    return std::any_of(b.conditions.begin(), b.conditions.end(), [&](const Condition& second) {
      if (first.negated) return !second.negated && AllCovered(second, first);
      return second.negated ? AllCovered(first, second) : AllApart(first, second);
    });
  });
}

bool MatchLogic::Implies(const Alternative& have, const Condition& want) {
  if (IsSame(*want.key, kVerify) && (have.outcomes & kNotVerified) == 0) return true;
  if (want.key->identity && want.negated && (have.outcomes & kVerified) == 0) return true;
  return std::any_of(have.conditions.begin(), have.conditions.end(), [&](const Condition& is) {
    if (is.negated) return want.negated && AllCovered(want, is);  // the contraposition
    return want.negated ? AllApart(is, want) : AllCovered(is, want);
  });
}

bool MatchLogic::Implies(const FlatMatch& a, const FlatMatch& b) {
  if (!a.complete || !b.complete) return false;
  return std::all_of(a.alternatives.begin(), a.alternatives.end(), [&](const Alternative& have) {
    return std::any_of(b.alternatives.begin(), b.alternatives.end(), [&](const Alternative& want) {
      return (have.outcomes & ~want.outcomes) == 0 &&
             std::all_of(want.conditions.begin(), want.conditions.end(),
                         [&](const Condition& condition) { return Implies(have, condition); });
    });
  });
}

bool MatchLogic::ExcludesByName(const FlatMatch& match) const {
  return std::any_of(
      match.alternatives.begin(), match.alternatives.end(), [&](const Alternative& alternative) {
        return alternative.outcomes == outcomes_ &&
               std::any_of(alternative.conditions.begin(), alternative.conditions.end(),
                           [](const Condition& c) { return c.negated && c.key->identity; });
      });
}

}  // namespace mantlet::config
