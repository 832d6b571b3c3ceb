// Any bytes as a revocation list: reading ends, a refusal has a clean sentence, the
// size of the pieces makes no difference, and every accepted list answers.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "certs/revocation_reader.h"
#include "proxy/x509/revocation_list.h"
#include "test/certs/memory_file_reader.h"
#include "test/fuzz/fuzz_input.h"
#include "test/proxy/x509/pki.h"

namespace mantlet::fuzz {
namespace {

class Pieces final : public x509::ByteSource {
 public:
  Pieces(std::string_view bytes, size_t size) : source_(bytes), size_(size) {}
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    return source_.Read(buffer.first(std::min(size_, buffer.size())));
  }

 private:
  x509::MemorySource source_;
  size_t size_;
};

void Read(std::string_view bytes) {
  auto whole = x509::RevocationList::FromDer(bytes);
  Pieces pieces(bytes, 1 + bytes.size() % 7);
  auto in_pieces = x509::RevocationList::Parse(pieces);
  Require(whole.ok() == in_pieces.ok(), "pieces make a difference", bytes);
  Require(whole.ok() || !whole.status().message().empty(), "a refusal without a reason");
  if (whole.ok()) {
    Require((*whole)->id() == (*in_pieces)->id(), "pieces make another list", bytes);
    (void)(*whole)->Lists(x509::Root().certificate->x509());
    (void)(*whole)->Covers(x509::Root().certificate->x509());
    (void)(*whole)->ReasonsFor(x509::DistributionPointsOf(x509::Root().certificate->x509()));
    Require((*whole)->HasScopeOf(**in_pieces), "pieces make another scope", bytes);
    for (unsigned char c : (*whole)->ScopeText()) Require(c >= 0x20, "a control byte", bytes);
    (void)(*whole)->SignedBy(x509::Root().certificate->x509());
    (void)(*whole)->HasIssuer(*x509::Root().certificate);
  }
  certs::MemoryFileReader files;
  files.Put("/crl", std::string(bytes));
  const certs::RevocationFilePtr file = certs::ReadRevocationFile("/crl", files, nullptr, nullptr);
  Require(file->status.ok() != file->lists.empty(), "neither lists nor a reason", bytes);
  Require(file->state == certs::ReadFingerprint("/crl", files), "a look sees something else",
          bytes);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Read(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
