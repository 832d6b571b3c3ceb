#include "proxy/verify/client_verdict_cache.h"

#include <openssl/sha.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace mantlet::verify {
namespace {

// The approximate memory of an entry in the list and the table.
constexpr size_t kEntryBytes = 256;

// Lengths precede the contents, so that different chains give different texts.
void Add(SHA256_CTX* context, std::string_view part) {
  const uint64_t size = part.size();
  SHA256_Update(context, &size, sizeof(size));
  SHA256_Update(context, part.data(), part.size());
}

std::array<uint8_t, 32> DigestOf(std::string_view verifier_id, Expired expired,
                                 absl::Span<const std::string_view> ders) {
  SHA256_CTX context;
  SHA256_Init(&context);
  Add(&context, verifier_id);
  Add(&context, expired == Expired::kAccept ? "expired too" : "");
  for (std::string_view der : ders) Add(&context, der);
  std::array<uint8_t, 32> digest;
  static_assert(SHA256_DIGEST_LENGTH == digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

size_t BytesOf(const std::vector<std::string>& texts) {
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += sizeof(std::string) + text.capacity();
  return bytes;
}

size_t BytesOf(const identity::ClientCertificate& certificate) {
  size_t bytes =
      sizeof(certificate) + BytesOf(certificate.ou) + BytesOf(certificate.organization_identifier) +
      BytesOf(certificate.san_uri) + BytesOf(certificate.san_dns) + BytesOf(certificate.san_email) +
      BytesOf(certificate.san_ip) + BytesOf(certificate.san_upn) + BytesOf(certificate.chain_der);
  for (const std::string* text :
       {&certificate.subject, &certificate.issuer, &certificate.cn, &certificate.serial,
        &certificate.fingerprint_sha256, &certificate.fingerprint_sha1, &certificate.spki_sha256,
        &certificate.der, &certificate.spiffe_id}) {
    bytes += text->capacity();
  }
  return bytes;
}

}  // namespace

ClientCheck ClientVerdictCache::Check(const ClientVerifier& verifier,
                                      absl::Span<const std::string_view> ders, int64_t now) {
  return FindOrCheck(verifier, ders, now, Expired::kRefuse,
                     [&] { return CheckClient(verifier, ders, now); });
}

VerifyResult ClientVerdictCache::Recheck(
    const ClientVerifier& verifier,
    const std::shared_ptr<const identity::ClientCertificate>& certificate, int64_t now,
    Expired expired) {
  const std::vector<std::string_view> ders = DersOf(*certificate);
  const auto verify = [&] {
    return ClientCheck{Reverify(verifier, ders, now, expired), certificate};
  };
  return FindOrCheck(verifier, ders, now, expired, verify).verdict;
}

template <typename CheckFully>
ClientCheck ClientVerdictCache::FindOrCheck(const ClientVerifier& verifier,
                                            absl::Span<const std::string_view> ders, int64_t now,
                                            Expired expired, CheckFully check_fully) {
  size_t chain_bytes = 0;
  for (std::string_view der : ders) chain_bytes += der.size();
  if (chain_bytes > limits_.chain_bytes) return check_fully();

  const Digest digest = DigestOf(verifier.id(), expired, ders);
  if (const auto found = by_digest_.find(digest); found != by_digest_.end()) {
    const Clients::iterator client = found->second;
    if (client->verified_at <= now && now < client->check.verdict.valid_until) {
      clients_.splice(clients_.begin(), clients_, client);
      return client->check;
    }
    Evict(client);
  }
  ClientCheck check = check_fully();
  if (!check.verdict.ok()) return check;
  const size_t bytes = kEntryBytes + BytesOf(*check.certificate);
  Insert({digest, now, check, bytes});
  return check;
}

void ClientVerdictCache::Insert(Client client) {
  bytes_ += client.bytes;
  clients_.push_front(std::move(client));
  by_digest_[clients_.front().digest] = clients_.begin();
  while (clients_.size() > limits_.clients || bytes_ > limits_.bytes) {
    Evict(std::prev(clients_.end()));
  }
}

void ClientVerdictCache::Evict(Clients::iterator client) {
  bytes_ -= client->bytes;
  by_digest_.erase(client->digest);
  clients_.erase(client);
}

}  // namespace mantlet::verify
