#include "proxy/http/request_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mantlet::http {
namespace {

using namespace std::string_literals;

struct Form {
  const char* asked;
  const char* target;   // nullptr: rejected
  const char* decoded;  // nullptr: the same as target
};

class RequestPathFormTest : public testing::TestWithParam<Form> {};

TEST_P(RequestPathFormTest, IsTheOneThatBothSidesRead) {
  RequestPath path;
  const Form& form = GetParam();
  const std::optional<std::string_view> refused = path.Normalize(form.asked);
  if (form.target == nullptr) {
    EXPECT_TRUE(refused) << form.asked << " became " << path.target();
    return;
  }
  ASSERT_FALSE(refused) << form.asked << ": " << *refused;
  EXPECT_EQ(path.target(), form.target) << form.asked;
  EXPECT_EQ(path.decoded(), form.decoded == nullptr ? form.target : form.decoded) << form.asked;
  // Normalizing the normal form changes nothing.
  RequestPath again;
  ASSERT_EQ(again.Normalize(path.target()), std::nullopt);
  EXPECT_EQ(again.target(), path.target());
  EXPECT_EQ(again.decoded(), path.decoded());
}

constexpr Form kUsual[] = {
    {"/", "/", nullptr},
    {"/a", "/a", nullptr},
    {"/a/", "/a/", nullptr},
    {"/a/b.c", "/a/b.c", nullptr},
    {"*", "*", nullptr},
    {"/A/a", "/A/a", nullptr},
    {"/a?x=%2F//../%zz;\\", "/a?x=%2F//../%zz;\\", "/a"},
    {"/?", "/?", "/"},
    {"/a?", "/a?", "/a"},
    {"/a?b?c", "/a?b?c", "/a"},
    {"/!$&'()*+,=:@~-._", "/!$&'()*+,=:@~-._", nullptr},
};
constexpr Form kEscapes[] = {
    {"/%61", "/a", nullptr},
    {"/%41%2d%2E%5f%7E%30", "/A-._~0", nullptr},
    {"/a%20b", "/a%20b", "/a b"},
    {"/a%2cb", "/a%2Cb", "/a,b"},
    {"/a,b", "/a,b", nullptr},
    {"/a%3fb?c", "/a%3Fb?c", "/a?b"},
    {"/a%23b", "/a%23b", "/a#b"},
    {"/100%25", "/100%25", "/100%"},
    {"/100%25/x", "/100%25/x", "/100%/x"},
    {"/a%2B+", "/a%2B+", "/a++"},
    {"/caf%c3%a9", "/caf%C3%A9", "/café"},
    {"/a|b\"<>^`{}", "/a%7Cb%22%3C%3E%5E%60%7B%7D", "/a|b\"<>^`{}"},
    {"/%7b", "/%7B", "/{"},
};
constexpr Form kDots[] = {
    {"/.", "/", nullptr},
    {"/..", "/", nullptr},
    {"/./", "/", nullptr},
    {"/../", "/", nullptr},
    {"/a/.", "/a/", nullptr},
    {"/a/..", "/", nullptr},
    {"/a/b/..", "/a/", nullptr},
    {"/a/./b", "/a/b", nullptr},
    {"/a/../b", "/b", nullptr},
    {"/a/b/../../c", "/c", nullptr},
    {"/../../a", "/a", nullptr},
    {"/a/../../../b", "/b", nullptr},
    {"/a/%2e%2E/b", "/b", nullptr},
    {"/a/%2e/b", "/a/b", nullptr},
    {"/a/.%2e/b", "/b", nullptr},
    {"/.a", "/.a", nullptr},
    {"/..a", "/..a", nullptr},
    {"/a..", "/a..", nullptr},
    {"/...", "/...", nullptr},
    {"/a/.../b", "/a/.../b", nullptr},
    {"/public/../admin?q", "/admin?q", "/admin"},
};
constexpr Form kSlashes[] = {
    {"//", "/", nullptr},           {"//a", "/a", nullptr},          {"/a//b", "/a/b", nullptr},
    {"/a///b//", "/a/b/", nullptr}, {"/a/.//b", "/a/b", nullptr},    {"/a//./b", "/a/b", nullptr},
    {"/a/..//b", "/b", nullptr},    {"/a/b/..//c", "/a/c", nullptr}, {"//a/../b", "/b", nullptr},
};
constexpr Form kRefused[] = {
    {"/a%2fb", nullptr, nullptr},
    {"/a%2Fb", nullptr, nullptr},
    {"/..%2fadmin", nullptr, nullptr},
    {"/%2e%2e%2fadmin", nullptr, nullptr},
    {"/a%5cb", nullptr, nullptr},
    {"/a\\b", nullptr, nullptr},
    {"/..\\admin", nullptr, nullptr},
    {"/a%00", nullptr, nullptr},
    {"/a%0ab", nullptr, nullptr},
    {"/a%0D%0Ab", nullptr, nullptr},
    {"/a%7f", nullptr, nullptr},
    {"/a%c2%85", nullptr, nullptr},
    {"/a%09", nullptr, nullptr},
    {"/%", nullptr, nullptr},
    {"/%4", nullptr, nullptr},
    {"/%zz", nullptr, nullptr},
    {"/%4g", nullptr, nullptr},
    {"/%u0041", nullptr, nullptr},
    {"/%252f", nullptr, nullptr},
    {"/%252e%252e/", nullptr, nullptr},
    {"/%2561", nullptr, nullptr},
    {"/%25%36%31", nullptr, nullptr},
    {"/%c0%af", nullptr, nullptr},
    {"/%c0%ae%c0%ae/", nullptr, nullptr},
    {"/%ff", nullptr, nullptr},
    {"/%c3", nullptr, nullptr},
    {"/%ed%a0%80", nullptr, nullptr},
    {"/a;b", nullptr, nullptr},
    {"/admin;x/..", nullptr, nullptr},
    {"/..;/admin", nullptr, nullptr},
    {"/a%3bb", nullptr, nullptr},
    {"/a//../b", nullptr, nullptr},
    {"//../a", nullptr, nullptr},
    {"/a/b//../../c", nullptr, nullptr},
    {"/a//b/../../c", nullptr, nullptr},
    {"/a//./../b", nullptr, nullptr},
    {"/%ff/../a", nullptr, nullptr},
    {"/a;b/../c", nullptr, nullptr},
    {"", nullptr, nullptr},
    {"a", nullptr, nullptr},
    {"?a", nullptr, nullptr},
    {"http://host/a", nullptr, nullptr},
    {"/caf\xc3", nullptr, nullptr},
    {"/a\x01", nullptr, nullptr},
};
INSTANTIATE_TEST_SUITE_P(Usual, RequestPathFormTest, testing::ValuesIn(kUsual));
INSTANTIATE_TEST_SUITE_P(Escapes, RequestPathFormTest, testing::ValuesIn(kEscapes));
INSTANTIATE_TEST_SUITE_P(Dots, RequestPathFormTest, testing::ValuesIn(kDots));
INSTANTIATE_TEST_SUITE_P(Slashes, RequestPathFormTest, testing::ValuesIn(kSlashes));
INSTANTIATE_TEST_SUITE_P(Refused, RequestPathFormTest, testing::ValuesIn(kRefused));

TEST(RequestPathTest, KeepsNothingOfTheLastTarget) {
  RequestPath path;
  ASSERT_EQ(path.Normalize("/first?query"), std::nullopt);
  ASSERT_NE(path.Normalize("/%00"), std::nullopt);
  ASSERT_EQ(path.Normalize("/b"), std::nullopt);
  EXPECT_EQ(path.target(), "/b");
  EXPECT_EQ(path.decoded(), "/b");
}

TEST(RequestPathTest, TakesTimeInProportionToALongPath) {
  RequestPath path;
  std::string up;
  for (int i = 0; i < 200'000; ++i) up += "/a/..";
  ASSERT_EQ(path.Normalize(up), std::nullopt);
  EXPECT_EQ(path.target(), "/");
  ASSERT_EQ(path.Normalize(std::string(1'000'000, '/') + "a"), std::nullopt);
  EXPECT_EQ(path.target(), "/a");
}

// Every combination of these pieces is rejected or has an unambiguous normal form that does not
// change again.
TEST(RequestPathTest, LeavesNothingToResolveInAnyCombination) {
  const std::vector<std::string> pieces = {"/",   ".",   "%2e", "a",  "%61",
                                           "%20", "%25", "//",  "..", "%3D"};
  RequestPath path, again;
  for (size_t mix = 0; mix < 1'000'000; mix += 7) {
    std::string asked = "/";
    for (size_t rest = mix; rest != 0; rest /= pieces.size()) asked += pieces[rest % pieces.size()];
    if (path.Normalize(asked)) continue;
    ASSERT_EQ(path.decoded().find("//"), std::string::npos) << asked;
    ASSERT_EQ((path.decoded() + "/").find("/../"), std::string::npos) << asked;
    ASSERT_EQ((path.decoded() + "/").find("/./"), std::string::npos) << asked;
    ASSERT_EQ(again.Normalize(path.target()), std::nullopt) << asked;
    ASSERT_EQ(again.target(), path.target()) << asked;
    ASSERT_EQ(again.decoded(), path.decoded()) << asked;
  }
}

}  // namespace
}  // namespace mantlet::http
