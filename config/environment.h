// The variables that `${NAME}` in a configuration may name.

#ifndef MANTLET_CONFIG_ENVIRONMENT_H_
#define MANTLET_CONFIG_ENVIRONMENT_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// A copy of some environment, taken once; immutable afterwards and free to be shared by threads.
class Environment {
 public:
  using Variables = std::map<std::string, std::string>;

  Environment() = default;
  explicit Environment(Variables variables) : variables_(std::move(variables)) {}

  // The variables of this process. Call it before other threads start.
  static Environment OfThisProcess();

  std::optional<std::string> Get(absl::string_view name) const;

 private:
  Variables variables_;
};

// The outcome of Expand: `text` if `error` is empty.
struct Expansion {
  std::string text;
  std::string error;  // what is wrong, e.g. "the environment variable NAME is not set"
  std::string hint;
};

// Replaces `${NAME}` by the variable's value and `${NAME:-default}` by the value or, where it is
// unset or empty, by the default. `$${` stands for a literal `${`. What was put in is not expanded
// again, and a `$` that no `{` follows is an ordinary character.
Expansion Expand(absl::string_view text, const Environment& environment);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_ENVIRONMENT_H_
