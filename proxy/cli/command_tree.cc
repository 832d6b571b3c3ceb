#include "proxy/cli/command_tree.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace mantlet::cli {
namespace {

// Separates what a validator adds to the name of an argument: "N:INT in [1 - 3650]" is N, and
// ", 1 to 3650" is returned.
std::string TakeRange(std::string& argument) {
  const size_t in = argument.find(" in [");
  const size_t colon = in == std::string::npos ? in : argument.rfind(':', in);
  if (colon == std::string::npos) return "";
  const std::string added = argument.substr(colon);
  argument.resize(colon);
  const size_t open = added.find('[');
  if (open == std::string::npos || added.back() != ']') return "";
  const std::string range = added.substr(open + 1, added.size() - open - 2);
  return absl::StrCat(", ", absl::StrReplaceAll(range, {{" - ", " to "}}));
}

OptionDescription Describe(const CLI::Option& option) {
  OptionDescription described;
  for (const std::string& name : option.get_snames()) {
    described.names.push_back(absl::StrCat("-", name));
  }
  for (const std::string& name : option.get_lnames()) {
    described.names.push_back(absl::StrCat("--", name));
  }
  if (option.get_items_expected_max() > 0) described.argument = option.get_type_name();
  described.what = absl::StrCat(option.get_description(), TakeRange(described.argument));
  described.default_text = option.get_default_str();
  described.required = option.get_required();
  described.repeats = option.get_items_expected_max() > 1;
  return described;
}

}  // namespace

CommandTree TreeOf(const CLI::App& app) {
  CommandTree tree{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) tree.options.push_back(Describe(*option));
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) tree.commands.push_back(TreeOf(*command));
  }
  return tree;
}

std::vector<std::string> WordsOf(const OptionDescription& option) {
  if (!absl::StrContains(option.argument, '|')) return {};
  return absl::StrSplit(option.argument, '|');
}

}  // namespace mantlet::cli
