#ifndef MANTLET_PROXY_SERVER_COMMIT_H_
#define MANTLET_PROXY_SERVER_COMMIT_H_

namespace mantlet::server {

// The commit this was built from; defined by a generated file of its own, so that a commit
// recompiles nothing else.
extern const char kCommit[];

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_COMMIT_H_
