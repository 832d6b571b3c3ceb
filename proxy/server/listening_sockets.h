// ListeningSockets opens the listening sockets of the process. It opens them on the main thread, so
// that an address that cannot be bound fails the start or the reload with an explanation. Each
// worker gets its own socket for TCP (SO_REUSEPORT), and a duplicate for Unix paths and inherited
// sockets. Sockets that another process has passed are used where they fit (`upgrade:`).

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
#include "proxy/server/received_sockets.h"
#include "proxy/server/systemd_notify.h"

namespace mantlet::server {

// Returns where a socket is bound that replaces the one at `path`, before it is moved there.
std::string SuccessorPath(const std::string& path);

struct BoundListener {
  std::string address;                      // as bound, with the real port instead of port 0
  std::vector<io::FileDescriptor> sockets;  // one per worker
  bool received = false;                    // another process has passed them
};

// What an address is opened for.
struct SocketOwner {
  SocketUse use = SocketUse::kListener;
  std::string name;  // of the listener or endpoint
};

class ListeningSockets {
 public:
  explicit ListeningSockets(std::vector<InheritedSocket> inherited)
      : inherited_(std::move(inherited)) {}

  // Whether another socket may be bound to the same TCP address.
  enum class PortSharing {
    kExclusive,  // at the start
    kShared,     // the other socket may be one of this process: a reload that renames a listener
  };
  // Opens `count` sockets for `address`, or for each socket of that name that the service manager
  // passed. An error contains the address and a hint.
  //
  // Sockets that another process has passed are used if they fit. They may be fewer or more than
  // `count`: then workers share a socket, or have several, which are in several of the results.
  //
  // A Unix path that is already bound gets a second socket, which takes over the path with
  // Commit(), so that clients can connect at any moment.
  absl::StatusOr<std::vector<BoundListener>> Open(const config::Address& address, size_t count,
                                                  PortSharing sharing,
                                                  const io::ListenOptions& options = {},
                                                  const SocketOwner& owner = {});

  // Sets what the following calls of Open() may use. FinishReceived() returns what they have used
  // (ReceivedSockets::Finish) and closes the rest. The files of the used ones belong to the other
  // process until Commit().
  void SetReceived(ReceivedSockets received) { received_ = std::move(received); }
  std::vector<uint32_t> FinishReceived() { return received_.Finish(); }

  // Returns whether `path` leads to a socket that this process has to remove.
  bool IsOurs(const std::string& path) const;
  // From now on, the file at `path` is that of another process.
  void Disown(const std::string& path) { files_.erase(path); }

  // Moves sockets that were opened for a path in use to that path.
  void MoveSuccessors();
  // The same, and from now on the files of received sockets belong to this process.
  void Commit();
  // Removes the socket files of this process, except those for which `keep` returns true, and
  // closes sockets that Commit() has not moved. Files that now belong to another process stay;
  // ownership can be determined only while the sockets are open.
  void RemoveFiles(const std::function<bool(const std::string& path)>& keep);

  // Returns the names of inherited sockets that no Open() has used.
  std::set<std::string> UnusedInherited() const;

 private:
  using Bound = absl::StatusOr<std::vector<BoundListener>>;

  Bound OpenTcp(const config::Address& address, size_t count, PortSharing sharing,
                const io::ListenOptions& options, const SocketOwner& owner);
  Bound OpenUnix(const std::string& path, size_t count, const io::ListenOptions& options,
                 const SocketOwner& owner);
  Bound OpenInherited(const std::string& name, size_t count);
  static Bound Spread(std::vector<io::FileDescriptor> sockets, size_t count,
                      const std::string& address);
  absl::StatusOr<BoundListener> Share(io::FileDescriptor socket, size_t count) const;

  std::vector<InheritedSocket> inherited_;
  std::set<std::string> used_names_;               // names used from inherited_
  std::map<std::string, io::SocketFile> files_;    // by path
  std::map<std::string, std::string> successors_;  // from a path to the path of its next socket
  ReceivedSockets received_;
  std::set<std::string> received_paths_;  // of used sockets, before Commit()
};

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LISTENING_SOCKETS_H_
