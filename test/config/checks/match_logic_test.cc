// Checks every result of MatchLogic for random matches against the decisions of proxy/policy for
// all clients and requests of a small model.

#include "config/checks/match_logic.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "proxy/policy/condition.h"

namespace mantlet::config {
namespace {

using policy::ClientFacts;
using policy::CompiledMatch;
using Strings = std::vector<std::string>;

const Strings kIds = {"spiffe://a/x", "spiffe://a/y/z", "spiffe://b/x"};
const Strings kPaths = {"/a", "/a/b", "/ab", "/b/a"};

std::vector<ClientFacts> ClientsWith(Outcomes outcomes) {
  std::vector<ClientFacts> clients;
  if ((outcomes & kNoCertificate) != 0) clients.emplace_back();
  for (const char* failure : {"FAILED:expired", "FAILED:revoked"}) {
    if ((outcomes & kNotVerified) == 0) break;
    clients.emplace_back().verify = failure;
  }
  if ((outcomes & kVerified) == 0) return clients;
  static const std::vector<Strings> units = {{}, {"x"}, {"x", "y"}};
  for (const char* cn : {"", "p", "q"}) {
    for (const Strings& ou : units) {
      for (const std::string& id : Strings{"", kIds[0], kIds[1], kIds[2]}) {
        ClientFacts& client = clients.emplace_back();
        client.has_certificate = true;
        client.verify = "SUCCESS";
        client.cn = cn;
        client.ou = &ou;
        for (const std::string& known : kIds) {
          if (known != id) continue;
          client.spiffe_id = known;
          client.trust_domain = std::string_view(known).substr(9, 1);
          client.uri_san = {known};
        }
      }
    }
  }
  return clients;
}

class RandomMatches {
 public:
  explicit RandomMatches(uint32_t seed) : random_(seed) {}

  Match Make(int depth) {
    Match match;
    if (OneIn(4)) match.cn = Some({"p", "q"});
    if (OneIn(5)) match.ou = Some({"x", "y"});
    if (OneIn(5)) match.spiffe_id = Some({kIds[0], kIds[2], "spiffe://a/**", "spiffe://*/x"});
    if (OneIn(6)) match.trust_domain = Some({"a", "b"});
    if (OneIn(6)) match.uri_san = Some({kIds[0], "spiffe://a/**"});
    if (OneIn(4)) match.path = Some({"/a", "/a/**", "/a/*", "/**/a", "/b/**"});
    if (OneIn(5)) match.method = Some({"GET", "PUT"});
    if (OneIn(6)) match.verify = Some({"SUCCESS", "NONE", "FAILED", "FAILED:expired"});
    if (OneIn(6)) {
      match.client_cert = OneIn(2) ? CertificatePresence::kPresent : CertificatePresence::kAbsent;
    }
    if (depth == 0) return match;
    if (OneIn(3)) match.any = {Make(depth - 1), Make(depth - 1)};
    if (OneIn(4)) match.all = {Make(depth - 1)};
    if (OneIn(3)) match.not_ = {Make(depth - 1)};
    return match;
  }

 private:
  bool OneIn(uint32_t n) { return random_() % n == 0; }
  Strings Some(const Strings& from) {
    Strings some;
    for (size_t i = 0; i < 1 + random_() % 2; ++i) some.push_back(from[random_() % from.size()]);
    return some;
  }

  std::mt19937 random_;
};

// Calls fn(client, holds) for each client and request.
template <typename Fn>
void ForEachRequest(const std::vector<ClientFacts>& clients, const Fn& fn) {
  for (const ClientFacts& client : clients) {
    for (const char* method : {"GET", "PUT", "POST"}) {
      for (const std::string& path : kPaths) {
        fn(client, [&](const CompiledMatch& match) { return match.Holds(client, method, path); });
      }
    }
  }
}

TEST(MatchLogicTest, ClaimsNothingThatARequestContradicts) {
  size_t implied = 0, impossible = 0, identified = 0;
  for (const Outcomes outcomes : {kVerified | kNoCertificate | kNotVerified,
                                  kVerified | kNoCertificate, kVerified, kNoCertificate}) {
    const std::vector<ClientFacts> clients = ClientsWith(outcomes);
    RandomMatches random(outcomes);
    for (int i = 0; i < 1500; ++i) {
      MatchLogic logic(outcomes);
      const Match matches[] = {random.Make(2), random.Make(1)};
      const CompiledMatch a(matches[0]), b(matches[1]);
      const FlatMatch flat_a = logic.Flatten(matches[0]), flat_b = logic.Flatten(matches[1]);
      const bool implies = logic.Implies(flat_a, flat_b);
      implied += implies && !flat_a.NeverHolds();
      impossible += flat_a.NeverHolds();
      identified += flat_a.Needs(kVerified);
      bool sound = true;
      ForEachRequest(clients, [&](const ClientFacts& client, const auto& holds) {
        const bool a_holds = holds(a);
        sound = sound && !(a_holds && flat_a.NeverHolds());
        sound = sound && !(a_holds && implies && !holds(b));
        sound = sound && !(a_holds && flat_a.Needs(kVerified) && !client.has_certificate);
      });
      ASSERT_TRUE(sound) << "outcomes " << outcomes << ", match " << i;
      ASSERT_TRUE(!flat_a.complete || logic.Implies(flat_a, flat_a)) << i;
    }
  }
  // Some results must be positive.
  EXPECT_GT(implied, 100u);
  EXPECT_GT(impossible, 100u);
  EXPECT_GT(identified, 100u);
}

TEST(MatchLogicTest, AnswersNothingAboutTooManyAlternatives) {
  Match five;
  for (const char* cn : {"a", "b", "c", "d", "e"}) five.any.emplace_back().ou = {cn};
  Match match;
  match.all = {five, five, five};
  MatchLogic logic(kVerified);
  EXPECT_TRUE(logic.Flatten(match).complete);
  match.all.push_back(five);
  const FlatMatch flat = logic.Flatten(match);
  EXPECT_FALSE(flat.complete);
  EXPECT_FALSE(flat.NeverHolds());
  EXPECT_FALSE(logic.Implies(flat, flat));
}

}  // namespace
}  // namespace mantlet::config
