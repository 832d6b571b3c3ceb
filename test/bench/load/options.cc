#include "test/bench/load/options.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mantlet::bench {
namespace {

// Takes a value into its place; false: it does not fit there.
using Setter = std::function<bool(const std::string& value, Options& options)>;

struct Option {
  std::string_view name;
  std::string_view help;
  Setter set;
};

constexpr std::pair<std::string_view, Mode> kModes[] = {{"handshake", Mode::kHandshake},
                                                        {"keepalive", Mode::kKeepAlive},
                                                        {"rate", Mode::kRate},
                                                        {"idle", Mode::kIdle},
                                                        {"first", Mode::kFirst}};

bool SetMode(const std::string& value, Options& options) {
  const auto* const found =
      std::ranges::find(kModes, value, [](const auto& mode) { return mode.first; });
  if (found == std::end(kModes)) return false;
  options.mode = found->second;
  return true;
}

template <typename T>
Setter Number(T Options::* member, T least) {
  return [member, least](const std::string& value, Options& options) {
    T& target = options.*member;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, target);
    return error == std::errc() && stop == end && target >= least;
  };
}

Setter Text(std::string Options::* member) {
  return [member](const std::string& value, Options& options) {
    options.*member = value;
    return true;
  };
}

Setter Switch(bool Options::* member) {
  return [member](const std::string& value, Options& options) {
    options.*member = true;
    return value.empty();
  };
}

const std::vector<Option>& All() {
  static const auto* const all = new std::vector<Option>{
      {"mode", "handshake | keepalive | rate | idle | first", SetMode},
      {"host", "address to connect to", Text(&Options::host)},
      {"port", "port to connect to", Number<uint16_t>(&Options::port, 1)},
      {"sni", "server name to ask for", Text(&Options::sni)},
      {"certificate", "client certificate chain, PEM", Text(&Options::certificate)},
      {"key", "its key, PEM", Text(&Options::key)},
      {"tls12", "TLS 1.2 instead of 1.3", Switch(&Options::tls12)},
      {"resume", "offer the newest session", Switch(&Options::resume)},
      {"connections", "open at once", Number<int>(&Options::connections, 1)},
      {"seconds", "how long", Number<double>(&Options::seconds, 0)},
      {"rate", "requests per second, for mode rate", Number<double>(&Options::rate, 1)},
      {"fresh", "for mode rate, a new connection for each request", Switch(&Options::fresh)},
      {"window", "seconds; latencies of each such stretch, too",
       Number<double>(&Options::window, 0)},
      {"wait", "obey start, mark LABEL, stop and quit on stdin", Switch(&Options::wait)},
      {"path", "what to ask for", Text(&Options::path)},
      {"headers", "additional request headers", Number<size_t>(&Options::headers, 0)},
      {"header-bytes", "bytes of each", Number<size_t>(&Options::header_bytes, 16)},
      {"upload", "bytes of a request body", Number<uint64_t>(&Options::upload, 0)},
      {"streams", "HTTP/2 with so many requests at a time on each connection",
       Number<int>(&Options::streams, 0)},
      {"grpc", "HTTP/2: ask as gRPC does, and want its trailers", Switch(&Options::grpc)},
      {"upstream-fd", "be the upstream, too, on this listening socket",
       Number<int>(&Options::upstream_fd, 0)},
      {"sources", "client addresses to use", Number<int>(&Options::sources, 1)},
  };
  return *all;
}

absl::Status Wrong(std::string_view argument) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot use '", std::string(argument), "'; --help lists what can be said"));
}

}  // namespace

std::string Usage() {
  std::string text = "usage: load --option=value …\n";
  for (const Option& option : All()) {
    absl::StrAppend(&text, "  --", std::string(option.name), "  ", std::string(option.help), "\n");
  }
  return text;
}

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (std::string_view argument : arguments) {
    if (!argument.starts_with("--")) return Wrong(argument);
    const std::string_view assignment = argument.substr(2);
    const size_t equals = assignment.find('=');
    const std::string_view name = assignment.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : assignment.substr(equals + 1));
    const auto option = std::ranges::find(All(), name, &Option::name);
    if (option == All().end() || !option->set(value, options)) return Wrong(argument);
  }
  if (options.port == 0) return absl::InvalidArgumentError("--port is missing");
  if (options.mode == Mode::kRate && options.rate < 1) {
    return absl::InvalidArgumentError("--mode=rate wants a --rate");
  }
  const bool loop = options.mode == Mode::kKeepAlive || options.mode == Mode::kIdle;
  if (options.streams > 0 ? !loop : options.grpc) {
    return absl::InvalidArgumentError(
        "--streams is for --mode=keepalive and --mode=idle, --grpc for --streams");
  }
  if (options.certificate.empty() != options.key.empty()) {
    return absl::InvalidArgumentError("--certificate and --key belong together");
  }
  return options;
}

std::vector<std::pair<std::string, std::string>> AdditionalHeaders(const Options& options) {
  // Colon, blank and line end, with which HTTP/1 writes a field.
  constexpr size_t kFieldOverhead = 4;
  std::vector<std::pair<std::string, std::string>> headers;
  for (size_t i = 0; i < options.headers; ++i) {
    std::string name = absl::StrCat("x-load-", i + 100);
    const size_t used = name.size() + kFieldOverhead;
    headers.emplace_back(
        std::move(name),
        std::string(options.header_bytes - std::min(options.header_bytes, used), 'v'));
  }
  return headers;
}

std::string RequestHead(const Options& options) {
  std::string head = absl::StrCat(options.upload > 0 ? "POST " : "GET ", options.path,
                                  " HTTP/1.1\r\nHost: ", options.sni, "\r\n");
  for (const auto& [name, value] : AdditionalHeaders(options)) {
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  if (options.upload > 0) absl::StrAppend(&head, "Content-Length: ", options.upload, "\r\n");
  return head + "\r\n";
}

}  // namespace mantlet::bench
