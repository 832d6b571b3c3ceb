// The type of addresses: host:port, [v6]:port, unix:/path, systemd:NAME.

#include <arpa/inet.h>
#include <sys/un.h>

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "config/loader/value_type.h"

namespace mantlet::config {
namespace {

// The last byte of sun_path is the terminating zero.
constexpr size_t kLongestUnixPath = sizeof(sockaddr_un::sun_path) - 1;

constexpr char kForms[] = "write HOST:PORT, [IPV6]:PORT or unix:/PATH";

bool IsIpv4(const std::string& host) {
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// Returns an IPv6 address in its shortest form (RFC 5952) with its zone; "" if `host` is none.
std::string ShortIpv6(const std::string& host) {
  const size_t percent = host.find('%');
  in6_addr address;
  char text[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address) != 1 ||
      inet_ntop(AF_INET6, &address, text, sizeof(text)) == nullptr) {
    return "";
  }
  return percent == std::string::npos ? text : absl::StrCat(text, host.substr(percent));
}

// Returns whether `host` is a host name (RFC 1123, plus '_' for names of container networks). Text
// of only digits and dots is an IPv4 address or invalid.
bool IsHostName(const std::string& host) {
  if (host.empty() || host.size() > 253) return false;
  size_t label = 0;
  bool letters = false;
  for (char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (!absl::ascii_isalnum(c) && c != '_' && (c != '-' || label == 0)) return false;
    if (++label > 63) return false;
    letters = letters || !absl::ascii_isdigit(c);
  }
  return letters;
}

std::optional<Problem> ParsePort(absl::string_view text, bool any_port, uint16_t& port) {
  uint32_t number = 0;
  bool digits = !text.empty();
  for (char c : text) digits = digits && absl::ascii_isdigit(c);
  if (!digits || !absl::SimpleAtoi(text, &number) || number > 65535) {
    return Problem{absl::StrCat("'", text, "' is not a port"), "write a port from 1 to 65535"};
  }
  if (number == 0 && !any_port) {
    return Problem{"port 0 cannot be connected to", "write a port from 1 to 65535"};
  }
  port = static_cast<uint16_t>(number);
  return std::nullopt;
}

std::optional<Problem> ParseBracketed(const std::string& text, bool any_port, Address& out) {
  const size_t end = text.find(']');
  if (end == std::string::npos) {
    return Problem{absl::StrCat("'", text, "' has no closing ']'"), "write [IPV6]:PORT"};
  }
  out.host = ShortIpv6(text.substr(1, end - 1));
  if (out.host.empty()) {
    return Problem{absl::StrCat("'", text.substr(1, end - 1), "' is not an IPv6 address"),
                   "write [IPV6]:PORT, e.g. [::1]:8080"};
  }
  if (end + 1 >= text.size() || text[end + 1] != ':') {
    return Problem{absl::StrCat("'", text, "' has no port"),
                   absl::StrCat("write [", out.host, "]:PORT")};
  }
  return ParsePort(absl::string_view(text).substr(end + 2), any_port, out.port);
}

std::optional<Problem> ParseHostAndPort(const std::string& text, bool any_port, Address& out) {
  if (absl::StartsWith(text, "[")) return ParseBracketed(text, any_port, out);
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return Problem{absl::StrCat("'", text, number ? "' has no host" : "' has no port"),
                   number ? absl::StrCat("write 0.0.0.0:", text, " or 127.0.0.1:", text)
                          : std::string(kForms)};
  }
  out.host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (absl::StrContains(out.host, ':')) {
    const bool with_port = !ShortIpv6(out.host).empty();
    return Problem{absl::StrCat("the IPv6 address in '", text, "' has no brackets"),
                   with_port ? absl::StrCat("write [", out.host, "]:", port)
                             : absl::StrCat("write [", text, "]:PORT")};
  }
  if (out.host.empty() || out.host == "*") {
    return Problem{absl::StrCat("'", text, "' has no host"),
                   absl::StrCat("write 0.0.0.0:", port, " or [::]:", port, " for every interface")};
  }
  if (!IsIpv4(out.host) && !IsHostName(out.host)) {
    return Problem{absl::StrCat("'", out.host, "' is neither an address nor a host name"), kForms};
  }
  return ParsePort(port, any_port, out.port);
}

std::optional<Problem> ParseUnix(absl::string_view path, const std::string& directory,
                                 Address& out) {
  out.kind = Address::Kind::kUnix;
  if (path.empty()) return Problem{"'unix:' has no path", "write unix:/PATH"};
  if (path[0] == '@') {
    return Problem{"abstract sockets (unix:@NAME) are not supported: they have no permissions",
                   "write unix:/PATH"};
  }
  const std::filesystem::path as_path{std::string(path)};
  out.path = as_path.is_absolute()
                 ? as_path.string()
                 : (std::filesystem::path(directory) / as_path).lexically_normal().string();
  if (out.path.size() > kLongestUnixPath) {
    return Problem{absl::StrCat("the socket's path has ", out.path.size(), " bytes, the system's ",
                                "limit is ", kLongestUnixPath),
                   "choose a shorter one, e.g. below /run"};
  }
  return std::nullopt;
}

std::optional<Problem> ParseSystemd(absl::string_view name, Address& out) {
  out.kind = Address::Kind::kSystemd;
  out.path = std::string(name);
  // systemd.socket(5), FileDescriptorName=: at most 255 printable ASCII characters, no ':'.
  bool good = !name.empty() && name.size() <= 255;
  for (char c : name) good = good && absl::ascii_isgraph(c) && c != ':';
  if (good) return std::nullopt;
  return Problem{absl::StrCat("'", name, "' is not the name of a socket unit's descriptor"),
                 "write systemd:NAME with the unit's FileDescriptorName="};
}

std::optional<Problem> ParseAddress(const ScalarText& scalar, AddressKinds kinds, Address& out) {
  absl::string_view text = scalar.text;
  Address address;
  std::optional<Problem> problem;
  if (absl::ConsumePrefix(&text, "unix:")) {
    problem = ParseUnix(text, scalar.directory, address);
  } else if (absl::ConsumePrefix(&text, "systemd:")) {
    problem = ParseSystemd(text, address);
    if (!kinds.systemd) {
      problem = Problem{"systemd: is supported for listeners only", kForms};
    }
  } else if (absl::StrContains(text, "://")) {
    problem = Problem{absl::StrCat("'", text, "' is a URL"), kForms};
  } else if (absl::StartsWith(text, "/")) {
    problem = Problem{absl::StrCat("'", text, "' is a path"), absl::StrCat("write unix:", text)};
  } else {
    problem = ParseHostAndPort(scalar.text, kinds.any_port, address);
  }
  if (!problem) out = address;
  return problem;
}

// Absolute paths only: where a relative one begins is not known here.
std::string UnixPattern() { return absl::StrCat("(?:/.{0,", kLongestUnixPath - 1, "}|[^/@].*)"); }

std::string AddressPattern(AddressKinds kinds) {
  constexpr char kOctet[] = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  constexpr char kLabel[] = "[A-Za-z0-9_][A-Za-z0-9_-]{0,62}";
  const std::string ipv4 = absl::StrCat("(?:", kOctet, "\\.){3}", kOctet);
  // Text of only digits and dots is no host name.
  const std::string name = absl::StrCat("(?=[^:]*[A-Za-z_-])", kLabel, "(?:\\.", kLabel, ")*\\.?");
  std::string pattern =
      absl::StrCat("(?:", ipv4, "|", name, "|\\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[^\\]]+)?\\]):0*",
                   DecimalPattern(kinds.any_port ? 0 : 1, 65535), "|unix:", UnixPattern());
  if (kinds.systemd) absl::StrAppend(&pattern, "|systemd:[!-9;-~]{1,255}");
  return pattern;
}

}  // namespace

ValueType<Address> AddressOf(AddressKinds kinds, const char* example) {
  ValueType<Address> type;
  type.name = kinds.systemd ? "host:port, [v6]:port, unix:/path or systemd:NAME"
                            : "host:port, [v6]:port or unix:/path";
  type.example = example;
  type.parse = [kinds](const ScalarText& scalar, Address& out) {
    return ParseAddress(scalar, kinds, out);
  };
  type.print = [](const Address& value) {
    const bool nothing = value.host.empty() && value.path.empty();
    return nothing ? std::string() : ToString(value);
  };
  type.forms = {PatternForm(AddressPattern(kinds))};
  return type;
}

ValueType<std::string> SocketPath() {
  ValueType<std::string> type;
  type.name = "path";
  type.example = "/run/mantlet/upgrade.sock";
  type.parse = [](const ScalarText& scalar, std::string& out) -> std::optional<Problem> {
    if (absl::StartsWith(scalar.text, "unix:")) {
      return Problem{absl::StrCat("'", scalar.text, "' is an address"),
                     "write the path alone, without unix:"};
    }
    if (scalar.text.empty() || scalar.text.back() == '/') {
      return Problem{absl::StrCat("'", scalar.text, "' is not the path of a socket"),
                     "write a path as in /run/mantlet/upgrade.sock"};
    }
    Address address;
    std::optional<Problem> problem = ParseUnix(scalar.text, scalar.directory, address);
    if (!problem) out = address.path;
    return problem;
  };
  type.print = [](const std::string& value) { return value; };
  type.forms = {PatternForm("(?!unix:|@).*[^/]"), UnquotedForm()};
  return type;
}

}  // namespace mantlet::config
