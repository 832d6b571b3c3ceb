// ParsePem reads all blocks of a PEM text (RFC 7468) at once, with PemStream. For a text that is
// truncated, partly overwritten or damaged it returns an error that names block and line, never a
// shorter list of blocks. Pure; the content of the blocks is not interpreted.

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
  int number = 0;          // number of the block in the file, from 1
  int line = 0;            // line of its BEGIN, from 1
  bool encrypted = false;  // by RFC 1421 headers (the traditional encrypted keys)
  std::string dek_info;    // the value of DEK-Info
};

// Returns whether the bytes contain "-----BEGIN " or "-----END ".
bool LooksLikePem(std::string_view text);

// Errors are e.g. "block 2 (CERTIFICATE, line 24): there is no END line". The code is DataLoss if
// the text is truncated and may be complete soon, else InvalidArgument, with a hint after "; ". A
// text without any block is an error, too.
absl::StatusOr<std::vector<PemBlock>> ParsePem(std::string_view text);

// Returns one block with lines of 64 characters.
std::string ToPem(std::string_view label, std::string_view der);

}  // namespace mantlet::x509

#endif  // MANTLET_PROXY_X509_PEM_H_
