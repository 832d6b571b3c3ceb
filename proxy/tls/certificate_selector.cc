#include "proxy/tls/certificate_selector.h"

#include <algorithm>
#include <set>

#include "absl/strings/string_view.h"

namespace mantlet::tls {
namespace {

std::set<std::string> AllNames(const CertificateSelector::Entry& entry) {
  std::set<std::string> names(entry.names.begin(), entry.names.end());
  names.insert(entry.other_names.begin(), entry.other_names.end());
  return names;
}

bool SameNames(const CertificateSelector::Entry& a, const CertificateSelector::Entry& b) {
  if (a.names.size() != b.names.size() || a.other_names.size() != b.other_names.size()) {
    return false;  // a cheap check that rejects most
  }
  const std::set<std::string> names = AllNames(a);
  return !names.empty() && names == AllNames(b);
}

}  // namespace

void CertificateSelector::Candidates::Add(x509::LeafKey key, size_t index) {
  uint32_t& place = by_key[static_cast<size_t>(key)];
  if (place == kNone) place = static_cast<uint32_t>(index);
}

std::optional<size_t> CertificateSelector::Candidates::Choose(x509::LeafKeySet verifiable) const {
  auto place = [&](x509::LeafKey key) {
    return verifiable.Contains(key) ? by_key[static_cast<size_t>(key)] : kNone;
  };
  const uint32_t ecdsa =
      std::min({place(x509::LeafKey::kEcdsaP256), place(x509::LeafKey::kEcdsaP384),
                place(x509::LeafKey::kEcdsaP521)});
  for (uint32_t index : {ecdsa, place(x509::LeafKey::kEd25519), place(x509::LeafKey::kRsa)}) {
    if (index != kNone) return index;
  }
  return std::nullopt;
}

bool CertificateSelector::Candidates::Has(size_t index) const {
  return std::find(by_key.begin(), by_key.end(), index) != by_key.end();
}

CertificateSelector::CertificateSelector(const std::vector<Entry>& entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    for (const std::string& name : entry.names) {
      if (name.starts_with("*.")) {
        wildcard_[name.substr(2)].Add(entry.key, i);
      } else {
        exact_[name].Add(entry.key, i);
      }
    }
    if (i == 0 || SameNames(entry, entries[0])) default_.Add(entry.key, i);
  }
}

const CertificateSelector::Candidates* CertificateSelector::Lookup(const Map& map,
                                                                   std::string_view name) {
  // absl::string_view may be a type of its own.
  auto it = map.find(absl::string_view(name.data(), name.size()));
  return it == map.end() ? nullptr : &it->second;
}

const CertificateSelector::Candidates* CertificateSelector::LookupWildcard(
    std::string_view name) const {
  const size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos) return nullptr;
  return Lookup(wildcard_, name.substr(dot + 1));
}

std::optional<size_t> CertificateSelector::Find(std::string_view name,
                                                x509::LeafKeySet verifiable) const {
  const Candidates* exact = Lookup(exact_, name);
  const Candidates* wildcard = LookupWildcard(name);
  for (x509::LeafKeySet keys : {verifiable, x509::LeafKeySet::All()}) {
    for (const Candidates* candidates : {exact, wildcard}) {
      if (candidates == nullptr) continue;
      if (std::optional<size_t> index = candidates->Choose(keys)) return index;
    }
  }
  return std::nullopt;
}

bool CertificateSelector::Covers(size_t index, std::string_view name) const {
  if (const Candidates* exact = Lookup(exact_, name)) return exact->Has(index);
  const Candidates* wildcard = LookupWildcard(name);
  return wildcard != nullptr && wildcard->Has(index);
}

size_t CertificateSelector::Default(x509::LeafKeySet verifiable) const {
  if (std::optional<size_t> index = default_.Choose(verifiable)) return *index;
  return default_.Choose(x509::LeafKeySet::All()).value_or(0);
}

}  // namespace mantlet::tls
