#include "certs/strict_json.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mantlet::certs {
namespace {

using Json = nlohmann::json;

// Inspector rejects documents that the library would accept: it keeps the last of several values
// with the same name.
class Inspector : public nlohmann::json_sax<Json> {
 public:
  explicit Inspector(size_t size) : size_(size) {}

  const std::string& objection() const { return objection_; }
  bool cut_off() const { return cut_off_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool key(string_t& name) override {
    if (names_.back().insert(name).second) return true;
    return Object(absl::StrCat("the name '", name, "' occurs twice in one object"));
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    cut_off_ = position > size_;
    return Object(cut_off_ ? "the JSON is truncated"
                           : absl::StrCat("it is not JSON from byte ", position, " on"));
  }

 private:
  bool Enter() {
    names_.emplace_back();
    if (names_.size() <= kMaxJsonDepth) return true;
    return Object(absl::StrCat("the JSON is nested deeper than ", kMaxJsonDepth, " levels"));
  }
  bool Leave() {
    names_.pop_back();
    return true;
  }
  bool Object(std::string what) {
    objection_ = std::move(what);
    return false;
  }

  size_t size_;
  bool cut_off_ = false;
  std::vector<std::set<std::string>> names_;  // names in every open object and array
  std::string objection_;
};

}  // namespace

bool LooksLikeJsonObject(std::string_view bytes) {
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && bytes[start] == '{';
}

absl::StatusOr<Json> ParseStrictJson(std::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is larger than ", kMaxJsonBytes >> 20, " MiB"));
  }
  // The library treats a NUL as the end of the text and ignores the rest.
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the JSON contains a NUL byte");
  }
  Inspector inspector(text.size());
  if (!Json::sax_parse(text.begin(), text.end(), &inspector)) {
    if (inspector.cut_off()) return absl::DataLossError(inspector.objection());
    return absl::InvalidArgumentError(inspector.objection().empty() ? "it is not JSON"
                                                                    : inspector.objection());
  }
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("it is not JSON");
  return json;
}

}  // namespace mantlet::certs
