// Source and MaterialSink separate certificate material from its origin.
//
// A source has material under names and pushes the bytes to the one sink, at the start and after
// each change. Files are the first source (file_source.h); their names are paths. The use of the
// bytes does not depend on the source: the configuration names the material that a listener serves
// and trusts, and BuildGeneration() checks it.

#ifndef MANTLET_CERTS_SOURCE_H_
#define MANTLET_CERTS_SOURCE_H_

#include "absl/status/status.h"
#include "certs/file_images.h"
#include "certs/revocation_reader.h"

namespace mantlet::certs {

// MaterialSnapshot is the content of names at one time.
struct MaterialSnapshot {
  FileImages files;
  RevocationFiles revocation_files;  // not in `files`, unless named twice
};

class MaterialSink {
 public:
  virtual ~MaterialSink() = default;

  // Replaces the content of the names in the snapshot, all of them together; other names keep their
  // content. Returns FailedPrecondition, with the sentences of all errors, if the material is
  // rejected; then the previous material stays in use.
  virtual absl::Status Push(MaterialSnapshot snapshot) = 0;
};

class Source {
 public:
  virtual ~Source() = default;

  // Pushes all material of the source as one snapshot and returns the result of the sink. Pushes
  // nothing and returns Unavailable while the material is incomplete or inconsistent, which is
  // temporary.
  virtual absl::Status PushTo(MaterialSink& sink) = 0;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SOURCE_H_
