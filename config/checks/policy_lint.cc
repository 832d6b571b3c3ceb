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
#include "config/suggest.h"
#include "config/words.h"
#include "proxy/pattern/glob.h"

namespace mantlet::config {
namespace {

constexpr absl::string_view kSpiffeScheme = "spiffe://";

ClientCertificates CertificatesOf(const Listener& listener) {
  const ClientAuthMode mode = listener.client_auth.mode;
  return {mode != ClientAuthMode::kNone, mode == ClientAuthMode::kRequire,
          mode == ClientAuthMode::kRequest};
}

// Calls fn(match, path) for a match and for all in it.
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
        logic_(CertificatesOf(listener)) {}

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
  // ---- what single values mean

  void CheckValues(const Match& match, const std::string& path) {
    for (size_t k = 0; k < kMatchKeyCount; ++k) CheckTwins(match, static_cast<MatchKey>(k), path);
    ForEachValue(match.method, path + ".method",
                 [&](const std::string& text, const auto& place) { CheckMethod(text, place); });
    for (MatchKey which : {MatchKey::kCn, MatchKey::kOu, MatchKey::kOrganizationIdentifier}) {
      const char* key = ToString(which);
      ForEachValue(ValuesOf(match, which), absl::StrCat(path, ".", key),
                   [&](const std::string& text, const auto& place) {
                     if (!absl::StrContains(text, '*')) return;
                     findings_.Warning(place, absl::StrCat(key, ": '*' is no wildcard here"),
                                       "write the whole text, or compare another name");
                   });
    }
    CheckTrustDomains(match, path);
  }

  void CheckMethod(const std::string& text, const std::string& place) {
    if (IsKnownMethod(text)) return;
    const std::string upper = absl::AsciiStrToUpper(text);
    if (IsKnownMethod(upper)) {
      findings_.Warning(place, absl::StrCat("method: '", text, "' is not '", upper, "'"),
                        absl::StrCat("write ", upper, ", letter case counts in methods"));
      return;
    }
    // Any other token may be a method that the application has.
    const bool connection_method = upper == "CONNECT" || upper == "PRI";
    const std::string meant = connection_method ? "" : DidYouMean(text, KnownMethods());
    if (!IsServedMethod(text)) {
      findings_.Warning(place,
                        absl::StrCat("method: no request can have '", text,
                                     "', which mantlet does not serve whatever the rules"),
                        meant.empty() ? "remove it" : meant);
    } else if (!meant.empty()) {
      findings_.Warning(place, absl::StrCat("method: '", text, "' is no method in common use"),
                        meant);
    }
  }

  template <typename Fn>
  void ForEachValue(const std::vector<std::string>& texts, const std::string& path, const Fn& fn) {
    if (findings_.Refused(path)) return;  // indices would not be those of the file
    for (size_t i = 0; i < texts.size(); ++i) fn(texts[i], Item(path, i));
  }

  void CheckTwins(const Match& match, MatchKey key, const std::string& path) {
    std::set<std::string> seen;
    ForEachValue(ValuesOf(match, key), absl::StrCat(path, ".", ToString(key)),
                 [&](const std::string& text, const auto& place) {
                   if (seen.insert(text).second) return;
                   findings_.Warning(
                       place, absl::StrCat(ToString(key), ": '", text, "' stands here twice"),
                       "remove one");
                 });
  }

  // An ID is judged by the bundle of its own trust domain, so one without a bundle gets nowhere.
  void CheckTrustDomains(const Match& match, const std::string& path) {
    const Spiffe& spiffe = listener_.client_auth.spiffe;
    if (spiffe.trust_domains.empty() || !spiffe.bundle_map.empty()) return;
    const auto check = [&](const std::string& domain, const std::string& place) {
      const auto known = [&](const SpiffeTrustDomain& d) { return d.name == domain; };
      if (absl::StrContains(domain, '*') ||
          std::any_of(spiffe.trust_domains.begin(), spiffe.trust_domains.end(), known)) {
        return;
      }
      findings_.Warning(place, absl::StrCat("no client can be of the trust domain '", domain, "'"),
                        "give it a bundle in client_auth.spiffe.trust_domains, or mend its name");
    };
    ForEachValue(match.trust_domain, path + ".trust_domain", check);
    const auto check_id = [&](const std::string& id, const std::string& place) {
      if (!absl::StartsWith(id, kSpiffeScheme)) return;
      const std::string rest = id.substr(kSpiffeScheme.size());
      check(rest.substr(0, rest.find('/')), place);
    };
    ForEachValue(match.spiffe_id, path + ".spiffe_id", check_id);
    ForEachValue(match.uri_san, path + ".uri_san", check_id);
  }

  // ---- rules that decide nothing

  bool NeverMatches(size_t i) {
    const Match& match = all_[i].match;
    if (!logic_.NeverHolds(match)) return false;
    MatchLogic any_client({true, false, true});
    std::string why = "its conditions exclude each other";
    std::string hint = "remove the rule, or the condition that is too much";
    if (!any_client.NeverHolds(match)) {
      switch (listener_.client_auth.mode) {
        case ClientAuthMode::kNone:
          why = "with client_auth.mode none no client has a certificate";
          hint = "remove the rule, or write mode: optional";
          break;
        case ClientAuthMode::kRequire:
          why = "with client_auth.mode require every client has a certificate";
          hint = "remove the rule";
          break;
        default:
          why = "with client_auth.mode optional no client is let in whose certificate fails";
          hint = "remove the rule, or write mode: request";
      }
    }
    findings_.Warning(Item(rules_, i),
                      absl::StrCat("the rule '", all_[i].name, "' can never match: ", why), hint);
    return true;
  }

  // An earlier rule has decided, whenever this one would.
  bool NeverDecides(size_t i) {
    for (size_t earlier = 0; earlier < i; ++earlier) {
      if (!Decides(all_[earlier], all_[i])) continue;
      if (!logic_.Implies(all_[i].match, all_[earlier].match)) continue;
      findings_.Warning(
          Item(rules_, i),
          absl::StrCat("the rule '", all_[i].name, "' never decides: '", all_[earlier].name,
                       "' in line ", findings_.LineOf(Item(rules_, earlier)),
                       " matches all that it matches"),
          "put it before that rule, or remove it");
      return true;
    }
    return false;
  }

  // Whether `earlier`, where it matches, leaves nothing to do for `later`.
  bool Decides(const Rule& earlier, const Rule& later) {
    if (earlier.action != RuleAction::kRequireClientCert) return true;
    return later.action == RuleAction::kRequireClientCert ||
           later.match.client_cert == CertificatePresence::kAbsent ||
           (!later.match.verify.empty() &&
            std::find(later.match.verify.begin(), later.match.verify.end(), "SUCCESS") ==
                later.match.verify.end());
  }

  void CheckRequire(size_t i) {
    if (all_[i].action != RuleAction::kRequireClientCert) return;
    const std::string place = Item(rules_, i) + ".action";
    if (listener_.client_auth.mode == ClientAuthMode::kRequire) {
      findings_.Warning(place, "require_client_cert has no effect with client_auth.mode require",
                        "remove the rule, or write mode: optional");
    } else if (listener_.client_auth.mode == ClientAuthMode::kNone) {
      findings_.Warning(place,
                        "require_client_cert refuses every request that matches, for with "
                        "client_auth.mode none no client has a certificate",
                        "write mode: optional, or action: deny if that is meant");
    } else if (logic_.NeedsCertificate(all_[i].match)) {
      findings_.Warning(place,
                        "require_client_cert has no effect: the rule matches clients with a "
                        "certificate only",
                        "leave out what it asks of the certificate");
    }
  }

  // ---- rules that mean less than they seem to

  void CheckEscapes(size_t i) {
    const ClientAuthMode mode = listener_.client_auth.mode;
    if (mode == ClientAuthMode::kNone || mode == ClientAuthMode::kRequire) return;
    const Rule& rule = all_[i];
    const bool needs = logic_.NeedsCertificate(rule.match);
    if (rule.action == RuleAction::kAllow && !needs && ExcludesByName(rule.match)) {
      findings_.Warning(
          Item(rules_, i) + ".match",
          absl::StrCat("the rule '", rule.name,
                       "' allows clients without a certificate too: its 'not' holds for them"),
          "add client_cert: present, or absent in an 'any' if that is meant");
    }
    if (rule.action == RuleAction::kDeny && needs && MayPassWithoutCertificate(i)) {
      findings_.Warning(
          Item(rules_, i) + ".match",
          absl::StrCat("a client escapes the rule '", rule.name,
                       "' by sending no certificate, which mode ", ToString(mode), " allows"),
          "put a rule with action: require_client_cert before it");
    }
  }

  // A `not` over names, which a client without names fulfils.
  bool ExcludesByName(const Match& match) {
    if (match.client_cert != CertificatePresence::kEither) return false;
    if (!match.not_.empty() && logic_.NeedsCertificate(match.not_[0])) return true;
    const auto excludes = [&](const Match& m) { return ExcludesByName(m); };
    return std::any_of(match.any.begin(), match.any.end(), excludes) ||
           std::any_of(match.all.begin(), match.all.end(), excludes);
  }

  bool MayPassWithoutCertificate(size_t denied) {
    for (size_t i = 0; i < denied; ++i) {
      if (all_[i].action == RuleAction::kRequireClientCert &&
          !logic_.NeedsCertificate(all_[i].match) &&
          logic_.Implies(all_[denied].match, all_[i].match)) {
        return false;
      }
    }
    if (listener_.policy.default_allow) return true;
    return std::any_of(all_.begin() + static_cast<ptrdiff_t>(denied), all_.end(),
                       [&](const Rule& r) {
                         return r.action == RuleAction::kAllow && !logic_.NeedsCertificate(r.match);
                       });
  }

  void CheckExactPaths(size_t i) {
    if (all_[i].action == RuleAction::kAllow) return;
    const std::vector<std::string>& paths = all_[i].match.path;
    ForEachValue(paths, Item(rules_, i) + ".match.path",
                 [&](const std::string& path, const auto& place) {
                   if (absl::StrContains(path, '*') || absl::EndsWith(path, "/")) return;
                   const auto covers = [&](const std::string& other) {
                     return pattern::Glob(other).Matches(path + "/");
                   };
                   if (std::any_of(paths.begin(), paths.end(), covers)) return;
                   findings_.Warning(place,
                                     absl::StrCat("path: '", path,
                                                  "/' is another path, which many "
                                                  "applications take for this one"),
                                     absl::StrCat("write ", path, "/** to deny both"));
                 });
  }

  const Listener& listener_;
  const std::vector<Rule>& all_;
  const std::string rules_;
  Findings& findings_;
  MatchLogic logic_;
};

}  // namespace

void LintPolicy(const Listener& listener, const std::string& rules, Findings& findings) {
  Linter(listener, rules, findings).Run();
}

}  // namespace mantlet::config
