#include "proxy/x509/pem.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "proxy/x509/byte_source.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/pem_boundary.h"
#include "proxy/x509/pem_stream.h"
#include "proxy/x509/wipe.h"

namespace mantlet::x509 {
namespace {

// Reads the content of the current block. The reserved size exceeds that of any private key, so the
// string does not grow and leaves no copy of a key in freed memory.
absl::Status ReadContent(PemStream& stream, size_t file_size, std::string* der) {
  constexpr size_t kReserved = 32 * 1024;
  der->reserve(std::min(file_size, kReserved));
  std::string buffer(4096, '\0');
  WipeAtEnd wipe(&buffer);
  while (true) {
    absl::StatusOr<size_t> got =
        stream.content().Read(absl::MakeSpan(MutableData(buffer), buffer.size()));
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::OkStatus();
    der->append(buffer, 0, *got);
  }
}

}  // namespace

bool LooksLikePem(std::string_view text) {
  return text.find(kPemBegin) != std::string_view::npos ||
         text.find(kPemEnd) != std::string_view::npos;
}

absl::StatusOr<std::vector<PemBlock>> ParsePem(std::string_view text) {
  MemorySource source(text);
  PemStream stream(source, std::min(text.size(), PemStream::kWindow));
  std::vector<PemBlock> blocks;
  while (true) {
    absl::StatusOr<bool> more = stream.Next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    PemBlock block{stream.label(),   "", stream.number(), stream.line(), stream.encrypted(),
                   stream.dek_info()};
    absl::Status read = ReadContent(stream, text.size(), &block.der);
    if (!read.ok()) {
      Wipe(&block.der);
      return read;
    }
    blocks.push_back(std::move(block));
  }
  if (blocks.empty()) return absl::InvalidArgumentError("it contains no PEM block");
  return blocks;
}

std::string ToPem(std::string_view label, std::string_view der) {
  constexpr size_t kLine = 64;
  const std::string base64 = absl::Base64Escape(std::string(der));
  std::string pem =
      absl::StrCat(std::string(kPemBegin), std::string(label), std::string(kPemDashes), "\n");
  for (size_t i = 0; i < base64.size(); i += kLine) {
    absl::StrAppend(&pem, base64.substr(i, kLine), "\n");
  }
  absl::StrAppend(&pem, std::string(kPemEnd), std::string(label), std::string(kPemDashes), "\n");
  return pem;
}

}  // namespace mantlet::x509
