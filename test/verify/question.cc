#include "test/verify/question.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "config/loader/value_type.h"
#include "proxy/x509/pem.h"

namespace mantlet::verify {
namespace {

using nlohmann::json;

// More than the paths of the public vectors have.
constexpr int kDefaultMaxDepth = 16;

absl::Status Wrong(std::string_view key, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(key), ": ", std::string(what)));
}

// The DER of every block of every string of the list; a string may hold several.
absl::StatusOr<std::vector<std::string>> ReadPems(const json& line, const char* key,
                                                  std::initializer_list<std::string_view> labels) {
  std::vector<std::string> ders;
  if (!line.contains(key) || line[key].is_null()) return ders;
  json list = line[key];
  if (list.is_string()) list = json::array({list});
  if (!list.is_array()) return Wrong(key, "it is no list of PEM strings");
  for (const json& item : list) {
    if (!item.is_string()) return Wrong(key, "it holds something that is no string");
    absl::StatusOr<std::vector<x509::PemBlock>> blocks = x509::ParsePem(item.get<std::string>());
    if (!blocks.ok()) return Wrong(key, std::string(blocks.status().message()));
    for (x509::PemBlock& block : *blocks) {
      if (std::find(labels.begin(), labels.end(), block.label) == labels.end()) {
        return Wrong(key, absl::StrCat("a PEM block ", block.label, " has no place there"));
      }
      ders.push_back(std::move(block.der));
    }
  }
  return ders;
}

// As RFC 3339 has it: 2026-11-21T08:00:00Z.
absl::Status ReadTime(const json& line, int64_t now, int64_t* time) {
  *time = now;
  if (!line.contains("time") || line["time"].is_null()) return absl::OkStatus();
  absl::Time parsed;
  std::string error;
  if (!line["time"].is_string() ||
      !absl::ParseTime(absl::RFC3339_full, line["time"].get<std::string>(), &parsed, &error)) {
    return Wrong("time", "it is no RFC 3339 time such as 2026-11-21T08:00:00Z");
  }
  *time = absl::ToUnixSeconds(parsed);
  return absl::OkStatus();
}

// One member of "options". Each reader takes its own and says whether it could.
class OptionReader {
 public:
  OptionReader(const json& options, Question* question) : options_(options), question_(question) {}

  absl::Status Read() {
    Word("purpose", {"client", "server"}, [this](int i) {
      question_->options.purpose = i == 0 ? verify::ChainVerifier::Purpose::kClientAuth
                                          : verify::ChainVerifier::Purpose::kServerAuth;
    });
    Number("max_depth", 0, 100, &question_->options.max_depth);
    Bool("partial_chain", &question_->options.partial_chain);
    Bool("any_extended_key_usage", &question_->options.any_extended_key_usage);
    Bool("server_auth_clients", &question_->options.server_auth_clients);
    Word("crl_policy", {"if_present", "require"},
         [this](int i) { question_->revocation.require = i == 1; });
    Word("crl_expired", {"refuse", "use"},
         [this](int i) { question_->revocation.use_expired = i == 1; });
    Pins("spki_pins");
    for (const auto& [key, value] : options_.items()) {
      if (!known_.contains(key)) {
        question_->warnings.push_back(absl::StrCat("options.", key, " is not known, and ignored"));
      }
    }
    return status_;
  }

 private:
  const json* Find(const std::string& key) {
    known_.insert(key);
    auto found = options_.find(key);
    return found == options_.end() || found->is_null() ? nullptr : &*found;
  }

  void Refuse(const std::string& key, std::string_view what) {
    if (status_.ok()) status_ = Wrong(absl::StrCat("options.", key), what);
  }

  template <typename Take>
  void Word(const std::string& key, std::vector<std::string> words, Take take) {
    const json* value = Find(key);
    if (value == nullptr) return;
    for (size_t i = 0; i < words.size(); ++i) {
      if (*value == words[i]) return take(static_cast<int>(i));
    }
    Refuse(key, absl::StrCat("it is neither ", words[0], " nor ", words[1]));
  }

  void Bool(const std::string& key, bool* target) {
    const json* value = Find(key);
    if (value == nullptr) return;
    if (value->is_boolean()) {
      *target = value->get<bool>();
    } else if (*value == "on" || *value == "off") {  // as the configuration spells it
      *target = *value == "on";
    } else {
      Refuse(key, "it is neither true nor false");
    }
  }

  void Number(const std::string& key, int least, int most, int* target) {
    const json* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_number_integer() || *value < least || *value > most) {
      return Refuse(key, absl::StrCat("it is no number from ", least, " to ", most));
    }
    *target = value->get<int>();
  }

  void Pins(const std::string& key) {
    const json* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return Refuse(key, "it is no list");
    for (const json& pin : *value) {
      std::string digest;
      if (!pin.is_string() ||
          config::SpkiPin().parse({pin.get<std::string>(), true, ""}, digest).has_value()) {
        return Refuse(key, "it holds something that is no SHA-256 in hex or base64");
      }
      question_->spki_pins.push_back(std::move(digest));
    }
  }

  const json& options_;
  Question* question_;
  std::set<std::string> known_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Question> ReadQuestion(std::string_view line, int64_t now) {
  const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::InvalidArgumentError("the line is no JSON object");
  Question question;
  question.options.max_depth = kDefaultMaxDepth;
  auto chain =
      ReadPems(object, "chain", {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"});
  if (!chain.ok()) return chain.status();
  question.chain = *std::move(chain);
  auto trust =
      ReadPems(object, "trust", {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"});
  if (!trust.ok()) return trust.status();
  for (size_t i = 0; i < trust->size(); ++i) {
    auto anchor = x509::Certificate::FromDer((*trust)[i]);
    if (anchor.ok()) {
      question.trust.push_back(*std::move(anchor));
    } else {
      question.warnings.push_back(absl::StrCat(
          "trust: certificate ", i + 1, " is left out: ", std::string(anchor.status().message())));
    }
  }
  auto crls = ReadPems(object, "crls", {"X509 CRL"});
  if (!crls.ok()) return crls.status();
  for (size_t i = 0; i < crls->size(); ++i) {
    auto list = x509::RevocationList::FromDer((*crls)[i]);
    if (!list.ok()) {
      return Wrong("crls",
                   absl::StrCat("list ", i + 1, ": ", std::string(list.status().message())));
    }
    question.crls.push_back(*std::move(list));
  }
  if (absl::Status status = ReadTime(object, now, &question.time); !status.ok()) return status;
  if (object.contains("options") && !object["options"].is_null()) {
    if (!object["options"].is_object()) return Wrong("options", "it is not an object");
    absl::Status status = OptionReader(object["options"], &question).Read();
    if (!status.ok()) return status;
  }
  return question;
}

}  // namespace mantlet::verify
