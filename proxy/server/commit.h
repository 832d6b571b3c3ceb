#ifndef MANTLET_PROXY_SERVER_COMMIT_H_
#define MANTLET_PROXY_SERVER_COMMIT_H_

namespace mantlet::server {

// The commit that this binary was built from. A generated file of its own defines it, so that a new
// commit recompiles nothing else.
extern const char kCommit[];

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_COMMIT_H_
