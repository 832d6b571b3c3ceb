#include "proxy/pattern/mailbox.h"

#include <gtest/gtest.h>

namespace mantlet::pattern {
namespace {

TEST(MailboxTest, FoldsTheHostAndNothingElse) {
  EXPECT_EQ(CanonicalMailbox("Alice@Example.ORG"), "Alice@example.org");
  EXPECT_EQ(CanonicalMailbox("\"A@B\"@C"), "\"A@B\"@c");
  EXPECT_EQ(CanonicalMailbox("Alice"), "Alice");
  EXPECT_EQ(CanonicalMailbox(""), "");
}

TEST(MailboxTest, NamesTheHostOnlyWhereItIsCertain) {
  EXPECT_EQ(AnyMailboxOfHost("Alice@Example.ORG"), "*@example.org");
  for (const char* text : {"", "alice", "@example.org", "a@b@example.org", "\"a@b\"@example.org"}) {
    EXPECT_EQ(AnyMailboxOfHost(text), "") << text;
  }
}

}  // namespace
}  // namespace mantlet::pattern
