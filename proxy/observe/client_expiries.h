// ClientExpiries keeps when the certificates of clients end: the soonest end among the clients that
// a listener has verified within the last day, by the issuer of their certificate.
//
// Its size is bounded: kIssuers issuers have an entry each, and all others share one. Only verified
// clients are passed to it, so strangers cannot add an entry. What is older than kHours is
// forgotten, hour by hour, and so is the end of a certificate that has passed.
//
// Threads: one worker calls Seen(), any thread Collect(). Neither waits for the other.

#ifndef MANTLET_PROXY_OBSERVE_CLIENT_EXPIRIES_H_
#define MANTLET_PROXY_OBSERVE_CLIENT_EXPIRIES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mantlet::observe {

class ClientExpiries {
 public:
  static constexpr size_t kIssuers = 32;
  static constexpr int64_t kHours = 24;
  // The name of the entry that the issuers without one share. A distinguished name contains '='.
  static constexpr std::string_view kOthers = "other";

  ClientExpiries() = default;
  ~ClientExpiries();
  ClientExpiries(const ClientExpiries&) = delete;
  ClientExpiries& operator=(const ClientExpiries&) = delete;

  // A client with a certificate of `issuer` that ends at `not_after` was verified at `now`; seconds
  // since the epoch.
  void Seen(std::string_view issuer, int64_t not_after, int64_t now);

  // Lowers the values of `soonest` to the ends that this object knows at `now`, and adds issuers.
  void Collect(int64_t now, std::map<std::string, int64_t>* soonest) const;

 private:
  // The soonest end within one hour. While `hour` changes, `not_after` is kNone.
  struct Hour {
    std::atomic<int64_t> hour{0};
    std::atomic<int64_t> not_after{kNone};
  };
  struct Entry {
    std::string issuer;
    std::array<Hour, kHours> hours;
    int64_t last_hour = 0;  // of the worker
  };
  struct Retired {
    std::unique_ptr<Entry> entry;
    int64_t hour;
  };
  static constexpr int64_t kNone = INT64_MAX;

  Entry& EntryOf(std::string_view issuer, int64_t hour);
  std::atomic<Entry*>* SlotFor(int64_t hour);

  std::array<std::atomic<Entry*>, kIssuers + 1> entries_{};  // owned; the last is kOthers
  std::vector<Retired> retired_;                             // a scrape may still read them
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_CLIENT_EXPIRIES_H_
