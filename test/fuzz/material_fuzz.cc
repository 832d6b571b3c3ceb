// Any bytes in the place of each file a listener names (the first byte, '0' to '6',
// says which): what is shown is clean text, and a generation that is accepted keeps
// its promises.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "certs/generation_loader.h"
#include "certs/show.h"
#include "proxy/pattern/spiffe_id.h"
#include "test/certs/material_helper.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

constexpr char kSpiffe[] = "/spiffe/bundle.json";

void RequireCleanText(std::string_view text) {
  for (unsigned char c : text) {
    Require((c >= 0x20 && c != 0x7f) || c == '\n', "control bytes on the terminal", text);
  }
}

void ShowAny(std::string_view bytes) {
  for (const auto& passphrase : {std::optional<std::string>(), std::optional<std::string>("x")}) {
    const certs::ShowResult shown = certs::Show("file", bytes, passphrase, x509::kNow);
    RequireCleanText(shown.text);
    const std::string json =
        shown.json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    Require(nlohmann::ordered_json::accept(json), "no JSON", json);
  }
}

void RequirePromises(const certs::Generation& generation) {
  for (const certs::ListenerMaterial& listener : generation.listeners) {
    Require(listener.trust != nullptr || !listener.spiffe.empty(), "no trust");
    Require(listener.trust == nullptr || !listener.anchors.empty(), "no trust anchors");
    for (const certs::SpiffeDomain& domain : listener.spiffe) {
      Require(pattern::CheckTrustDomain(domain.name).ok(), "a trust domain that is none");
    }
    for (const certs::TrustAnchor& anchor : listener.anchors) {
      const bool old_root = anchor.certificate->version1() && anchor.certificate->self_signed();
      Require(anchor.certificate->is_ca() || old_root, "an anchor that is no CA");
    }
    Require(!listener.certificates.empty(), "no server certificate");
    for (const certs::ServerCertificate& server : listener.certificates) {
      Require(server.key->Matches(*server.leaf), "a key that does not fit");
      Require(server.leaf->for_server(), "not for servers");
      Require(server.leaf->not_after() > x509::kNow, "expired");
      Require(server.leaf->public_key().weakness.empty(), "a weak key");
      for (size_t i = 1; i < server.chain.size(); ++i) {
        const auto issued = [&](const auto& above) { return above->IssuedBy(*server.chain[i]); };
        Require(
            std::any_of(server.chain.begin(), server.chain.begin() + static_cast<long>(i), issued),
            "a broken chain");
        Require(server.chain[i]->not_after() > x509::kNow, "an expired issuer");
      }
    }
  }
}

void Load(uint8_t role, const std::string& bytes) {
  certs::MemoryFileReader files = certs::GoodFiles();
  config::Config config = certs::OneListener();
  config::CertificateFiles& names = config.listeners[0].tls.certificates[0];
  config::ClientAuth& auth = config.listeners[0].client_auth;
  switch (static_cast<uint8_t>(role - '0') % 7) {
    case 0:
      files.Put(certs::kChain, bytes);
      break;
    case 1:
      files.Put(certs::kKey, bytes);
      break;
    case 2:
      files.Put(certs::kCa, bytes);
      break;
    case 3:
      names = {};
      names.bundle = certs::kBundle;
      files.Put(certs::kBundle,
                bytes + certs::ChainPem(certs::Server()) + certs::Server().key->ToPem());
      break;
    case 4:
      names = {};
      names.pkcs12 = certs::kPkcs12;
      files.Put(certs::kPkcs12, bytes);
      break;
    case 5:
      auth.spiffe.trust_domains = {{"example.org", {kSpiffe}, {}}};
      files.Put(kSpiffe, bytes);
      break;
    case 6:
      auth.spiffe.bundle_map = kSpiffe;
      files.Put(kSpiffe, bytes);
      break;
  }
  auto images = certs::GenerationLoader::ReadAll(config, files);
  Require(images.ok(), "files in memory hold still");
  const certs::BuildResult result = certs::BuildGeneration(config, *images, x509::kNow);
  Require((result.generation == nullptr) == config::HasErrors(result.diagnostics),
          "an error and a generation", config::JoinErrors(result.diagnostics));
  if (result.generation != nullptr) RequirePromises(*result.generation);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mantlet::fuzz::Input input(data, size);
  const uint8_t role = input.Byte();
  mantlet::fuzz::ShowAny(input.Rest());
  mantlet::fuzz::Load(role, std::string(input.Rest()));
  return 0;
}
