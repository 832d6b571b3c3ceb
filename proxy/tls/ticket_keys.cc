#include "proxy/tls/ticket_keys.h"

#include <openssl/aead.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "proxy/base/key_memory.h"
#include "proxy/x509/byte_view.h"

namespace mantlet::tls {
namespace {

constexpr size_t kNameBytes = 16;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
static_assert(kNameBytes + kNonceBytes + kTagBytes == TicketKeys::kOverheadBytes);

}  // namespace

class TicketKeys::Key {
 public:
  explicit Key(int64_t made_ms) : made_ms_(made_ms), name_(kNameBytes, '\0') {
    std::array<uint8_t, 32> secret;
    RAND_bytes(secret.data(), secret.size());
    RAND_bytes(x509::MutableData(name_), name_.size());
    usable_ = EVP_AEAD_CTX_init(&aead_, EVP_aead_aes_256_gcm(), secret.data(), secret.size(),
                                kTagBytes, nullptr) == 1;
    OPENSSL_cleanse(secret.data(), secret.size());
  }
  ~Key() { EVP_AEAD_CTX_cleanup(&aead_); }
  Key(const Key&) = delete;

  // The context contains the key and its schedule.
  static void* operator new(size_t size) { return base::AllocateKeyMemory(size); }
  static void operator delete(void* key, size_t size) { base::FreeKeyMemory(key, size); }

  std::string Seal(std::string_view plaintext, std::string_view associated) const {
    std::string ticket = name_;
    ticket.resize(kOverheadBytes + plaintext.size());
    uint8_t* nonce = x509::MutableData(ticket) + kNameBytes;
    // At most a few thousand per second for some hours: far below the limit of 2^32 messages for
    // random 96-bit nonces.
    RAND_bytes(nonce, kNonceBytes);
    size_t size = 0;
    const bool sealed =
        usable_ &&
        EVP_AEAD_CTX_seal(&aead_, nonce + kNonceBytes, &size, plaintext.size() + kTagBytes, nonce,
                          kNonceBytes, x509::Data(plaintext), plaintext.size(),
                          x509::Data(associated), associated.size()) == 1;
    if (!sealed) return {};
    ticket.resize(kNameBytes + kNonceBytes + size);
    return ticket;
  }

  // `ticket` must have at least kOverheadBytes.
  std::optional<std::string> Open(std::string_view ticket, std::string_view associated) const {
    const std::string_view nonce = ticket.substr(kNameBytes, kNonceBytes);
    const std::string_view sealed = ticket.substr(kNameBytes + kNonceBytes);
    std::string plaintext(sealed.size(), '\0');
    size_t size = 0;
    const bool opened =
        usable_ && EVP_AEAD_CTX_open(&aead_, x509::MutableData(plaintext), &size, plaintext.size(),
                                     x509::Data(nonce), nonce.size(), x509::Data(sealed),
                                     sealed.size(), x509::Data(associated), associated.size()) == 1;
    if (!opened) {
      ERR_clear_error();
      return std::nullopt;
    }
    plaintext.resize(size);
    return plaintext;
  }

  bool Made(std::string_view ticket) const { return ticket.starts_with(name_); }
  int64_t age_ms(int64_t now_ms) const { return now_ms - made_ms_; }

 private:
  const int64_t made_ms_;
  std::string name_;
  EVP_AEAD_CTX aead_;
  bool usable_ = false;
};

TicketKeys::TicketKeys(int64_t period_ms) : period_ms_(period_ms) {}
TicketKeys::~TicketKeys() = default;

void TicketKeys::Rotate(int64_t now_ms) {
  if (current_ != nullptr && current_->age_ms(now_ms) >= period_ms_) {
    previous_ = std::move(current_);
    current_ = nullptr;
  }
  if (previous_ != nullptr && previous_->age_ms(now_ms) >= 2 * period_ms_) previous_ = nullptr;
}

std::string TicketKeys::Seal(std::string_view plaintext, std::string_view associated,
                             int64_t now_ms) {
  KeyPtr key;
  {
    const std::lock_guard lock(mutex_);
    Rotate(now_ms);
    if (current_ == nullptr) {
      current_ = KeyPtr(new Key(now_ms));  // make_shared() does not use its operator new
    }
    key = current_;
  }
  return key->Seal(plaintext, associated);
}

std::optional<std::string> TicketKeys::Open(std::string_view ticket, std::string_view associated,
                                            int64_t now_ms) {
  if (ticket.size() < kOverheadBytes) return std::nullopt;
  KeyPtr key;
  {
    const std::lock_guard lock(mutex_);
    Rotate(now_ms);
    if (current_ != nullptr && current_->Made(ticket)) key = current_;
    if (previous_ != nullptr && previous_->Made(ticket)) key = previous_;
  }
  if (key == nullptr) return std::nullopt;
  return key->Open(ticket, associated);
}

}  // namespace mantlet::tls
