#include "config/checks/policy_lint.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "config/checks/match_logic.h"
#include "config/checks/served_methods.h"
#include "config/enum_names.h"
#include "config/suggest.h"
#include "proxy/pattern/glob.h"

namespace mantlet::config {
namespace {

constexpr absl::string_view kSpiffeScheme = "spiffe://";

constexpr Outcomes kAnyOutcome = kVerified | kNoCertificate | kNotVerified;

Outcomes OutcomesUnder(ClientAuthMode mode) {
  switch (mode) {
    case ClientAuthMode::kNone:
      return kNoCertificate;
    case ClientAuthMode::kOptional:
      return kVerified | kNoCertificate;
    case ClientAuthMode::kRequire:
      return kVerified;
    case ClientAuthMode::kRequest:
      break;
  }
  return kAnyOutcome;
}

// Calls fn(match, path) for a match and for all nested ones.
template <typename Fn>
void ForEachMatch(const Match& match, const std::string& path, const Fn& fn) {
  fn(match, path);
  for (size_t i = 0; i < match.any.size(); ++i) {
    ForEachMatch(match.any[i], Item(path + ".any", i), fn);
  }
  for (size_t i = 0; i < match.all.size(); ++i) {
    ForEachMatch(match.all[i], Item(path + ".all", i), fn);
  }
  if (!match.not_.empty()) ForEachMatch(match.not_[0], path + ".not", fn);
}

class Linter {
 public:
  Linter(const Listener& listener, std::string rules, Findings& findings)
      : listener_(listener),
        all_(listener.policy.rules),
        rules_(std::move(rules)),
        findings_(findings),
        logic_(OutcomesUnder(listener.client_auth.mode)) {
    for (const Rule& rule : all_) flat_.push_back(logic_.Flatten(rule.match));
  }

  void Run() {
    for (size_t i = 0; i < all_.size(); ++i) {
      ForEachMatch(all_[i].match, Item(rules_, i) + ".match",
                   [&](const Match& match, const std::string& path) { CheckValues(match, path); });
      if (NeverMatches(i) || NeverDecides(i)) continue;
      CheckRequire(i);
      CheckEscapes(i);
      CheckExactPaths(i);
    }
  }

 private:
  // ---- single values

  void CheckValues(const Match& match, const std::string& path) {
    for (const MatchKey& key : MatchKeys()) CheckDuplicates(match, key, path);
    ForEachValue(
        match.method, path + ".method",
        [&](const std::string& text, const auto& value_path) { CheckMethod(text, value_path); });
    CheckWildcards(match.cn, "cn", path);
    CheckWildcards(match.ou, "ou", path);
    CheckWildcards(match.organization_identifier, "organization_identifier", path);
    CheckTrustDomains(match, path);
  }

  void CheckWildcards(const std::vector<std::string>& values, const char* key,
                      const std::string& path) {
    ForEachValue(values, absl::StrCat(path, ".", key),
                 [&](const std::string& text, const auto& value_path) {
                   if (!absl::StrContains(text, '*')) return;
                   findings_.Warning(value_path, absl::StrCat(key, ": '*' is not a wildcard here"),
                                     "write the whole text, or compare another name");
                 });
  }

  void CheckMethod(const std::string& text, const std::string& value_path) {
    if (IsKnownMethod(text)) return;
    const std::string upper = absl::AsciiStrToUpper(text);
    if (IsKnownMethod(upper)) {
      findings_.Warning(value_path, absl::StrCat("method: '", text, "' is not '", upper, "'"),
                        absl::StrCat("write ", upper, ", letter case counts in methods"));
      return;
    }
    // Any other token may be a method of the application.
    const bool connection_method = upper == "CONNECT" || upper == "PRI";
    const std::string meant = connection_method ? "" : DidYouMean(text, KnownMethods());
    if (!IsServedMethod(text)) {
      findings_.Warning(value_path,
                        absl::StrCat("method: no request can have the method '", text,
                                     "', which mantlet always rejects"),
                        meant.empty() ? "remove it" : meant);
    } else if (!meant.empty()) {
      findings_.Warning(value_path, absl::StrCat("method: '", text, "' is not a common method"),
                        meant);
    }
  }

  template <typename Fn>
  void ForEachValue(const std::vector<std::string>& texts, const std::string& path, const Fn& fn) {
    if (findings_.Rejected(path)) return;  // indices would differ from those of the file
    for (size_t i = 0; i < texts.size(); ++i) fn(texts[i], Item(path, i));
  }

  void CheckDuplicates(const Match& match, const MatchKey& key, const std::string& path) {
    std::set<std::string> seen;
    ForEachValue(match.*key.values, absl::StrCat(path, ".", key.name),
                 [&](const std::string& text, const auto& value_path) {
                   if (seen.insert(text).second) return;
                   findings_.Warning(value_path,
                                     absl::StrCat(key.name, ": '", text, "' is listed twice"),
                                     "remove one");
                 });
  }

  // A client is verified against the bundle of its own trust domain, so an ID of a trust domain
  // without a bundle never matches.
  void CheckTrustDomains(const Match& match, const std::string& path) {
    const Spiffe& spiffe = listener_.client_auth.spiffe;
    if (spiffe.trust_domains.empty() || !spiffe.bundle_map.empty()) return;
    const auto check = [&](const std::string& domain, const std::string& value_path) {
      const auto known = [&](const SpiffeTrustDomain& d) { return d.name == domain; };
      if (absl::StrContains(domain, '*') ||
          std::any_of(spiffe.trust_domains.begin(), spiffe.trust_domains.end(), known)) {
        return;
      }
      findings_.Warning(value_path,
                        absl::StrCat("no client can be of the trust domain '", domain, "'"),
                        "add its bundle to client_auth.spiffe.trust_domains, or correct its name");
    };
    ForEachValue(match.trust_domain, path + ".trust_domain", check);
    const auto check_id = [&](const std::string& id, const std::string& value_path) {
      if (!absl::StartsWith(id, kSpiffeScheme)) return;
      const std::string rest = id.substr(kSpiffeScheme.size());
      check(rest.substr(0, rest.find('/')), value_path);
    };
    ForEachValue(match.spiffe_id, path + ".spiffe_id", check_id);
    ForEachValue(match.uri_san, path + ".uri_san", check_id);
  }

  // ---- rules that never decide

  bool NeverMatches(size_t i) {
    if (!flat_[i].NeverHolds()) return false;
    std::string why = "its conditions exclude each other";
    std::string hint = "remove the rule or one of the conditions";
    if (!any_client_.Flatten(all_[i].match).NeverHolds()) {
      switch (listener_.client_auth.mode) {
        case ClientAuthMode::kNone:
          why = "with client_auth.mode none, no client has a certificate";
          hint = "remove the rule, or write mode: optional";
          break;
        case ClientAuthMode::kRequire:
          why = "with client_auth.mode require, every client has a certificate";
          hint = "remove the rule";
          break;
        default:
          why = "with client_auth.mode optional, clients whose certificate fails are rejected";
          hint = "remove the rule, or write mode: request";
      }
    }
    findings_.Warning(Item(rules_, i),
                      absl::StrCat("the rule '", all_[i].name, "' can never match: ", why), hint);
    return true;
  }

  // Returns whether an earlier rule decides every request that this one matches.
  bool NeverDecides(size_t i) {
    for (size_t earlier = 0; earlier < i && !logic_.exhausted(); ++earlier) {
      if (!Decides(earlier, i) || !logic_.Implies(flat_[i], flat_[earlier])) continue;
      findings_.Warning(
          Item(rules_, i),
          absl::StrCat("the rule '", all_[i].name, "' never decides: '", all_[earlier].name,
                       "' in line ", findings_.LineOf(Item(rules_, earlier)),
                       " matches all of its requests"),
          "put it before that rule, or remove it");
      return true;
    }
    return false;
  }

  // Returns whether the rule `earlier` decides every request that it and `later` match.
  bool Decides(size_t earlier, size_t later) {
    return all_[earlier].action != RuleAction::kRequireClientCert ||
           all_[later].action == RuleAction::kRequireClientCert ||
           flat_[later].Needs(kNoCertificate | kNotVerified);
  }

  void CheckRequire(size_t i) {
    if (all_[i].action != RuleAction::kRequireClientCert) return;
    const std::string value_path = Item(rules_, i) + ".action";
    if (listener_.client_auth.mode == ClientAuthMode::kRequire) {
      findings_.Warning(value_path,
                        "require_client_cert has no effect with client_auth.mode require",
                        "remove the rule, or write mode: optional");
    } else if (listener_.client_auth.mode == ClientAuthMode::kNone) {
      findings_.Warning(value_path,
                        "require_client_cert denies every request that matches, because with "
                        "client_auth.mode none, no client has a certificate",
                        "write mode: optional, or action: deny if that is intended");
    } else if (flat_[i].Needs(kVerified)) {
      findings_.Warning(value_path,
                        "require_client_cert has no effect, because the rule matches only clients "
                        "with a certificate",
                        "remove its conditions on the certificate");
    }
  }

  // ---- rules that match less than they seem to

  void CheckEscapes(size_t i) {
    const ClientAuthMode mode = listener_.client_auth.mode;
    if (mode == ClientAuthMode::kNone || mode == ClientAuthMode::kRequire) return;
    const Rule& rule = all_[i];
    const bool needs = flat_[i].Needs(kVerified);
    if (rule.action == RuleAction::kAllow && !needs && logic_.ExcludesByName(flat_[i])) {
      findings_.Warning(
          Item(rules_, i) + ".match",
          absl::StrCat(
              "the rule '", rule.name,
              "' also allows clients without a certificate, because its 'not' holds for them"),
          "add client_cert: present, or absent in an 'any' if that is intended");
    }
    if (rule.action == RuleAction::kDeny && needs && MayPassWithoutCertificate(i)) {
      findings_.Warning(
          Item(rules_, i) + ".match",
          absl::StrCat("a client evades the rule '", rule.name,
                       "' if it sends no certificate, which mode ", ToString(mode), " allows"),
          "put a rule with action: require_client_cert before it");
    }
  }

  bool MayPassWithoutCertificate(size_t denied) {
    for (size_t i = 0; i < denied; ++i) {
      if (all_[i].action == RuleAction::kRequireClientCert && !flat_[i].Needs(kVerified) &&
          logic_.Implies(flat_[denied], flat_[i])) {
        return false;
      }
    }
    if (listener_.policy.default_allow) return true;
    for (size_t i = denied + 1; i < all_.size(); ++i) {
      if (all_[i].action == RuleAction::kAllow && !flat_[i].Needs(kVerified)) return true;
    }
    return false;
  }

  void CheckExactPaths(size_t i) {
    if (all_[i].action == RuleAction::kAllow) return;
    const std::vector<std::string>& paths = all_[i].match.path;
    ForEachValue(
        paths, Item(rules_, i) + ".match.path",
        [&](const std::string& path, const auto& value_path) {
          if (absl::StrContains(path, '*') || absl::EndsWith(path, "/")) return;
          const auto covers = [&](const std::string& other) {
            return pattern::Glob(other).Matches(path + "/");
          };
          if (std::any_of(paths.begin(), paths.end(), covers)) return;
          findings_.Warning(
              value_path,
              absl::StrCat("path: '", path,
                           "/' is another path, which many applications treat as this one"),
              absl::StrCat("write ", path, "/** to deny both"));
        });
  }

  const Listener& listener_;
  const std::vector<Rule>& all_;
  const std::string rules_;
  Findings& findings_;
  MatchLogic logic_;
  MatchLogic any_client_{kAnyOutcome};
  std::vector<FlatMatch> flat_;  // one for each rule
};

}  // namespace

void LintPolicy(const Listener& listener, const std::string& rules, Findings& findings) {
  Linter(listener, rules, findings).Run();
}

}  // namespace mantlet::config
