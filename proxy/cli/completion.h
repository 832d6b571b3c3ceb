// Completions of the command line for three shells, from the description of the commands.

#ifndef MANTLET_PROXY_CLI_COMPLETION_H_
#define MANTLET_PROXY_CLI_COMPLETION_H_

#include <string>

#include "proxy/cli/command_tree.h"

namespace mantlet::cli {

// Each returns a script: /usr/share/bash-completion/completions/mantlet, which needs nothing of the
// package bash-completion, /usr/share/zsh/vendor-completions/_mantlet, and
// /usr/share/fish/vendor_completions.d/mantlet.fish.
std::string BashCompletion(const CommandTree& tree);
std::string ZshCompletion(const CommandTree& tree);
std::string FishCompletion(const CommandTree& tree);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_COMPLETION_H_
