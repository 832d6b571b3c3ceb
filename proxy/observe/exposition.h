// The form in which a scraper wants the metrics: the text format 0.0.4 of Prometheus or OpenMetrics
// 1.0.0, as it is or compressed. Pure.

#ifndef MANTLET_PROXY_OBSERVE_EXPOSITION_H_
#define MANTLET_PROXY_OBSERVE_EXPOSITION_H_

#include <string_view>

namespace mantlet::http {
class HeaderList;
}

namespace mantlet::observe {

struct Exposition {
  bool open_metrics = false;
  bool gzip = false;
  bool operator==(const Exposition&) const = default;
};

// Chooses by Accept and Accept-Encoding (RFC 9110, sections 12.5.1 and 12.5.3). OpenMetrics is for
// those who name it, and prefer it to text/plain; gzip is for those who name it.
Exposition ChooseExposition(const http::HeaderList& request);

std::string_view ContentTypeOf(const Exposition& exposition);

}  // namespace mantlet::observe

#endif  // MANTLET_PROXY_OBSERVE_EXPOSITION_H_
