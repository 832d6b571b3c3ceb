#include "proxy/identity/strip_set.h"

#include <algorithm>

namespace mantlet::identity {
namespace {

constexpr std::string_view kAlways[] = {
    "x-forwarded-client-cert", "client-cert",       "client-cert-chain", "x-forwarded-for",
    "x-forwarded-host",        "x-forwarded-proto", "content-length",    "transfer-encoding"};

}  // namespace

StripSet::StripSet(const config::IdentityHeaders& headers) {
  for (std::string_view name : kAlways) Add(name);
  for (const auto& [name, field] : headers.set) Add(name);
}

void StripSet::Add(std::string_view name) {
  if (name.empty()) return;
  std::string folded(name);
  for (char& c : folded) c = Fold(c);
  const size_t length = name.size() < kLengths ? name.size() : 0;
  first_by_length_[length] |= uint64_t{1} << (folded[0] & 63);
  if (std::find(names_.begin(), names_.end(), folded) == names_.end()) {
    names_.push_back(std::move(folded));
  }
}

bool StripSet::Search(std::string_view name) const {
  for (const std::string& candidate : names_) {
    if (candidate.size() == name.size() &&
        std::equal(name.begin(), name.end(), candidate.begin(),
                   [](char a, char b) { return Fold(a) == b; })) {
      return true;
    }
  }
  return false;
}

}  // namespace mantlet::identity
