// Any bytes as a traceparent, which becomes part of an exposition, and as the preferences of a
// scraper: a trace is what a reader by position finds, in hexadecimal digits; who does not name a
// form does not get it.

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/header_list.h"
#include "proxy/http/trace_context.h"
#include "proxy/observe/exposition.h"
#include "test/fuzz/fuzz_input.h"

namespace mantlet::fuzz {
namespace {

bool Contains(std::string text, std::string_view word) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text.find(word) != std::string::npos;
}

void CheckTrace(const std::string& value) {
  const auto trace = http::ParseSampledTrace(value);
  if (!trace) return;
  const std::string text = http::ToString(*trace);
  Require(text == value.substr(3, 32), "another trace", value, text);
  Require(text.find_first_not_of("0123456789abcdef") == std::string::npos, "not a number", text);
  Require(std::string_view("13579bdf").find(value.at(54)) != std::string_view::npos,
          "a trace that is not recorded", value);
}

void CheckPreferences(const std::string& value) {
  http::HeaderList request;
  request.Add("Accept", value);
  request.Add("Accept-Encoding", value);
  const observe::Exposition form = observe::ChooseExposition(request);
  Require(!form.gzip || Contains(value, "gzip"), "gzip for who does not name it", value);
  Require(!form.open_metrics || Contains(value, "application/openmetrics-text"),
          "OpenMetrics for who does not name it", value);
}

}  // namespace
}  // namespace mantlet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  mantlet::fuzz::CheckTrace(bytes);
  mantlet::fuzz::CheckTrace("00-0af7651916cd43dd8448eb211c80319c-" + bytes);
  mantlet::fuzz::CheckPreferences(bytes);
  return 0;
}
