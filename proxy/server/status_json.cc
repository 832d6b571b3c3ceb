#include "proxy/server/status_json.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "certs/material_json.h"
#include "config/loader/schema.h"
#include "proxy/base/text.h"

namespace mantlet::server {
namespace {

using Json = nlohmann::ordered_json;

// Names in certificates may contain any bytes.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json MechanismAsJson(const sandbox::Mechanism& mechanism) {
  return {{"state", sandbox::ToString(mechanism.state)}, {"detail", mechanism.detail}};
}

Json PortsAsJson(const std::optional<std::set<uint16_t>>& ports) {
  return ports.has_value() ? Json(*ports) : Json("any");
}

}  // namespace

std::string CertificatesAsJson(const certs::Generation& generation, const ReloadState& reload) {
  Json document = {{"generation", generation.id},
                   {"loaded_at", base::Rfc3339Seconds(generation.loaded_at)},
                   {"reload_pending", reload.pending},
                   {"last_reload_failure", reload.last_failure},
                   {"listeners_pending", reload.listeners},
                   {"warnings", generation.warnings},
                   {"listeners", Json::array()}};
  for (const certs::ListenerMaterial& listener : generation.listeners) {
    Json material = {{"name", listener.listener}};
    certs::AddMaterial(listener, &material);
    document["listeners"].push_back(std::move(material));
  }
  return Dump(document);
}

std::string ConfigAsJson(const config::Config& config, const ConfinementReport& confinement) {
  Json landlock = MechanismAsJson(confinement.landlock);
  if (confinement.rules.has_value()) {
    const sandbox::Ruleset& rules = *confinement.rules;
    landlock["read"] = rules.read;
    landlock["write"] = rules.write;
    landlock["sockets"] = rules.sockets;
    landlock["bind_ports"] = PortsAsJson(rules.bind_ports);
    landlock["connect_ports"] = PortsAsJson(rules.connect_ports);
  }
  return Dump({{"file", config.file},
               {"effective_yaml", config::ToYaml(config)},
               {"process",
                {{"uid", confinement.uid},
                 {"dumpable", confinement.dumpable},
                 {"no_new_privileges", confinement.no_new_privileges},
                 {"landlock", std::move(landlock)},
                 {"seccomp", MechanismAsJson(confinement.seccomp)}}}});
}

std::string ConnectionsAsJson(const std::vector<ConnectionSummary>& connections) {
  Json list = Json::array();
  for (const ConnectionSummary& connection : connections) {
    std::string opened;
    base::AppendRfc3339Ms(connection.opened_wall_ms, &opened);
    list.push_back({{"listener", connection.listener},
                    {"peer", connection.peer},
                    {"state", connection.state},
                    {"protocol", connection.protocol},
                    {"streams", connection.streams},
                    {"tls_version", connection.tls_version},
                    {"subject", connection.subject},
                    {"spiffe_id", connection.spiffe_id},
                    {"requests", connection.requests},
                    {"opened", opened}});
  }
  return Dump({{"count", list.size()}, {"connections", std::move(list)}});
}

}  // namespace mantlet::server
