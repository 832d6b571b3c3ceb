#include "proxy/x509/der_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mantlet::x509 {
namespace {

constexpr size_t kWindow = 64 * 1024;
constexpr size_t kLongestHeader = 6;  // an identifier octet and a length of up to 4 GiB

absl::Status CutOff() { return absl::InvalidArgumentError("it is truncated"); }
absl::Status NotDer() { return absl::InvalidArgumentError("it is not valid DER"); }

}  // namespace

DerStream::DerStream(ByteSource& source) : source_(source), window_(kWindow) {}

void DerStream::FlushTap() {
  if (tap_ && next_ > tapped_) {
    tap_({reinterpret_cast<const char*>(window_.data()) + tapped_, next_ - tapped_});
  }
  tapped_ = next_;
}

void DerStream::SetTap(Tap tap) {
  FlushTap();
  tap_ = std::move(tap);
}

absl::StatusOr<bool> DerStream::Have(size_t size) {
  if (filled_ - next_ >= size) return true;
  FlushTap();
  std::memmove(window_.data(), window_.data() + next_, filled_ - next_);
  consumed_before_ += next_;
  filled_ -= next_;
  next_ = tapped_ = 0;
  if (window_.size() < size) window_.resize(size);
  while (filled_ < size) {
    absl::StatusOr<size_t> got =
        source_.Read(absl::MakeSpan(window_.data() + filled_, window_.size() - filled_));
    if (!got.ok()) return got.status();
    if (*got == 0) return false;
    filled_ += *got;
  }
  return true;
}

absl::StatusOr<int> DerStream::PeekTag() {
  absl::StatusOr<bool> have = Have(1);
  if (!have.ok()) return have.status();
  return *have ? window_[next_] : -1;
}

absl::StatusOr<DerStream::Header> DerStream::PeekHeader(uint8_t tag) {
  absl::StatusOr<bool> have = Have(kLongestHeader);  // a short last element may have fewer
  if (!have.ok()) return have.status();
  const size_t available = filled_ - next_;
  if (available < 2) return CutOff();
  const uint8_t* at = window_.data() + next_;
  if (at[0] != tag) return NotDer();
  Header header{2, at[1]};
  if (at[1] < 0x80) return header;
  const size_t octets = at[1] & 0x7f;
  if (octets == 0 || octets > kLongestHeader - 2) return NotDer();  // indefinite or too large
  if (available < 2 + octets) return CutOff();
  header.header = 2 + octets;
  header.content = 0;
  for (size_t i = 0; i < octets; ++i) header.content = header.content << 8 | at[2 + i];
  // DER allows only the shortest form.
  if (at[2] == 0 || header.content < 0x80) return NotDer();
  return header;
}

absl::StatusOr<uint64_t> DerStream::Enter(uint8_t tag) {
  absl::StatusOr<Header> header = PeekHeader(tag);
  if (!header.ok()) return header.status();
  next_ += header->header;
  return header->content;
}

absl::StatusOr<std::string_view> DerStream::Element(uint8_t tag) {
  absl::StatusOr<Header> header = PeekHeader(tag);
  if (!header.ok()) return header.status();
  const uint64_t size = header->header + header->content;
  if (size > kMaxElement) {
    return absl::InvalidArgumentError("it is damaged, or a part of it is too large");
  }
  absl::StatusOr<bool> have = Have(size);
  if (!have.ok()) return have.status();
  if (!*have) return CutOff();
  std::string_view element(reinterpret_cast<const char*>(window_.data()) + next_, size);
  next_ += size;
  return element;
}

}  // namespace mantlet::x509
