// The manual pages mantlet(1) and mantlet.yaml(5), from the descriptions of the commands and of the
// configuration, in the language of man(7).

#ifndef MANTLET_PROXY_CLI_MANUAL_H_
#define MANTLET_PROXY_CLI_MANUAL_H_

#include <string>

#include "proxy/cli/command_tree.h"

namespace mantlet::cli {

// `version` is shown at the bottom. The pages have no date, so that two builds are equal.
std::string CommandManual(const CommandTree& tree, const std::string& version);
std::string ConfigurationManual(const std::string& version);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_MANUAL_H_
