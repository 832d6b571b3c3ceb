// ReadRevocationFile reads one file of revocation lists piece by piece: a list of a million entries
// is never in memory as a whole.

#ifndef MANTLET_CERTS_REVOCATION_READER_H_
#define MANTLET_CERTS_REVOCATION_READER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "certs/file_reader.h"
#include "certs/file_set.h"
#include "proxy/x509/revocation_list.h"

namespace mantlet::certs {

// RevocationFile is the content of a file when it was read. Immutable and shared: a list that two
// listeners or two generations use is in memory once.
struct RevocationFile {
  Fingerprint state;  // the state that FileSet::Poll() returns
  // The reader's error, which contains the path, or the error of the content, which does not.
  absl::Status status;
  bool readable = false;                       // false: `status` is the reader's error
  std::vector<x509::RevocationListPtr> lists;  // in file order; not empty if `status` is OK
};

using RevocationFilePtr = std::shared_ptr<const RevocationFile>;
using RevocationFiles = std::map<std::string, RevocationFilePtr>;  // by path

// Reads PEM with one or more "X509 CRL" blocks and nothing else, or the DER of one list. `known` is
// an earlier result for the file, or null. Returns `known` itself if its status is OK and the file
// still has the state `expected`, which must be the state of `known`.
RevocationFilePtr ReadRevocationFile(const std::string& path, FileReader& reader,
                                     const Fingerprint* expected, const RevocationFilePtr& known);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_REVOCATION_READER_H_
