#include "proxy/cli/completion.h"

#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace mantlet::cli {
namespace {

// Calls `visit` with each command and its path: "mantlet", "mantlet certs", "mantlet certs show".
void ForEach(const CommandTree& tree, const std::string& parents,
             const std::function<void(const CommandTree&, const std::string&)>& visit) {
  const std::string path = absl::StrCat(parents, parents.empty() ? "" : " ", tree.name);
  visit(tree, path);
  for (const CommandTree& command : tree.commands) ForEach(command, path, visit);
}

std::vector<std::string> Names(const CommandTree& tree) {
  std::vector<std::string> names;
  for (const CommandTree& command : tree.commands) names.push_back(command.name);
  return names;
}

std::vector<std::string> OptionNames(const CommandTree& tree) {
  std::vector<std::string> names;
  for (const OptionDescription& option : tree.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

const OptionDescription* Positional(const CommandTree& tree) {
  for (const OptionDescription& option : tree.options) {
    if (option.names.empty()) return &option;
  }
  return nullptr;
}

// Returns `text` in single quotes of a POSIX shell.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

bool NamesUser(const OptionDescription& option) {
  return option.names == std::vector<std::string>{"--user"};
}

// Bash: what completes an argument; empty if nothing can.
std::string BashArgument(const OptionDescription& option) {
  const std::vector<std::string> words = WordsOf(option);
  if (!words.empty()) return absl::StrCat("-W ", Quoted(absl::StrJoin(words, " ")));
  if (option.argument == "FILE") return "-f";
  if (option.argument == "DIR") return "-d";
  return NamesUser(option) ? "-u" : "";
}

// One case of the second `case` in the script: after `path`, the word before is an option.
std::string BashArguments(const CommandTree& tree, const std::string& path) {
  std::string out;
  for (const OptionDescription& option : tree.options) {
    if (option.names.empty() || option.argument.empty()) continue;
    for (const std::string& name : option.names) {
      const std::string reply = BashArgument(option);
      absl::StrAppend(&out, "    '", path, " ", name, "')",
                      reply.empty() ? "" : absl::StrCat(" _mantlet_reply ", reply, ";"),
                      " return ;;\n");
    }
  }
  return out;
}

// Zsh: a description within an argument of _arguments.
std::string ZshText(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string ZshAction(const OptionDescription& option) {
  const std::vector<std::string> words = WordsOf(option);
  if (!words.empty()) return absl::StrCat("(", absl::StrJoin(words, " "), ")");
  if (option.argument == "FILE") return "_files";
  if (option.argument == "DIR") return "_files -/";
  return NamesUser(option) ? "_users" : " ";
}

std::string ZshSpecification(const OptionDescription& option) {
  const std::string argument =
      option.argument.empty()
          ? ""
          : absl::StrCat(":", ZshText(absl::StrReplaceAll(option.argument, {{"|", " or "}})), ":",
                         ZshAction(option));
  if (option.names.empty()) return Quoted(absl::StrCat(option.repeats ? "*" : "1", argument));
  const std::string what = absl::StrCat("[", ZshText(option.what), "]");
  if (option.names.size() == 1) {
    return Quoted(absl::StrCat(option.repeats ? "*" : "", option.names[0], what, argument));
  }
  return absl::StrCat("{", absl::StrJoin(option.names, ","), "}",
                      Quoted(absl::StrCat(what, argument)));
}

std::string ZshFunction(const std::string& path) {
  return absl::StrCat("_", absl::StrReplaceAll(path, {{" ", "_"}, {"-", "_"}}));
}

std::string ZshCommand(const CommandTree& tree, const std::string& path) {
  std::string out = absl::StrCat(ZshFunction(path), "() {\n");
  std::string specifications;
  for (const OptionDescription& option : tree.options) {
    absl::StrAppend(&specifications, " \\\n    ", ZshSpecification(option));
  }
  if (tree.commands.empty()) {
    return absl::StrCat(out, "  _arguments", specifications, "\n}\n\n");
  }
  absl::StrAppend(&out, "  local curcontext=$curcontext state line\n  local -a commands=(");
  for (const CommandTree& command : tree.commands) {
    absl::StrAppend(&out, "\n    ", Quoted(absl::StrCat(command.name, ":", ZshText(command.what))));
  }
  absl::StrAppend(&out, "\n  )\n  _arguments -C", specifications,
                  " \\\n    '1:command:->command' '*::argument:->argument'\n  case $state in\n",
                  "    command) _describe command commands ;;\n",
                  "    argument)\n      case $line[1] in\n");
  for (const CommandTree& command : tree.commands) {
    absl::StrAppend(&out, "        ", command.name, ") ",
                    ZshFunction(absl::StrCat(path, " ", command.name)), " ;;\n");
  }
  return absl::StrCat(out, "      esac ;;\n  esac\n}\n\n");
}

// Returns `text` in single quotes of fish, where a backslash escapes.
std::string FishQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishArgument(const OptionDescription& option) {
  const std::vector<std::string> words = WordsOf(option);
  if (!words.empty()) return absl::StrCat(" -x -a ", FishQuoted(absl::StrJoin(words, " ")));
  if (option.argument == "FILE") return " -r -F";
  if (option.argument == "DIR") return " -x -a '(__fish_complete_directories)'";
  return NamesUser(option) ? " -x -a '(__fish_complete_users)'" : " -x";
}

std::string FishCommand(const CommandTree& tree, const std::string& path) {
  const std::string when =
      absl::StrCat("complete -c mantlet -n ", FishQuoted(absl::StrCat("__mantlet_is ", path)));
  std::string out;
  for (const CommandTree& command : tree.commands) {
    absl::StrAppend(&out, when, " -f -a ", command.name, " -d ", FishQuoted(command.what), "\n");
  }
  for (const OptionDescription& option : tree.options) {
    absl::StrAppend(&out, when);
    for (const std::string& name : option.names) {
      absl::StrAppend(&out, name.starts_with("--") ? " -l " : " -s ",
                      name.substr(name.starts_with("--") ? 2 : 1));
    }
    if (!option.names.empty()) {
      absl::StrAppend(&out, option.argument.empty() ? " -f" : FishArgument(option));
    } else {
      absl::StrAppend(&out, option.argument == "FILE" ? " -F" : " -f");
    }
    absl::StrAppend(&out, " -d ", FishQuoted(option.what), "\n");
  }
  return out;
}

std::string Paths(const CommandTree& tree, const char* separator) {
  std::vector<std::string> paths;
  ForEach(tree, "", [&](const CommandTree&, const std::string& path) {
    paths.push_back(absl::StrCat("'", path, "'"));
  });
  return absl::StrJoin(paths, separator);
}

}  // namespace

std::string BashCompletion(const CommandTree& tree) {
  std::string arguments;
  std::string words;
  ForEach(tree, "", [&](const CommandTree& command, const std::string& path) {
    absl::StrAppend(&arguments, BashArguments(command, path));
    const OptionDescription* positional = Positional(command);
    absl::StrAppend(&words, "    '", path, "')\n");
    if (positional != nullptr) {
      absl::StrAppend(&words, "      [[ $cur == -* ]] || { _mantlet_reply ",
                      BashArgument(*positional), "; return; }\n");
    }
    const std::vector<std::string> names =
        command.commands.empty() ? OptionNames(command) : Names(command);
    if (!command.commands.empty()) {
      absl::StrAppend(&words, "      [[ $cur != -* ]] || { _mantlet_reply -W ",
                      Quoted(absl::StrJoin(OptionNames(command), " ")), "; return; }\n");
    }
    absl::StrAppend(&words, "      _mantlet_reply -W ", Quoted(absl::StrJoin(names, " ")), " ;;\n");
  });
  return absl::StrCat(R"(# Completion of mantlet for bash, generated from its commands.

# _mantlet_reply OPTION...: offers what `compgen OPTION...` makes of the current word.
_mantlet_reply() {
  [[ $# -gt 0 ]] || return
  [[ $1 != -[fd] ]] || compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

_mantlet() {
  local cur=${COMP_WORDS[COMP_CWORD]} path=mantlet word
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      )",
                      Paths(tree, "|"), R"() path="$path $word" ;;
    esac
  done
  case "$path ${COMP_WORDS[COMP_CWORD-1]}" in
)",
                      arguments, R"(  esac
  case $path in
)",
                      words, R"(  esac
}

complete -F _mantlet mantlet
)");
}

std::string ZshCompletion(const CommandTree& tree) {
  std::string out =
      "#compdef mantlet\n# Completion of mantlet for zsh, generated from its commands.\n\n";
  ForEach(tree, "", [&](const CommandTree& command, const std::string& path) {
    absl::StrAppend(&out, ZshCommand(command, path));
  });
  return absl::StrCat(out, ZshFunction(tree.name), " \"$@\"\n");
}

std::string FishCompletion(const CommandTree& tree) {
  std::string out = absl::StrCat(R"(# Completion of mantlet for fish, generated from its commands.

# Returns whether the commands that have been typed are those of the arguments.
function __mantlet_is
  set -l path mantlet
  for word in (commandline -opc)[2..-1]
    contains -- "$path $word" )",
                                 Paths(tree, " "), R"(
    and set path "$path $word"
  end
  test "$path" = "$argv"
end

complete -c mantlet -f
)");
  ForEach(tree, "", [&](const CommandTree& command, const std::string& path) {
    absl::StrAppend(&out, FishCommand(command, path));
  });
  return out;
}

}  // namespace mantlet::cli
