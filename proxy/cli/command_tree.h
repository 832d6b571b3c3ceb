// CommandTree is the description of the commands and their options as values. The parser's tree
// becomes one, so that manual pages and completions have what --help has.

#ifndef MANTLET_PROXY_CLI_COMMAND_TREE_H_
#define MANTLET_PROXY_CLI_COMMAND_TREE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace mantlet::cli {

struct OptionDescription {
  std::vector<std::string> names;  // "--config"; empty for a positional argument
  std::string argument;            // "FILE", "text|json" for one of these words; empty for a flag
  std::string what;
  std::string default_text;  // empty if there is none
  bool required = false;
  bool repeats = false;  // takes any number of arguments
};

struct CommandTree {
  std::string name;  // "run"; "mantlet" at the top
  std::string what;
  std::vector<OptionDescription> options;
  std::vector<CommandTree> commands;
};

// Returns what --help shows of `app` and of its subcommands, without those of the group "".
CommandTree TreeOf(const CLI::App& app);

// Returns the words that an argument such as "text|json" allows; empty for another argument.
std::vector<std::string> WordsOf(const OptionDescription& option);

}  // namespace mantlet::cli

#endif  // MANTLET_PROXY_CLI_COMMAND_TREE_H_
