#include "proxy/observe/open_metrics.h"

#include <array>
#include <charconv>
#include <limits>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mantlet::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void AppendNumber(std::string* out, double value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), end.ptr);
}

// The same bound must have the same text in every exposition, with a point ("Numbers").
std::string BoundText(double bound) {
  if (bound == kInfinity) return "+Inf";
  std::array<char, 64> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), bound, std::chars_format::fixed);
  std::string text(digits.data(), end.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

void AppendEscaped(std::string* out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out->append("\\n");
    } else {
      if (c == '\\' || c == '"') out->push_back('\\');
      out->push_back(c);
    }
  }
}

// Appends the name and the labels of a sample; `le` is the last label unless it is empty.
void AppendSeries(std::string* out, std::string_view name, std::string_view suffix,
                  const Labels& labels, std::string_view le = {}) {
  out->append(name).append(suffix);
  char separator = '{';
  const auto append = [&](std::string_view label, std::string_view value) {
    out->push_back(separator);
    out->append(label).append("=\"");
    AppendEscaped(out, value);
    out->push_back('"');
    separator = ',';
  };
  for (const ClientMetric::Label& label : labels) append(label.name, label.value);
  if (!le.empty()) append("le", le);
  out->append(separator == ',' ? "} " : " ");
}

void AppendExemplar(std::string* out, const Exemplar& exemplar) {
  absl::StrAppend(out, " # {trace_id=\"", http::ToString(exemplar.trace), "\"} ");
  AppendNumber(out, static_cast<double>(exemplar.duration_us) / 1e6);
  absl::StrAppendFormat(out, " %d.%03d", exemplar.wall_ms / 1000, exemplar.wall_ms % 1000);
}

void AppendHistogram(std::string* out, std::string_view name, const ClientMetric& metric,
                     const std::vector<std::optional<Exemplar>>* exemplars) {
  const ClientMetric::Histogram& histogram = metric.histogram;
  const size_t bounds = histogram.bucket.size();
  for (size_t i = 0; i <= bounds; ++i) {
    const bool last = i == bounds;
    AppendSeries(out, name, "_bucket", metric.label,
                 BoundText(last ? kInfinity : histogram.bucket[i].upper_bound));
    absl::StrAppend(out, last ? histogram.sample_count : histogram.bucket[i].cumulative_count);
    if (exemplars != nullptr && (*exemplars)[i]) AppendExemplar(out, *(*exemplars)[i]);
    out->push_back('\n');
  }
  AppendSeries(out, name, "_count", metric.label);
  absl::StrAppend(out, histogram.sample_count, "\n");
  AppendSeries(out, name, "_sum", metric.label);
  AppendNumber(out, histogram.sample_sum);
  out->push_back('\n');
}

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    default:
      return "unknown";
  }
}

void AppendFamily(std::string* out, const MetricFamily& family, const Exemplars& exemplars) {
  const bool counts = family.type == MetricType::Counter;
  std::string_view name = family.name;
  if (counts && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  out->append("# HELP ").append(name).append(" ");
  AppendEscaped(out, family.help);
  out->append("\n# TYPE ").append(name).append(" ").append(TypeName(family.type)).append("\n");
  const auto of_family = exemplars.find(family.name);
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      const std::vector<std::optional<Exemplar>>* of_metric = nullptr;
      if (of_family != exemplars.end()) {
        const auto found = of_family->second.find(metric.label);
        if (found != of_family->second.end()) of_metric = &found->second;
      }
      AppendHistogram(out, name, metric, of_metric);
      continue;
    }
    AppendSeries(out, name, counts ? kTotal : std::string_view(), metric.label);
    AppendNumber(out, counts ? metric.counter.value : metric.gauge.value);
    out->push_back('\n');
  }
}

}  // namespace

std::string SerializeOpenMetrics(const Families& families, const Exemplars& exemplars) {
  std::string out;
  for (const MetricFamily& family : families) AppendFamily(&out, family, exemplars);
  out.append("# EOF\n");
  return out;
}

}  // namespace mantlet::observe
