#include "certs/server_certificate_loader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "certs/image_lookup.h"
#include "proxy/x509/material.h"
#include "proxy/x509/wipe.h"

namespace mantlet::certs {
namespace {

using Kind = x509::MaterialItem::Kind;

constexpr uint32_t kWorldReadable = 04;

class Assembly {
 public:
  Assembly(const config::CertificateFiles& files, const FileImages& images, DiagnosticSink* sink)
      : files_(files), images_(images), sink_(sink) {}

  ~Assembly() {
    if (passphrase_.has_value()) x509::Wipe(&*passphrase_);
  }

  std::optional<ServerCertificate> Run() {
    if (!files_.passphrase_file.empty()) {
      passphrase_ = ReadPassphrase(files_.passphrase_file, images_, sink_);
      if (!passphrase_.has_value()) return std::nullopt;
    }
    const bool one_file = files_.chain.empty();
    server_.chain_file = one_file ? OneFile() : files_.chain;
    server_.key_file = one_file ? OneFile() : files_.key;
    // Both are parsed even if one fails, so that all mistakes are reported at once.
    std::optional<x509::Material> chain = Parse(server_.chain_file);
    std::optional<x509::Material> key = one_file ? chain : Parse(server_.key_file);
    bool have_key = key.has_value() && TakeKey(*key);
    bool have_chain = chain.has_value() && TakeChain(*chain);
    if (!have_key || !have_chain || !FindLeaf()) return std::nullopt;
    Complete();
    return std::move(server_);
  }

 private:
  const std::string& OneFile() const {
    return files_.bundle.empty() ? files_.pkcs12 : files_.bundle;
  }

  std::optional<x509::Material> Parse(const std::string& path) {
    const FileContent* content = FindContent(path, images_, sink_);
    if (content == nullptr) return std::nullopt;
    absl::StatusOr<x509::Material> material = x509::ParseMaterial(content->bytes, passphrase_);
    if (material.ok()) return *std::move(material);
    if (absl::IsUnauthenticated(material.status())) {
      SayWrongPassphrase(path, material.status());
    } else {
      ReportUnparsable(path, material.status(), sink_);
    }
    return std::nullopt;
  }

  void SayWrongPassphrase(const std::string& path, const absl::Status& status) {
    std::string hint = absl::StrCat("check ", files_.passphrase_file);
    if (!passphrase_.has_value() && path != files_.pkcs12) {
      hint =
          "it is PKCS#12 with key and chain; name it under pkcs12: alone, and the file that "
          "with its passphrase under passphrase_file:";
    } else if (!passphrase_.has_value()) {
      hint = "name the file with its passphrase under passphrase_file:";
    }
    sink_->Error("wrong_passphrase", path, std::string(status.message()), std::move(hint));
  }

  bool TakeKey(const x509::Material& material) {
    bool locked = false;
    for (const x509::MaterialItem& item : material.items) {
      locked = locked || item.kind == Kind::kLockedKey;
      if (item.kind != Kind::kPrivateKey) continue;
      if (server_.key != nullptr) {
        sink_->Error("several_keys", server_.key_file, "it contains more than one private key",
                     "keep the one that belongs to the certificate");
        return false;
      }
      server_.key = item.key;
    }
    if (server_.key == nullptr && locked) {
      sink_->Error("key_encrypted", server_.key_file, "its private key is encrypted",
                   "name the file with its passphrase under passphrase_file:");
    } else if (server_.key == nullptr) {
      SayNoKey(material);
    }
    const FileContent* content = FindContent(server_.key_file, images_, sink_);
    if (server_.key != nullptr && content != nullptr && (content->mode & kWorldReadable) != 0) {
      sink_->Warning("key_world_readable", server_.key_file,
                     "all users of this machine can read this private key", "chmod o-rwx it");
    }
    return server_.key != nullptr;
  }

  void SayNoKey(const x509::Material& material) {
    std::string hint = x509::HintForOther(material);
    if (!material.certificates().empty()) {
      hint = "this is a certificate; name its private key's file under key:";
    } else if (hint.empty()) {
      hint = "name the file with the certificate's private key";
    }
    sink_->Error("no_key", server_.key_file,
                 absl::StrCat("it contains no private key, but ", x509::Inventory(material)),
                 std::move(hint));
  }

  bool TakeChain(const x509::Material& material) {
    server_.chain = material.certificates();
    unordered_ = !material.ordered;
    if (!server_.chain.empty()) return true;
    std::string hint = x509::HintForOther(material);
    if (hint.empty()) hint = "it must contain the server certificate first, then the intermediates";
    for (const x509::MaterialItem& item : material.items) {
      if (item.kind == Kind::kPrivateKey || item.kind == Kind::kLockedKey) {
        hint = "put the server certificate here, then the intermediates; a key belongs under key:";
      } else if (item.kind == Kind::kCrl) {
        hint = "a revocation list belongs under client_auth.crl.files";
      }
    }
    sink_->Error("no_certificate", server_.chain_file,
                 absl::StrCat("it contains no certificate, but ", x509::Inventory(material)),
                 std::move(hint));
    return false;
  }

  // The leaf is the certificate that the key belongs to. In a `chain` file it must be first, unless
  // that is PKCS#7; in the other two forms it may be anywhere.
  bool FindLeaf() {
    auto fits = [this](const x509::CertificatePtr& c) { return server_.key->Matches(*c); };
    auto leaf = std::find_if(server_.chain.begin(), server_.chain.end(), fits);
    if (leaf == server_.chain.end()) {
      sink_->Error(
          "key_mismatch", server_.key_file,
          absl::StrCat("this key (", server_.key->public_key().text,
                       ") does not match the certificate ", server_.chain.front()->subject(), " (",
                       server_.chain.front()->public_key().text, ") in ", server_.chain_file),
          "use the key that the certificate was issued for; if the files are being "
          "replaced right now, wait");
      return false;
    }
    if (leaf != server_.chain.begin() && !files_.chain.empty() && !unordered_) {
      sink_->Error("leaf_not_first", server_.chain_file,
                   absl::StrCat("the certificate of this key, ", (*leaf)->subject(),
                                ", is not the first one"),
                   "put the server certificate first, then the intermediates in order");
      return false;
    }
    std::rotate(server_.chain.begin(), leaf, leaf + 1);
    return true;
  }

  void Complete() {
    server_.leaf = server_.chain.front();
    for (const std::string& name : server_.leaf->san().dns) {
      server_.names.push_back(absl::AsciiStrToLower(name));
    }
    server_.san_uri = server_.leaf->san().uri;
  }

  const config::CertificateFiles& files_;
  const FileImages& images_;
  DiagnosticSink* sink_;
  std::optional<std::string> passphrase_;
  bool unordered_ = false;  // the order in the chain's file has no meaning
  ServerCertificate server_;
};

}  // namespace

std::optional<ServerCertificate> LoadServerCertificate(const config::CertificateFiles& files,
                                                       const FileImages& images,
                                                       DiagnosticSink* sink) {
  return Assembly(files, images, sink).Run();
}

}  // namespace mantlet::certs
