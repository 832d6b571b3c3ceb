// Any target: it is refused, or its form is its own form, holds nothing that could
// be read as another path, and rules decide about it as about the target itself.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "config/policy_rules.h"
#include "proxy/http/request_path.h"
#include "proxy/policy/policy.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

std::shared_ptr<const policy::Policy> MakePolicy() {
  config::Policy config;
  for (const char* path : {"/a", "/a/**", "/a/*/b", "/**/*.b", "/%", "/"}) {
    config::Rule& rule = config.rules.emplace_back();
    rule.name = path;
    rule.match.path = {path};
  }
  return std::make_shared<const policy::Policy>(config);
}

// As an application might: the path up to the query, decoded once.
std::string DecodedOnce(std::string_view target) {
  std::string decoded;
  target = target.substr(0, target.find('?'));
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] == '%' && i + 2 < target.size()) {
      decoded += static_cast<char>(std::stoi(std::string(target.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += target[i];
    }
  }
  return decoded;
}

void CheckForm(const http::RequestPath& path, std::string_view asked) {
  const std::string& target = path.target();
  const std::string& decoded = path.decoded();
  for (char c : target)
    Require(c > 0x20 && c < 0x7f, "a byte that is not for a request line", target);
  Require(DecodedOnce(target) == decoded, "the application reads another path", target, decoded);
  Require(target.substr(std::min(target.find('?'), target.size())) ==
              asked.substr(std::min(asked.find('?'), asked.size())),
          "the query has changed", target, asked);
  if (target == "*") return;
  for (const char* part : {"//", "/./", "/../", ";", "\\"}) {
    Require((decoded + "/").find(part) == std::string::npos || part == std::string_view("//"),
            "something is left to resolve", target, part);
  }
  Require(decoded.find("//") == std::string::npos, "an empty segment is left", target);
}

void CheckTarget(std::string_view asked) {
  static const auto policy = MakePolicy();
  // What gets here is visible ASCII without '#': the parser has seen to that.
  for (char c : asked) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return;
  }
  http::RequestPath path, again;
  if (path.Normalize(asked) != std::nullopt) return;
  CheckForm(path, asked);
  Require(again.Normalize(path.target()) == std::nullopt, "the form is refused", asked,
          path.target());
  Require(again.target() == path.target(), "the form has another form", asked, path.target());
  Require(again.decoded() == path.decoded(), "the form is another path", asked, path.target());
  policy::ConnectionView view;
  view.Refresh(policy, nullptr);
  Require(policy->Decide({view, "GET", path.decoded()}).rule ==
              policy->Decide({view, "GET", again.decoded()}).rule,
          "another rule decides", asked, path.target());
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::CheckTarget({reinterpret_cast<const char*>(data), size});
  return 0;
}
