// WriteProgress tells a peer that reads slowly from one that does not read at all: it compares how
// many written bytes the peer has not taken with their number when a write timeout was armed.

#ifndef MANTLET_PROXY_SESSION_WRITE_PROGRESS_H_
#define MANTLET_PROXY_SESSION_WRITE_PROGRESS_H_

#include <cstddef>

namespace mantlet::session {

class WriteProgress {
 public:
  // `untaken` is io::ByteStream::untaken(). Begin is called when the timeout is armed.
  void Begin(size_t untaken) { untaken_ = untaken; }
  // Returns the value of Begin().
  size_t untaken() const { return untaken_; }
  // Returns whether the peer has taken any bytes since Begin().
  bool MadeUntil(size_t untaken) const { return untaken < untaken_; }
  // Returns how many, if nothing was written and `untaken` counts bytes.
  size_t TakenUntil(size_t untaken) const { return MadeUntil(untaken) ? untaken_ - untaken : 0; }

 private:
  size_t untaken_ = 0;
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_WRITE_PROGRESS_H_
