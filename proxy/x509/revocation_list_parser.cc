#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/mem.h>
#include <openssl/x509.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proxy/x509/byte_view.h"
#include "proxy/x509/certificate_names.h"
#include "proxy/x509/der_stream.h"
#include "proxy/x509/der_time.h"
#include "proxy/x509/hex.h"
#include "proxy/x509/openssl_errors.h"
#include "proxy/x509/revocation_list.h"
#include "proxy/x509/revocation_list_extensions.h"

namespace mantlet::x509 {
namespace {

constexpr uint8_t kSequence = 0x30;
constexpr uint8_t kInteger = 0x02;
constexpr uint8_t kBitString = 0x03;
constexpr uint8_t kUtcTime = 0x17;
constexpr uint8_t kGeneralizedTime = 0x18;
constexpr uint8_t kExtensions = 0xa0;

absl::Status Reject(const std::string& what) { return absl::InvalidArgumentError(what); }

}  // namespace

// RevocationListParser reads the parts of a CertificateList in their order (RFC 5280, 5.1).
class RevocationListParser {
 public:
  explicit RevocationListParser(ByteSource& source) : der_(source) {}

  absl::StatusOr<std::unique_ptr<RevocationList>> Run() {
    ClearErrors();
    absl::Status status = ReadList();
    ClearErrors();
    if (!status.ok()) return status;
    return std::move(list_);
  }

 private:
  absl::Status ReadList() {
    absl::StatusOr<int> first = der_.PeekTag();
    if (!first.ok()) return first.status();
    if (*first < 0) return Reject("it is empty");
    if (*first != kSequence) return Reject("it is not a certificate revocation list");
    absl::StatusOr<uint64_t> content = der_.Enter(kSequence);
    if (!content.ok()) return content.status();
    const uint64_t end = der_.position() + *content;
    if (absl::Status status = ReadSignedPart(); !status.ok()) return status;
    if (absl::Status status = ReadSignature(); !status.ok()) return status;
    if (der_.position() != end) return Reject("it is not valid DER");
    absl::StatusOr<int> after = der_.PeekTag();
    if (!after.ok()) return after.status();
    if (*after >= 0) return Reject("bytes follow the end of the list");
    Finish();
    return absl::OkStatus();
  }

  absl::Status ReadSignedPart() {
    // The bytes are kept until the algorithm is known, then hashed.
    std::string beginning;
    der_.SetTap([&](std::string_view piece) { beginning += piece; });
    absl::StatusOr<uint64_t> content = der_.Enter(kSequence);
    if (!content.ok()) return content.status();
    const uint64_t end = der_.position() + *content;
    if (absl::Status status = ReadVersion(); !status.ok()) return status;
    if (absl::Status status = ReadAlgorithm(); !status.ok()) return status;
    der_.SetTap(nullptr);
    StartHash(beginning);
    der_.SetTap([this](std::string_view piece) { Hash(piece); });
    if (absl::Status status = ReadIssuerAndDates(end); !status.ok()) return status;
    if (absl::Status status = ReadEntries(end); !status.ok()) return status;
    if (absl::Status status = ReadExtensions(end); !status.ok()) return status;
    der_.SetTap(nullptr);
    if (der_.position() != end) return Reject("it is not valid DER");
    EndHash();
    list_->serials_.Freeze();
    return absl::OkStatus();
  }

  absl::Status ReadVersion() {
    absl::StatusOr<int> tag = der_.PeekTag();
    if (!tag.ok()) return tag.status();
    if (*tag != kInteger) return absl::OkStatus();  // version 1 has no such field
    absl::StatusOr<std::string_view> version = der_.Element(kInteger);
    if (!version.ok()) return version.status();
    if (*version != std::string_view("\x02\x01\x01", 3)) {
      return Reject("it is not a certificate revocation list of version 1 or 2");
    }
    version2_ = true;
    return absl::OkStatus();
  }

  absl::Status ReadAlgorithm() {
    absl::StatusOr<std::string_view> algorithm = der_.Element(kSequence);
    if (!algorithm.ok()) return Reject("it is not a certificate revocation list");
    algorithm_ = std::string(*algorithm);
    absl::StatusOr<SignatureScheme> scheme = SignatureScheme::Parse(algorithm_);
    if (!scheme.ok()) return scheme.status();
    list_->scheme_ = *std::move(scheme);
    return absl::OkStatus();
  }

  absl::Status ReadIssuerAndDates(uint64_t end) {
    absl::StatusOr<std::string_view> name = der_.Element(kSequence);
    if (!name.ok()) return Reject("it is not a certificate revocation list");
    const uint8_t* in = Data(*name);
    const uint8_t* name_end = in + name->size();
    list_->issuer_name_ = d2i_X509_NAME(nullptr, &in, static_cast<long>(name->size()));
    if (list_->issuer_name_ == nullptr || in != name_end) {
      return Reject("the name of its issuer cannot be parsed");
    }
    list_->issuer_ = RenderName(list_->issuer_name_, ControlBytes::kEscape);
    if (X509_NAME_entry_count(list_->issuer_name_) == 0) {
      return Reject("it does not name its issuer");
    }
    if (!ReadTime(&list_->this_update_)) return Reject("its thisUpdate cannot be parsed");
    absl::StatusOr<int> tag = PeekBefore(end);
    if (!tag.ok()) return tag.status();
    if (*tag != kUtcTime && *tag != kGeneralizedTime) return absl::OkStatus();
    if (!ReadTime(&list_->next_update_)) return Reject("its nextUpdate cannot be parsed");
    if (list_->next_update_ < list_->this_update_) {
      return Reject("its nextUpdate is before its thisUpdate");
    }
    return absl::OkStatus();
  }

  bool ReadTime(int64_t* seconds) {
    absl::StatusOr<int> tag = der_.PeekTag();
    if (!tag.ok() || (*tag != kUtcTime && *tag != kGeneralizedTime)) return false;
    absl::StatusOr<std::string_view> element = der_.Element(static_cast<uint8_t>(*tag));
    if (!element.ok()) return false;
    CBS in = AsCbs(*element);
    return TakeTime(&in, seconds);
  }

  absl::Status ReadEntries(uint64_t end) {
    absl::StatusOr<int> tag = PeekBefore(end);
    if (!tag.ok()) return tag.status();
    if (*tag != kSequence) return absl::OkStatus();
    absl::StatusOr<uint64_t> content = der_.Enter(kSequence);
    if (!content.ok()) return content.status();
    const uint64_t entries_end = der_.position() + *content;
    while (der_.position() < entries_end) {
      absl::StatusOr<std::string_view> entry = der_.Element(kSequence);
      if (!entry.ok()) return entry.status();
      if (absl::Status status = TakeEntry(*entry); !status.ok()) return status;
    }
    return der_.position() == entries_end ? absl::OkStatus() : Reject("it is not valid DER");
  }

  absl::Status TakeEntry(std::string_view element) {
    CBS in = AsCbs(element), entry, serial;
    int64_t date = 0;
    if (!CBS_get_asn1(&in, &entry, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&entry, &serial, CBS_ASN1_INTEGER) ||
        !CBS_is_valid_asn1_integer(&serial, nullptr) || !TakeTime(&entry, &date)) {
      return Reject(absl::StrCat("entry ", list_->entries_ + 1, " cannot be parsed"));
    }
    if (!list_->serials_.Add(View(serial))) {
      return Reject(absl::StrCat("entry ", list_->entries_ + 1, " has a serial number of ",
                                 CBS_len(&serial), " bytes, or there is no memory left"));
    }
    ++list_->entries_;
    if (CBS_len(&entry) == 0) return absl::OkStatus();
    CBS extensions;
    if (!version2_ || !CBS_get_asn1(&entry, &extensions, CBS_ASN1_SEQUENCE) ||
        CBS_len(&entry) != 0) {
      return Reject(absl::StrCat("entry ", list_->entries_, " cannot be parsed"));
    }
    return CheckEntryExtensions(View(extensions));
  }

  absl::Status ReadExtensions(uint64_t end) {
    absl::StatusOr<int> tag = PeekBefore(end);
    if (!tag.ok()) return tag.status();
    if (*tag != kExtensions) return absl::OkStatus();
    absl::StatusOr<std::string_view> element = der_.Element(kExtensions);
    if (!element.ok()) return element.status();
    CBS in = AsCbs(*element), wrapper, extensions;
    if (!version2_ || !CBS_get_asn1(&in, &wrapper, kContext0) ||
        !CBS_get_asn1(&wrapper, &extensions, CBS_ASN1_SEQUENCE) || CBS_len(&wrapper) != 0) {
      return Reject("its extensions cannot be parsed");
    }
    absl::StatusOr<RevocationListExtensions> read =
        ReadListExtensions(View(extensions), list_->issuer_name_);
    if (!read.ok()) return read.status();
    list_->number_ = std::move(read->number);
    list_->point_ = std::move(read->point);
    return absl::OkStatus();
  }

  absl::Status ReadSignature() {
    absl::StatusOr<std::string_view> algorithm = der_.Element(kSequence);
    if (!algorithm.ok()) return algorithm.status();
    if (*algorithm != algorithm_) {
      return Reject("its signed part names another signature algorithm than the outer structure");
    }
    absl::StatusOr<std::string_view> signature = der_.Element(kBitString);
    if (!signature.ok()) return signature.status();
    CBS in = AsCbs(*signature), bits;
    uint8_t unused = 0;
    if (!CBS_get_asn1(&in, &bits, CBS_ASN1_BITSTRING) || !CBS_get_u8(&bits, &unused) ||
        unused != 0) {
      return Reject("its signature cannot be parsed");
    }
    list_->signature_ = View(bits);
    return absl::OkStatus();
  }

  // Returns the next tag of a sequence that ends at `end`, or -1 at its end.
  absl::StatusOr<int> PeekBefore(uint64_t end) {
    if (der_.position() >= end) return -1;
    return der_.PeekTag();
  }

  // With Ed25519 the bytes are also kept; the hash is still needed for the id.
  void StartHash(std::string_view beginning) {
    const EVP_MD* digest = list_->scheme_.digest();
    EVP_DigestInit_ex(hash_.get(), digest == nullptr ? EVP_sha256() : digest, nullptr);
    Hash(beginning);
  }
  void Hash(std::string_view piece) {
    EVP_DigestUpdate(hash_.get(), piece.data(), piece.size());
    if (list_->scheme_.digest() == nullptr) content_ += piece;
  }
  void EndHash() {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(hash_.get(), digest, &size);
    digest_.assign(View(digest, size));
    list_->signed_bytes_ = std::make_shared<const std::string>(
        list_->scheme_.digest() == nullptr ? std::move(content_) : digest_);
  }
  void Finish() { list_->id_ = Sha256Hex(absl::StrCat(algorithm_, digest_, list_->signature_)); }

  static constexpr CBS_ASN1_TAG kContext0 = CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC | 0;

  DerStream der_;
  std::unique_ptr<RevocationList> list_{new RevocationList};
  bool version2_ = false;
  std::string algorithm_;  // the AlgorithmIdentifier in the signed part
  bssl::ScopedEVP_MD_CTX hash_;
  std::string digest_;
  std::string content_;  // the signed part; only with Ed25519
};

absl::StatusOr<std::unique_ptr<RevocationList>> RevocationList::Parse(ByteSource& source) {
  return RevocationListParser(source).Run();
}

}  // namespace mantlet::x509
