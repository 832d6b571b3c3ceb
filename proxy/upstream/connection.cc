#include "proxy/upstream/connection.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace mantlet::upstream {
namespace {

http1::ClientCodec::Options OptionsOf(const config::UpstreamLimits& limits) {
  http1::ClientCodec::Options options;
  options.limits.header_bytes = limits.header_bytes;
  options.limits.header_count = limits.header_count;
  options.header_bytes_key = "upstreams[].limits.header_bytes";
  options.header_count_key = "upstreams[].limits.header_count";
  return options;
}

}  // namespace

Connection::Connection(std::unique_ptr<io::ByteStream> stream, const io::SocketAddress& address,
                       const config::UpstreamLimits& limits, io::BufferPool& buffers)
    : codec_(std::move(stream), buffers, OptionsOf(limits)), address_(address) {
  codec_.SetObserver(this);
}

void Connection::OnDeferDelete() {
  observer_ = nullptr;
  codec_.Close();
}

void Connection::SetIdle(Observer* observer, int64_t now_ms, int64_t limit_ms) {
  observer_ = observer;
  idle_since_ms_ = now_ms;
  idle_limit_ms_ = limit_ms;
  codec_.SetIdle();
}

void Connection::OnIdleLost() {
  if (observer_ != nullptr) observer_->OnIdleLost(this);
}

std::optional<int64_t> Connection::announced_idle_ms() const {
  const http::ResponseHead* head = codec_.response_head();
  if (head == nullptr) return std::nullopt;
  const std::optional<std::string_view> field = head->headers.Find(http::HeaderId::kKeepAlive);
  if (!field) return std::nullopt;
  for (std::string_view rest = *field; !rest.empty();) {
    const std::string_view parameter = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
    const size_t equals = parameter.find('=');
    if (equals == parameter.npos) continue;
    const std::string_view before = parameter.substr(0, equals);
    const absl::string_view name =
        absl::StripAsciiWhitespace(absl::string_view(before.data(), before.size()));
    if (!absl::EqualsIgnoreCase(name, "timeout")) continue;
    const absl::string_view value(parameter.data() + equals + 1, parameter.size() - equals - 1);
    uint32_t seconds = 0;
    if (absl::SimpleAtoi(absl::StripAsciiWhitespace(value), &seconds)) {
      return int64_t{seconds} * 1000;
    }
  }
  return std::nullopt;
}

}  // namespace mantlet::upstream
