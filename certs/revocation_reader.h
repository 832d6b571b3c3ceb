// ReadRevocationFile reads one file of revocation lists piece by piece: a list of a million
// entries is never held as a whole.

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

// What a file was when it was read. Immutable, shared by all who need it: a list
// that two listeners name, or two generations, is in memory once.
struct RevocationFile {
  FileState state;  // as FileSet::Poll() returns it
  // Why nothing can be used: the reader's error, which names the file, or what is wrong with the
  // content, which does not.
  absl::Status status;
  bool readable = false;                       // else `status` is the reader's
  std::vector<x509::RevocationListPtr> lists;  // file order; at least one if `status` is OK
};

using RevocationFilePtr = std::shared_ptr<const RevocationFile>;
using RevocationFiles = std::map<std::string, RevocationFilePtr>;  // by path

// PEM with one or more "X509 CRL" blocks and nothing else, or the DER of one list.
// `known` is what the file was at another time, or null. Returns `known` itself if it is good and
// the file still has the state `expected`, which `known` has, too.
RevocationFilePtr ReadRevocationFile(const std::string& path, FileReader& reader,
                                     const FileState* expected, const RevocationFilePtr& known);

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_REVOCATION_READER_H_
