// ParsePem reads all blocks of a PEM text (RFC 7468) at once, with PemStream. A text that is cut
// off, partly overwritten or damaged is an error that names block and line, never a shorter list
// of blocks. Pure; the content of the blocks is not interpreted.

#ifndef MANTLET_PROXY_X509_PEM_H_
#define MANTLET_PROXY_X509_PEM_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mantlet::x509 {

struct PemBlock {
  std::string label;       // "CERTIFICATE", "PRIVATE KEY", …
  std::string der;         // the decoded content
  int number = 0;          // which block of the file, from 1
  int line = 0;            // of its BEGIN, from 1
  bool encrypted = false;  // RFC 1421 headers say so (the old encrypted keys)
  std::string dek_info;    // and how: the value of DEK-Info
};

// Whether the bytes claim to be PEM: they hold "-----BEGIN " or "-----END ".
bool LooksLikePem(std::string_view text);

// Errors are such as "block 2 (CERTIFICATE, line 24): there is no END line": DataLoss if the
// text is cut off, so that it may be whole in a moment; else InvalidArgument, with what to do
// behind "; ". A text without any block is an error, too.
absl::StatusOr<std::vector<PemBlock>> ParsePem(std::string_view text);

// One block with lines of 64 characters.
std::string ToPem(std::string_view label, std::string_view der);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PEM_H_
