#include "proxy/observe/exposition.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "proxy/http/header_list.h"

namespace mantlet::observe {
namespace {

// An element of Accept or Accept-Encoding.
struct Preference {
  absl::string_view name;
  absl::string_view version;  // the parameter; empty if there is none
  double weight = 1;
};

absl::string_view Unquoted(absl::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  return value.substr(1, value.size() - 2);
}

// No name or parameter that is asked for contains a comma or a semicolon, so quoted ones need no
// attention.
Preference ReadPreference(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ';');
  Preference preference;
  preference.name = absl::StripAsciiWhitespace(parts.front());
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> parameter =
        absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(parameter.first);
    const absl::string_view value = Unquoted(absl::StripAsciiWhitespace(parameter.second));
    if (absl::EqualsIgnoreCase(name, "version")) preference.version = value;
    if (absl::EqualsIgnoreCase(name, "q") && !absl::SimpleAtod(value, &preference.weight)) {
      preference.weight = 0;
    }
  }
  return preference;
}

// Returns the greatest weight among the elements of all fields `field` that `matches`; 0 if none.
template <typename Matches>
double WeightOf(const http::HeaderList& request, std::string_view field, Matches matches) {
  double weight = 0;
  for (const http::HeaderView& view : request) {
    const absl::string_view name(view.name.data(), view.name.size());
    if (!absl::EqualsIgnoreCase(name, {field.data(), field.size()})) continue;
    for (const absl::string_view element :
         absl::StrSplit(absl::string_view(view.value.data(), view.value.size()), ',')) {
      const Preference preference = ReadPreference(element);
      if (matches(preference)) weight = std::max(weight, preference.weight);
    }
  }
  return weight;
}

}  // namespace

Exposition ChooseExposition(const http::HeaderList& request) {
  // 0.0.1 is the draft of 1.0.0, which Prometheus has asked for before that.
  const double open_metrics = WeightOf(request, "accept", [](const Preference& accepted) {
    return absl::EqualsIgnoreCase(accepted.name, "application/openmetrics-text") &&
           (accepted.version.empty() || accepted.version == "1.0.0" || accepted.version == "0.0.1");
  });
  const double text = WeightOf(request, "accept", [](const Preference& accepted) {
    return absl::EqualsIgnoreCase(accepted.name, "text/plain");
  });
  const double gzip = WeightOf(request, "accept-encoding", [](const Preference& accepted) {
    return absl::EqualsIgnoreCase(accepted.name, "gzip");
  });
  return {.open_metrics = open_metrics > 0 && open_metrics >= text, .gzip = gzip > 0};
}

std::string_view ContentTypeOf(const Exposition& exposition) {
  return exposition.open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                 : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace mantlet::observe
