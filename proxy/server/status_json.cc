#include "proxy/server/status_json.h"

#include <nlohmann/json.hpp>

#include "config/schema.h"
#include "proxy/base/text.h"

namespace mantlet::server {
namespace {

using Json = nlohmann::ordered_json;

// Names in certificates may hold any bytes.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json Describe(const tls::Certificate& certificate) {
  return {{"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"serial", certificate.serial()},
          {"not_before", base::Rfc3339Seconds(certificate.not_before())},
          {"not_after", base::Rfc3339Seconds(certificate.not_after())},
          {"fingerprint_sha256", certificate.fingerprint_sha256()},
          {"key", certificate.public_key().text},
          {"san_dns", certificate.san().dns},
          {"san_ip", certificate.san().ip},
          {"san_uri", certificate.san().uri}};
}

}  // namespace

std::string CertificatesAsJson(const certs::Generation& generation) {
  Json document = {{"generation", generation.id},
                   {"loaded_at", base::Rfc3339Seconds(generation.loaded_at)},
                   {"warnings", generation.warnings},
                   {"listeners", Json::array()}};
  for (const certs::ListenerMaterial& listener : generation.listeners) {
    Json certificates = Json::array();
    for (const certs::ServerCertificate& certificate : listener.certificates) {
      Json chain = Json::array();
      for (const tls::CertificatePtr& link : certificate.chain) chain.push_back(Describe(*link));
      certificates.push_back({{"file", certificate.chain_file},
                              {"key_file", certificate.key_file},
                              {"names", certificate.names},
                              {"chain", std::move(chain)}});
    }
    Json anchors = Json::array();
    for (const certs::TrustAnchor& anchor : listener.anchors) {
      Json described = Describe(*anchor.certificate);
      described["file"] = anchor.file;
      anchors.push_back(std::move(described));
    }
    document["listeners"].push_back({{"name", listener.listener},
                                     {"certificates", std::move(certificates)},
                                     {"trust_anchors", std::move(anchors)}});
  }
  return Dump(document);
}

std::string ConfigAsJson(const config::Config& config) {
  return Dump({{"file", config.file}, {"effective_yaml", config::ToYaml(config)}});
}

std::string ConnectionsAsJson(const std::vector<ConnectionSummary>& connections) {
  Json list = Json::array();
  for (const ConnectionSummary& connection : connections) {
    std::string opened;
    base::AppendRfc3339Ms(connection.opened_wall_ms, &opened);
    list.push_back({{"listener", connection.listener},
                    {"peer", connection.peer},
                    {"state", connection.state},
                    {"tls_version", connection.tls_version},
                    {"subject", connection.subject},
                    {"spiffe_id", connection.spiffe_id},
                    {"requests", connection.requests},
                    {"opened", opened}});
  }
  return Dump({{"count", list.size()}, {"connections", std::move(list)}});
}

}  // namespace mantlet::server
