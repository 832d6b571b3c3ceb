#include "proxy/http/header_list.h"

#include <gtest/gtest.h>

#include "proxy/http/authority.h"
#include "proxy/http/tokens.h"

namespace mantlet::http {
namespace {

TEST(HeaderListTest, KeepsFieldsInOrderWithDuplicates) {
  HeaderList list;
  list.Add("A", "1");
  list.Add("b", "2");
  list.Add("a", "3");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].name, "A");
  EXPECT_EQ(list[2].value, "3");
  EXPECT_EQ(list.Find("a"), "1");
  EXPECT_EQ(list.Find("B"), "2");
  EXPECT_EQ(list.Find("c"), std::nullopt);
}

TEST(HeaderListTest, JoinsPiecesAndTrimsTheValue) {
  HeaderList list;
  list.AppendName("Ho");
  list.AppendName("st");
  list.AppendValue(" \t");
  list.AppendValue("a");
  list.AppendValue(" b ");
  list.Finish();
  list.AppendName("Empty");
  list.Finish();
  EXPECT_EQ(list[0].name, "Host");
  EXPECT_EQ(list[0].value, "a b");
  EXPECT_EQ(list[0].id, HeaderId::kHost);
  EXPECT_EQ(list[1].name, "Empty");
  EXPECT_EQ(list[1].value, "");
}

TEST(HeaderListTest, GivesRunsOfFieldsAsTheyAreWritten) {
  HeaderList list;
  EXPECT_EQ(list.Lines(0, 0), "");
  list.Add("A", " 1 \t");
  list.Add("Empty", "");
  list.Add("Blank", "  ");
  list.Add("b", "2: 3");
  EXPECT_EQ(list.Lines(0, 4), "A: 1\r\nEmpty: \r\nBlank: \r\nb: 2: 3\r\n");
  EXPECT_EQ(list.Lines(1, 2), "Empty: \r\n");
  EXPECT_EQ(list.Lines(3, 4), "b: 2: 3\r\n");
  EXPECT_EQ(list.Lines(2, 2), "");
  EXPECT_EQ(list.Lines(4, 4), "");
  for (const HeaderView field : list) EXPECT_EQ(list.Find(field.name), field.value);
  // The field that is still being read is not included.
  list.AppendName("c");
  list.AppendValue("4");
  EXPECT_EQ(list.Lines(3, 4), "b: 2: 3\r\n");
}

TEST(HeaderListTest, TakesALineAsItWouldTakeItsParts) {
  const auto take = [](HeaderList& list, std::string_view line) {
    const size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    list.AddLine(IdentifyHeader(name), line, colon,
                 TrimBlanks(line.substr(colon + 1, line.size() - colon - 3)));
  };
  for (std::string_view line : {"Host: a b\r\n", "A:1\r\n", "A:  1\r\n", "A: 1 \r\n", "A:1 \r\n",
                                "A:\r\n", "A: \r\n", "A:  \r\n", "A: :\r\n"}) {
    HeaderList lines, parts;
    for (int i = 0; i < 2; ++i) {
      parts.Add("before", "1");
      parts.Add(line.substr(0, line.find(':')),
                line.substr(line.find(':') + 1, line.size() - line.find(':') - 3));
      lines.Add("before", "1");
      take(lines, line);
    }
    ASSERT_EQ(lines.Lines(0, 4), parts.Lines(0, 4)) << line;
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(lines[i].id, parts[i].id) << line;
      EXPECT_EQ(lines[i].name, parts[i].name) << line;
      EXPECT_EQ(lines[i].value, parts[i].value) << line;
    }
    EXPECT_EQ(lines.Has(HeaderId::kHost), parts.Has(HeaderId::kHost));
  }
}

TEST(HeaderListTest, IsEmptyAfterClear) {
  HeaderList list;
  list.Add("Host", "1");
  EXPECT_TRUE(list.Has(HeaderId::kHost));
  EXPECT_FALSE(list.Has(HeaderId::kTe));
  list.AppendName("half");
  list.Clear();
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(list.Has(HeaderId::kHost));
  list.Add("B", "2");
  EXPECT_EQ(list[0].name, "B");
}

TEST(HeaderIdTest, KnowsItsNamesInAnyLetterCase) {
  EXPECT_EQ(IdentifyHeader("te"), HeaderId::kTe);
  EXPECT_EQ(IdentifyHeader("TRANSFER-encoding"), HeaderId::kTransferEncoding);
  EXPECT_EQ(IdentifyHeader("x-forwarded-client-cert"), HeaderId::kXForwardedClientCert);
  EXPECT_EQ(IdentifyHeader("X-Forwarded-For"), HeaderId::kXForwardedFor);
  EXPECT_EQ(IdentifyHeader("content-length"), HeaderId::kContentLength);
}

TEST(HeaderIdTest, IsNotFooledByNeighbours) {
  for (const char* name : {"", "t", "Hosts", "Hos", "Content_Length", "transfer-encodinG ", "@ost",
                           "x-forwarded-client-cert-and-more", "Content\rLength"}) {
    EXPECT_EQ(IdentifyHeader(name), HeaderId::kOther) << name;
  }
}

TEST(TokensTest, FindsItemsOfALooseList) {
  EXPECT_TRUE(ListContains("a, b ,,\tc", "C"));
  EXPECT_TRUE(ListContains("close", "Close"));
  EXPECT_FALSE(ListContains("a b, cd", "b"));
  EXPECT_FALSE(ListContains("", "a"));
}

TEST(AuthorityTest, AcceptsHostsAndPorts) {
  for (const char* text : {"h", "a.b-c_d~e", "h:", "h:0", "h:65535", "127.0.0.1:80", "[::1]",
                           "[2001:db8::1]:443", "[::ffff:1.2.3.4]"}) {
    EXPECT_TRUE(IsValidAuthority(text)) << text;
  }
}

TEST(AuthorityTest, RefusesAnythingElse) {
  for (const char* text : {"",      ":80",   "h:65536", "h:123456", "h:-1",
                           "h:8 0", "a b",   "a,b",     "a/b",      "a@b",
                           "a%41",  "a?b",   "a#b",     "[::1",     "::1",
                           "[]",    "[:]",   "[::1]:x", "[::1]80",  "[fe80::1%25eth0]",
                           "a\\b",  "\"a\"", "a:b:1"}) {
    EXPECT_FALSE(IsValidAuthority(text)) << text;
  }
}

TEST(HeaderListTest, AppendAddsAllFieldsOfAnotherList) {
  HeaderList first;
  first.Add("a", "1");
  HeaderList second;
  second.Add("Content-Length", "5");
  second.Add("b", "");
  first.Append(second);
  first.Append(HeaderList());
  first.Add("c", "3");
  ASSERT_EQ(first.size(), 4u);
  EXPECT_EQ(first.Lines(0, 4), "a: 1\r\nContent-Length: 5\r\nb: \r\nc: 3\r\n");
  EXPECT_EQ(first.Find(HeaderId::kContentLength), "5");
  EXPECT_EQ(first[3].value, "3");
}

}  // namespace
}  // namespace mantlet::http
