// The listening sockets of the process. They are opened on the main thread, so
// that an address that cannot be had refuses the start (or the reload) with a
// sentence, and then handed to the workers: one socket each for TCP
// (SO_REUSEPORT), duplicates of one for Unix paths and inherited sockets.

#ifndef MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_
#define MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "proxy/io/file_descriptor.h"
#include "proxy/io/listening_socket.h"
#include "proxy/server/systemd_notify.h"

namespace mantlet::server {

struct BoundListener {
  std::string address;                      // as bound: the port behind port 0
  std::vector<io::FileDescriptor> sockets;  // one per worker
};

class ListeningSockets {
 public:
  explicit ListeningSockets(std::vector<InheritedSocket> inherited)
      : inherited_(std::move(inherited)) {}

  enum class Others {
    kRefuse,  // nobody else may listen there: at the start
    kAllow,   // it may be ourselves: a reload that renames a listener
  };
  // `count` sockets for each socket that `address` means: one, but every one of its name for
  // sockets of the service manager. The error names the address and the cure.
  //
  // A Unix path that is ours already gets a new socket. It takes the path with Commit(), so that
  // at every moment somebody can connect.
  absl::StatusOr<std::vector<BoundListener>> Open(const config::Address& address, size_t count,
                                                  Others others,
                                                  const io::ListenOptions& options = {});

  // What was opened is in use: it takes its paths.
  void Commit();
  // Socket files of ours go, but for those that `keep` says are in use. Only files that still
  // belong to our sockets: call this before the sockets close. Ends what Commit() would have done.
  void RemoveFiles(const std::function<bool(const std::string& path)>& keep);

  // The names of inherited sockets that no Open() has asked for.
  std::set<std::string> UnusedInherited() const;

 private:
  absl::StatusOr<BoundListener> OpenTcp(const config::Address& address, size_t count, Others others,
                                        const io::ListenOptions& options) const;
  absl::StatusOr<BoundListener> OpenUnix(const std::string& path, size_t count,
                                         const io::ListenOptions& options);
  absl::StatusOr<std::vector<BoundListener>> OpenInherited(const std::string& name, size_t count);
  absl::StatusOr<BoundListener> Share(io::FileDescriptor socket, size_t count) const;
  bool IsOurs(const std::string& path) const;

  const std::vector<InheritedSocket> inherited_;
  std::set<std::string> asked_for_;                // of the names in inherited_
  std::map<std::string, io::SocketFile> files_;    // by path
  std::map<std::string, std::string> successors_;  // path to where its new socket waits
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_
