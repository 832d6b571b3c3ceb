#include "certs/revocation_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proxy/x509/hashing_source.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/pem_stream.h"

namespace mantlet::certs {
namespace {

// PeekedSource returns the first two bytes without consuming them.
class PeekedSource final : public x509::ByteSource {
 public:
  explicit PeekedSource(x509::ByteSource& source) : source_(source) {}

  absl::StatusOr<std::string> Peek() {
    while (first_.size() < 2) {
      uint8_t byte[1];
      absl::StatusOr<size_t> got = source_.Read(absl::MakeSpan(byte));
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      first_ += static_cast<char>(byte[0]);
    }
    return first_;
  }

  absl::StatusOr<size_t> Read(absl::Span<uint8_t> buffer) override {
    if (first_.empty()) return source_.Read(buffer);
    const size_t size = std::min(buffer.size(), first_.size());
    std::copy_n(first_.begin(), size, buffer.begin());
    first_.erase(0, size);
    return size;
  }

 private:
  x509::ByteSource& source_;
  std::string first_;
};

absl::Status ReadPem(x509::ByteSource& source, std::vector<x509::RevocationListPtr>* lists) {
  x509::PemStream pem(source);
  while (true) {
    absl::StatusOr<bool> more = pem.Next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (pem.label() != "X509 CRL") {
      return absl::InvalidArgumentError(
          absl::StrCat(pem.where(), " is not a revocation list; remove it"));
    }
    auto list = x509::RevocationList::Parse(pem.content());
    if (!list.ok()) {
      const std::string message(list.status().message());
      // Errors of PemStream already contain the block.
      return absl::Status(list.status().code(), message.starts_with("block ")
                                                    ? message
                                                    : absl::StrCat(pem.where(), ": ", message));
    }
    lists->push_back(*std::move(list));
  }
  if (!lists->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("it contains no revocation list, neither as PEM nor as DER");
}

absl::Status ReadLists(x509::ByteSource& source, std::vector<x509::RevocationListPtr>* lists) {
  PeekedSource peeked(source);
  absl::StatusOr<std::string> first = peeked.Peek();
  if (!first.ok()) return first.status();
  if (first->empty()) return absl::DataLossError("the file is empty");
  // A SEQUENCE of more than 127 bytes. As text, the two bytes would be "0" and half a character.
  const bool der = first->size() == 2 && (*first)[0] == 0x30 && ((*first)[1] & 0x80) != 0;
  if (!der) return ReadPem(peeked, lists);
  auto list = x509::RevocationList::Parse(peeked);
  if (!list.ok()) return list.status();
  lists->push_back(*std::move(list));
  return absl::OkStatus();
}

RevocationFile Unreadable(absl::Status status) {
  RevocationFile file;
  file.state.sha256 = x509::Sha256Hex(status.ToString());
  file.status = std::move(status);
  return file;
}

RevocationFile ReadFile(const std::string& path, FileReader& reader, bool parse) {
  absl::StatusOr<std::unique_ptr<FileStream>> stream = reader.Open(path);
  if (!stream.ok()) return Unreadable(stream.status());
  RevocationFile file;
  file.readable = true;
  x509::HashingSource hashing(**stream);
  if (parse) file.status = ReadLists(hashing, &file.lists);
  absl::StatusOr<std::string> sha256 = hashing.Finish();
  if (!sha256.ok()) return Unreadable(sha256.status());
  file.state = {(*stream)->resolved, *std::move(sha256)};
  if (!file.status.ok()) file.lists.clear();
  return file;
}

}  // namespace

RevocationFilePtr ReadRevocationFile(const std::string& path, FileReader& reader,
                                     const Fingerprint* expected, const RevocationFilePtr& known) {
  // Invalid content may not have been parsed, so it is not reused.
  if (expected != nullptr && known != nullptr && known->status.ok() && known->state == *expected) {
    RevocationFile now = ReadFile(path, reader, false);
    if (now.state == known->state) return known;
    // The file changes while it is read, so it will be read again.
    now.status = absl::UnavailableError("it has just changed");
    return std::make_shared<const RevocationFile>(std::move(now));
  }
  return std::make_shared<const RevocationFile>(ReadFile(path, reader, true));
}

}  // namespace mantlet::certs
