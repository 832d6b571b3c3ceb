#include "config/loader/value_type.h"

#include <gtest/gtest.h>

namespace mantlet::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Returns the value that `type` parses from `text`, or nullopt if it rejects it.
template <typename T>
std::optional<T> Read(const ValueType<T>& type, const std::string& text, bool quoted = false) {
  T value{};
  const auto problem = type.parse({text, quoted, "/etc/mantlet"}, value);
  if (problem) {
    EXPECT_NE(problem->what, "");
    EXPECT_NE(problem->hint, "");
    return std::nullopt;
  }
  return value;
}

TEST(Duration, IsReadInEveryUnit) {
  const auto type = Duration(Milliseconds(1), hours(24));
  EXPECT_EQ(Read(type, "250ms"), Milliseconds(250));
  EXPECT_EQ(Read(type, "5s"), seconds(5));
  EXPECT_EQ(Read(type, "10m"), minutes(10));
  EXPECT_EQ(Read(type, "12h"), hours(12));
}

TEST(Duration, IsRefusedInAnyOtherForm) {
  const auto type = Duration(Milliseconds(1), hours(24));
  for (const char* text : {"", "5", "s", "5 s", " 5s", "5S", "5.5s", "-5s", "+5s", "5s5", "1h30m",
                           "5d", "0x5s", "5sec", "0", "0s", "25h", "99999999999999999999h"}) {
    EXPECT_EQ(Read(type, text), std::nullopt) << text;
  }
}

TEST(Duration, MayBeZeroWhereZeroMeansSomething) {
  const auto type = Duration(seconds(1), hours(24), "never");
  EXPECT_EQ(Read(type, "0"), Milliseconds(0));
  EXPECT_EQ(Read(type, "0ms"), Milliseconds(0));
  EXPECT_EQ(Read(type, "999ms"), std::nullopt);
}

TEST(Duration, IsWrittenInItsLargestUnit) {
  const auto type = Duration(Milliseconds(1), hours(24), "never");
  EXPECT_EQ(type.print(Milliseconds(1500)), "1500ms");
  EXPECT_EQ(type.print(seconds(75)), "75s");
  EXPECT_EQ(type.print(minutes(90)), "90m");
  EXPECT_EQ(type.print(hours(2)), "2h");
  EXPECT_EQ(type.print(seconds(0)), "0");
}

TEST(Size, IsReadInUnitsOf1024) {
  const auto type = SizeOrZero(1, 1ull << 50, "no limit");
  EXPECT_EQ(Read(type, "4096"), 4096u);
  EXPECT_EQ(Read(type, "16KiB"), 16u * 1024);
  EXPECT_EQ(Read(type, "1MiB"), 1u << 20);
  EXPECT_EQ(Read(type, "3GiB"), 3ull << 30);
  EXPECT_EQ(Read(type, "0"), 0u);
}

TEST(Size, IsRefusedInAnyOtherForm) {
  const auto type = SizeOrZero(1, 1ull << 50, "no limit");
  for (const char* text : {"", "KiB", "1KB", "1k", "1M", "1kib", "1 KiB", "-1", "1.5MiB", "1e3",
                           "99999999999999999999", "18446744073709551615GiB"}) {
    EXPECT_EQ(Read(type, text), std::nullopt) << text;
  }
}

TEST(Count, IsAWholeNumberWithoutQuotes) {
  const auto type = Count(1, 100);
  EXPECT_EQ(Read(type, "100"), 100u);
  EXPECT_EQ(Read(type, "007"), 7u);
  EXPECT_EQ(Read(type, "100", true), std::nullopt);
  for (const char* text : {"", "0", "101", "-1", "+1", "1.0", "0x10", "1_0", "one", "4294967297"}) {
    EXPECT_EQ(Read(type, text), std::nullopt) << text;
  }
}

TEST(Workers, AreANumberOrAuto) {
  EXPECT_EQ(Read(Workers(1024), "auto"), 0u);
  EXPECT_EQ(Read(Workers(1024), "1024"), 1024u);
  EXPECT_EQ(Read(Workers(1024), "0"), std::nullopt);
  EXPECT_EQ(Workers(1024).print(0), "auto");
  EXPECT_EQ(Read(AutoCount(1, 9, "no limit"), "auto"), kAutoLimit);
  EXPECT_EQ(Read(AutoCount(1, 9, "no limit"), "0"), 0u);
  EXPECT_EQ(Read(AutoCount(1, 9, "no limit"), "9"), 9u);
  EXPECT_EQ(Read(AutoCount(1, 9, "no limit"), "4294967295"), std::nullopt);
  EXPECT_EQ(AutoCount(1, 9, "no limit").print(kAutoLimit), "auto");
}

TEST(Boolean, IsTrueOrFalseOnly) {
  EXPECT_EQ(Read(Boolean(), "true"), true);
  EXPECT_EQ(Read(Boolean(), "false"), false);
  for (const char* text : {"", "yes", "no", "on", "off", "True", "TRUE", "1", "0"}) {
    EXPECT_EQ(Read(Boolean(), text), std::nullopt) << text;
  }
  EXPECT_EQ(Read(Boolean(), "true", true), std::nullopt);
}

TEST(OffOrOn, ForgivesToolsThatRewroteItAsABoolean) {
  EXPECT_EQ(Read(OffOrOn(), "off"), false);
  EXPECT_EQ(Read(OffOrOn(), "on"), true);
  EXPECT_EQ(Read(OffOrOn(), "false"), false);
  EXPECT_EQ(Read(OffOrOn(), "true"), true);
  EXPECT_EQ(Read(OffOrOn(), "false", true), std::nullopt);
}

TEST(EnumValue, AcceptsFalseForOff) {
  EXPECT_EQ(Read(EnumValue(kClientCertModeNames), "false"), ClientCertMode::kOff);
  EXPECT_EQ(Read(EnumValue(kClientAuthModeNames), "false"), std::nullopt);
}

TEST(EnumValue, PrintsParsedValues) {
  const auto type = EnumValue(kIdentityFieldNames);
  for (const auto& word : kIdentityFieldNames) {
    EXPECT_EQ(Read(type, word.text), word.value);
    EXPECT_EQ(type.print(word.value), word.text);
    EXPECT_STREQ(ToString(word.value), word.text);
  }
}

TEST(Name, IsALabel) {
  EXPECT_EQ(Read(Name("x"), "a-b_c.1"), "a-b_c.1");
  EXPECT_EQ(Read(Name("x"), std::string(63, 'a')), std::string(63, 'a'));
  for (const char* text : {"", "-a", ".a", "a b", "a/b", "ä", "a\"b"}) {
    EXPECT_EQ(Read(Name("x"), text), std::nullopt) << text;
  }
  EXPECT_EQ(Read(Name("x"), std::string(64, 'a')), std::nullopt);
}

TEST(File, IsTakenRelativeToTheConfigurationsFolder) {
  EXPECT_EQ(Read(File("x"), "/a/b.crt"), "/a/b.crt");
  EXPECT_EQ(Read(File("x"), "b.crt"), "/etc/mantlet/b.crt");
  EXPECT_EQ(Read(File("x"), "./tls/b.crt"), "/etc/mantlet/tls/b.crt");
  EXPECT_EQ(Read(File("x"), "../b.crt"), "/etc/b.crt");
  EXPECT_EQ(Read(File("x"), "tls/"), std::nullopt);
}

TEST(AccessLogTarget, IsAKeywordOrAPath) {
  EXPECT_EQ(Read(AccessLogTarget(), "stdout"), "stdout");
  EXPECT_EQ(Read(AccessLogTarget(), "off"), "off");
  EXPECT_EQ(Read(AccessLogTarget(), "false"), "off");
  EXPECT_EQ(Read(AccessLogTarget(), "./access.log"), "/etc/mantlet/access.log");
  EXPECT_EQ(Read(AccessLogTarget(), "stdotu"), std::nullopt);
}

TEST(CipherSuite, TakesSeveralOfEqualPreference) {
  EXPECT_EQ(
      Read(CipherSuite(), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384|ECDHE-RSA-CHACHA20-POLY1305"),
      "ECDHE-RSA-AES256-GCM-SHA384|ECDHE-RSA-CHACHA20-POLY1305");
  for (const char* wrong : {"ECDHE-RSA-AES256-GCM-SHA384|", "|", "ECDHE-RSA-AES256-GCM-SHA384|RC4",
                            "[ECDHE-RSA-AES256-GCM-SHA384|ECDHE-RSA-CHACHA20-POLY1305]"}) {
    EXPECT_EQ(Read(CipherSuite(), wrong), std::nullopt) << wrong;
  }
}

TEST(CipherSuite, HasTwoSpellingsAndIsStoredInOne) {
  EXPECT_EQ(Read(CipherSuite(), "ECDHE-RSA-AES256-GCM-SHA384"), "ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_EQ(Read(CipherSuite(), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            "ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_EQ(Read(CipherSuite(), "ECDHE-RSA-AES256-SHA"), std::nullopt);
  EXPECT_EQ(Read(CipherSuite(), "ecdhe-rsa-aes256-gcm-sha384"), std::nullopt);
}

TEST(Group, HasSeveralNamesAndIsStoredByOne) {
  for (const char* name : {"P-256", "secp256r1", "prime256v1"}) {
    EXPECT_EQ(Read(Group(), name), "P-256");
  }
  EXPECT_EQ(Read(Group(), "X25519MLKEM768"), "X25519MLKEM768");
  EXPECT_EQ(Read(Group(), "P-224"), std::nullopt);
}

}  // namespace
}  // namespace mantlet::config
