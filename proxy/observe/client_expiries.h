// ClientExpiries keeps when the certificates of clients end: the soonest end among the clients that
// a listener has verified within the last day, by the issuer of their certificate.
//
// Its size is bounded: kIssuers issuers have an entry each, and all others share one. Only verified
// clients are passed to it, so strangers cannot add an entry. What is older than kHours is
// forgotten, hour by hour, and so is the end of a certificate that has passed.
//
// Any thread. A mutex is held while the names of at most kIssuers issuers are compared, once for a
// handshake, or while their ends are copied, once for a scrape: some microseconds.

#ifndef MANTLET_PROXY_OBSERVE_CLIENT_EXPIRIES_H_
#define MANTLET_PROXY_OBSERVE_CLIENT_EXPIRIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
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

  // A client with a certificate of `issuer` that ends at `not_after` was verified at `now`; seconds
  // since the epoch.
  void Seen(std::string_view issuer, int64_t not_after, int64_t now);

  // Lowers the values of `soonest` to the ends that this object knows at `now`, and adds issuers.
  void Collect(int64_t now, std::map<std::string, int64_t>* soonest) const;

 private:
  static constexpr int64_t kNone = INT64_MAX;

  // The soonest end within one hour.
  struct Hour {
    int64_t hour = 0;
    int64_t not_after = kNone;
  };
  struct Entry {
    std::string issuer;
    std::array<Hour, kHours> hours;
    int64_t last_hour = 0;
  };

  Entry& EntryOf(std::string_view issuer, int64_t hour);

  mutable std::mutex mutex_;    // guards what follows
  std::vector<Entry> entries_;  // at most kIssuers
  Entry others_ = {.issuer = std::string(kOthers), .hours = {}};
};

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_CLIENT_EXPIRIES_H_
