#include "proxy/connect/dial.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "proxy/io/socket_address.h"

namespace mantlet::connect {
namespace {

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

bool IsPort(const std::string& text) {
  constexpr size_t kMostDigits = 5;
  return !text.empty() && text.size() <= kMostDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(text) >= 1 && std::stoi(text) <= 65535;
}

// Returns 0 or an errno.
int Connect(int fd, const addrinfo& address, int timeout_ms) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready = {fd, POLLOUT, 0};
  const int count = poll(&ready, 1, timeout_ms);
  if (count == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Verdict ExplainConnect(int error, const Target& target) {
  switch (error) {
    case ECONNREFUSED:
      return {Party::kServer,
              absl::StrCat("nothing listens on port ", target.port, " of ", target.host),
              "start the server, or correct the port; a listener on 127.0.0.1 is not reached from "
              "other machines"};
    case ETIMEDOUT:
      return {Party::kNetwork, absl::StrCat(target.host, " does not answer on port ", target.port),
              "look for a firewall, a security group or a NetworkPolicy that drops packets"};
    case EHOSTUNREACH:
    case ENETUNREACH:
      return {Party::kNetwork, absl::StrCat("there is no route to ", target.host),
              "check the address and the network of this machine"};
    default:
      return {Party::kNetwork,
              absl::StrCat("cannot connect to ", target.host, ": ", std::strerror(error)),
              "check the address and the network of this machine"};
  }
}

Addresses Resolve(const Target& target, Report& report) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found);
  Addresses addresses(found, freeaddrinfo);
  if (error == 0) return addresses;
  report.Fail(absl::StrCat(target.host, " has no address: ", gai_strerror(error)),
              {Party::kNetwork, absl::StrCat("the name ", target.host, " cannot be resolved"),
               "check its spelling, /etc/hosts and the DNS server (/etc/resolv.conf)"});
  return {nullptr, freeaddrinfo};
}

}  // namespace

absl::StatusOr<Target> ParseTarget(const std::string& text) {
  Target target = {text, "443"};
  const size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == text.npos)
      return absl::InvalidArgumentError("the bracket of the IPv6 address does not end");
    target.host = text.substr(1, end - 1);
    if (end + 1 < text.size()) target.port = text[end + 1] == ':' ? text.substr(end + 2) : "";
  } else if (colon != text.npos && text.find(':') == colon) {
    target = {text.substr(0, colon), text.substr(colon + 1)};
  }
  if (target.host.empty())
    return absl::InvalidArgumentError("the host is missing; write HOST:PORT");
  if (!IsPort(target.port)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", target.port, "' is not a port; write HOST:PORT with a port from 1 to 65535"));
  }
  return target;
}

io::FileDescriptor Dial(const Target& target, int timeout_ms, Report& report) {
  const Addresses addresses = Resolve(target, report);
  int error = 0;
  std::vector<std::string> failures;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    const std::string address = io::SocketAddress(each->ai_addr, each->ai_addrlen).ToString();
    io::FileDescriptor fd(socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    error = fd ? Connect(fd.get(), *each, timeout_ms) : errno;
    if (error == 0) {
      report.Ok(absl::StrCat("Connected to ", address), std::move(failures));
      return fd;
    }
    failures.push_back(absl::StrCat(address, ": ", std::strerror(error)));
  }
  if (error != 0) {
    report.Fail(absl::StrCat("Cannot connect to ", target.host), ExplainConnect(error, target),
                std::move(failures));
  }
  return {};
}

}  // namespace mantlet::connect
