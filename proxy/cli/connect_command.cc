#include "proxy/cli/connect_command.h"

#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "certs/certificate_json.h"
#include "certs/file_reader.h"
#include "proxy/base/clock.h"
#include "proxy/connect/probe.h"

namespace mantlet::cli {
namespace {

using connect::ProbeResult;
using nlohmann::ordered_json;

// Returns nothing for a name that is too long for ALPN (RFC 7301, section 3.1).
std::optional<std::vector<std::string>> Protocols(const std::string& text) {
  constexpr size_t kLongest = 255;
  std::vector<std::string> protocols;
  if (text == "none") return protocols;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    protocols.push_back(text.substr(begin, end - begin));
    if (protocols.back().empty() || protocols.back().size() > kLongest) return std::nullopt;
    begin = end + 1;
  }
  return protocols;
}

void Print(const ProbeResult& result, const Console& console) {
  constexpr size_t kWidth = 10;
  for (const connect::Step& step : result.report.steps) {
    std::string state = "[" + std::string(ToString(step.state)) + "]";
    state.resize(std::max(state.size(), kWidth), ' ');
    console.out << state << step.text << "\n";
    for (const std::string& detail : step.details) {
      console.out << std::string(kWidth + 2, ' ') << detail << "\n";
    }
  }
  console.out.flush();
}

ordered_json ToJson(const ProbeResult& result, const std::string& target) {
  ordered_json steps = ordered_json::array();
  for (const connect::Step& step : result.report.steps) {
    steps.push_back({{"state", std::string(ToString(step.state))}, {"text", step.text}});
    if (!step.details.empty()) steps.back()["details"] = step.details;
  }
  ordered_json json = {{"target", target}, {"ok", !result.report.verdict}};
  if (const auto& verdict = result.report.verdict) {
    json["fault"] = {{"party", std::string(ToString(verdict->party))},
                     {"what", verdict->what},
                     {"hint", verdict->hint}};
  }
  json["steps"] = std::move(steps);
  if (result.tls.established) {
    json["tls"] = {{"version", result.tls.version},
                   {"cipher_suite", result.tls.cipher},
                   {"group", result.tls.group},
                   {"protocol", result.tls.protocol}};
  }
  json["client_certificate"] = {{"asked_for", result.tls.asked_for_certificate},
                                {"sent", result.tls.sent_certificate},
                                {"issuers", result.tls.accepted_issuers}};
  if (result.tls.alert) json["alert"] = *result.tls.alert;
  ordered_json chain = ordered_json::array();
  for (const x509::CertificatePtr& certificate : result.server_chain) {
    chain.push_back(certs::CertificateToJson(*certificate));
  }
  json["server_certificates"] = std::move(chain);
  if (result.status != 0) json["http_status"] = result.status;
  return json;
}

}  // namespace

int ConnectCommand(const ConnectCommandOptions& options, const Console& console) {
  const auto target = connect::ParseTarget(options.target);
  if (!target.ok()) {
    console.PrintError(options.target + ": " + std::string(target.status().message()));
    return kWrongUsage;
  }
  const auto protocols = Protocols(options.alpn);
  if (!protocols) {
    console.PrintError("--alpn: write names of protocols with commas between them, or none");
    return kWrongUsage;
  }
  if (options.certificate.empty() && !options.key.empty()) {
    console.PrintError("--key needs --cert: name the file of the certificate, too");
    return kWrongUsage;
  }
  certs::DiskFileReader reader;
  const auto files =
      connect::LoadClientFiles({options.certificate, options.key, options.ca}, reader);
  if (!files.ok()) {
    console.PrintError(std::string(files.status().message()));
    return kRefused;
  }
  // A server may have closed before everything is written to it; that is an error of the write.
  std::signal(SIGPIPE, SIG_IGN);
  constexpr int kMsPerSecond = 1000;
  const ProbeResult result = connect::Probe({.target = *target,
                                             .server_name = options.server_name,
                                             .protocols = *protocols,
                                             .path = options.no_request ? "" : options.path,
                                             .timeout_ms = options.timeout_seconds * kMsPerSecond},
                                            *files, base::SystemClock().WallSeconds());
  if (options.json) {
    console.out << ToJson(result, options.target)
                       .dump(2, ' ', false, ordered_json::error_handler_t::replace)
                << "\n";
  } else {
    Print(result, console);
  }
  const auto& verdict = result.report.verdict;
  if (!verdict) return kFine;
  if (!options.json) {
    console.PrintError("fault of the " + std::string(ToString(verdict->party)) + ": " +
                       verdict->what + "; " + verdict->hint);
  }
  return kRefused;
}

}  // namespace mantlet::cli
