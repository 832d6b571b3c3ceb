// The checks that look at more than one value of a configuration.

#ifndef MANTLET_CONFIG_CHECKS_VALIDATION_H_
#define MANTLET_CONFIG_CHECKS_VALIDATION_H_

#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "config/places.h"

namespace mantlet::config {

// Appends what is wrong or doubtful. Values that `places` says were refused are left out, so that
// one mistake gives one message.
void Validate(const Config& config, const Places& places, std::vector<Diagnostic>& diagnostics);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_CHECKS_VALIDATION_H_
