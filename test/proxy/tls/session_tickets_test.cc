#include "proxy/tls/session_tickets.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr int64_t kMono = 5'000'000;
constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

TEST(SessionTicketsTest, TheTermsTravelInTheTicket) {
  SessionTickets tickets("everything", 3600);
  const SessionTerms terms = tickets.NewTerms(kNow, kForever, "server.example");
  auto opened = tickets.Open(tickets.Seal(terms, "the session", kMono), kMono);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->session, "the session");
  EXPECT_EQ(opened->terms.established, kNow);
  EXPECT_EQ(opened->terms.deadline, kNow + 3600);
  EXPECT_EQ(opened->terms.server_name, "server.example");
}

TEST(SessionTicketsTest, ASessionEndsWithTheClientsChainIfThatComesFirst) {
  SessionTickets tickets("everything", 3600);
  EXPECT_EQ(tickets.NewTerms(kNow, kNow + 10, "").deadline, kNow + 10);
  EXPECT_EQ(tickets.NewTerms(kNow, kNow + 9999, "").deadline, kNow + 3600);
}

TEST(SessionTicketsTest, TermsCoverTheTimeBetweenTheHandshakeAndTheDeadline) {
  const SessionTerms terms = SessionTickets("x", 60).NewTerms(kNow, kForever, "");
  EXPECT_TRUE(terms.Covers(kNow));
  EXPECT_TRUE(terms.Covers(kNow + 59));
  EXPECT_FALSE(terms.Covers(kNow + 60));
  EXPECT_FALSE(terms.Covers(kNow - 1)) << "somebody has set the clock back";
}

TEST(SessionTicketsTest, ATicketOfOtherRulesIsUnknownEvenUnderTheSameKeys) {
  SessionTickets ours("trust a", 3600), theirs("trust b", 3600);
  const std::string ticket = ours.Seal(ours.NewTerms(kNow, kForever, ""), "the session", kMono);
  EXPECT_TRUE(ours.Open(ticket, kMono));
  EXPECT_FALSE(theirs.Open(ticket, kMono));
}

TEST(SessionTicketsTest, ASessionTooLargeForAClientHelloGetsNoTicket) {
  SessionTickets tickets("everything", 3600);
  const SessionTerms terms = tickets.NewTerms(kNow, kForever, "server.example");
  EXPECT_EQ(tickets.Seal(terms, std::string(SessionTickets::kMaxTicketBytes, 'x'), kMono), "");
  const std::string fits(SessionTickets::kMaxTicketBytes - SessionTickets::kMaxOverheadBytes, 'x');
  EXPECT_NE(tickets.Seal(terms, fits, kMono), "");
}

TEST(SessionTicketsTest, NoTicketIsLargerThanItsSessionAndTheOverhead) {
  SessionTickets tickets("everything", 3600);
  const SessionTerms terms = tickets.NewTerms(kNow, kForever, std::string(255, 'x'));
  EXPECT_EQ(tickets.Seal(terms, "", kMono).size(), SessionTickets::kMaxOverheadBytes);
}

TEST(SessionTicketsTest, KeysLastAsLongAsSessionsDo) {
  SessionTickets tickets("everything", 60);
  const SessionTerms terms = tickets.NewTerms(kNow, kForever, "");
  const std::string ticket = tickets.Seal(terms, "the session", kMono);
  EXPECT_TRUE(tickets.Open(ticket, kMono + 119'999));
  EXPECT_FALSE(tickets.Open(ticket, kMono + 120'000));
}

}  // namespace
}  // namespace mantlet::tls
