#include "test/verify/line_verifier.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proxy/base/handshake_failure.h"
#include "proxy/verify/chain_verifier.h"
#include "proxy/verify/client_verifier.h"
#include "proxy/verify/presented_chain.h"
#include "proxy/verify/verify_result.h"
#include "proxy/x509/revocation_lists.h"
#include "proxy/x509/trust_store.h"
#include "test/verify/question.h"

namespace mantlet::verify {
namespace {

using nlohmann::ordered_json;

// Names of certificates may hold any bytes; JSON may not.
std::string Dump(const ordered_json& answer) {
  return answer.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string BadInput(std::string_view detail) {
  ordered_json answer;
  answer["verdict"] = "reject";
  answer["reason"] = "bad_input";
  answer["detail"] = std::string(detail);
  return Dump(answer);
}

ordered_json Describe(const verify::VerifyResult& result) {
  ordered_json answer;
  answer["verdict"] = result.ok() ? "accept" : "reject";
  answer["reason"] = std::string(result.reason());
  if (result.ok()) {
    answer["valid_until"] = result.valid_until;
    return answer;
  }
  answer["detail"] = result.detail;
  if (result.depth >= 0) {
    answer["depth"] = result.depth;
    answer["subject"] = result.subject;
    answer["issuer"] = result.issuer;
    answer["serial"] = result.serial;
  }
  return answer;
}

verify::VerifyResult Verify(const verify::ClientVerifier& verifier, const Question& question) {
  const std::vector<std::string_view> ders(question.chain.begin(), question.chain.end());
  absl::StatusOr<verify::PresentedChain> chain = verify::PresentedChain::Parse(ders);
  if (chain.ok()) return verifier.Verify(*chain, question.time);
  return verify::Refusal(base::HandshakeFailure::kInvalidCertificate, nullptr, -1,
                         std::string(chain.status().message()));
}

}  // namespace

std::string VerifyLine(std::string_view line, int64_t now) {
  absl::StatusOr<Question> question = ReadQuestion(line, now);
  if (!question.ok()) return BadInput(std::string(question.status().message()));
  absl::StatusOr<x509::TrustStorePtr> trust = x509::TrustStore::Create(question->trust);
  if (!trust.ok()) return BadInput(absl::StrCat("trust: ", std::string(trust.status().message())));
  if (!question->crls.empty() || question->revocation.require) {
    question->options.revocation =
        x509::RevocationLists::Create(question->crls, question->revocation);
  }
  verify::ClientVerifier::Options options;
  options.by_trust_bundle =
      std::make_shared<const verify::ChainVerifier>(*trust, question->options);
  options.spki_pins = question->spki_pins;
  ordered_json answer = Describe(Verify(verify::ClientVerifier(options), *question));
  if (!question->warnings.empty()) answer["warnings"] = question->warnings;
  return Dump(answer);
}

}  // namespace mantlet::verify
