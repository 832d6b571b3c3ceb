// Source and MaterialSink are the seam between certificate material and where it comes from.
//
// A source has material under names and pushes the bytes into the one sink, at the start and
// whenever they have changed. Files are the first source (file_source.h); their names are paths.
// What is made of the bytes does not depend on the source: the configuration names what a listener
// serves and trusts, and BuildGeneration() checks it.

#ifndef MANTLET_CERTS_SOURCE_H_
#define MANTLET_CERTS_SOURCE_H_

#include "absl/status/status.h"
#include "certs/file_images.h"
#include "certs/revocation_reader.h"

namespace mantlet::certs {

// MaterialSnapshot is what names held at one moment.
struct MaterialSnapshot {
  FileImages files;
  RevocationFiles revocation_files;  // these never are among `files`, unless named twice
};

class MaterialSink {
 public:
  virtual ~MaterialSink() = default;

  // Push takes what some names hold now; together it replaces what was pushed before under these
  // names, and other names keep what they have. It takes all or nothing: FailedPrecondition, with
  // every error's sentence, means that the material is refused and that what was pushed before
  // stays in use.
  virtual absl::Status Push(MaterialSnapshot snapshot) = 0;
};

class Source {
 public:
  virtual ~Source() = default;

  // PushTo pushes all that the source has, as a whole, and returns what the sink returned. It
  // pushes nothing and returns Unavailable while what it has is incomplete or does not fit
  // together; that passes by itself.
  virtual absl::Status PushTo(MaterialSink& sink) = 0;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_SOURCE_H_
