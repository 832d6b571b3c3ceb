// Environment holds the variables for `${NAME}` in a configuration.

#ifndef MANTLET_CONFIG_ENVIRONMENT_H_
#define MANTLET_CONFIG_ENVIRONMENT_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace mantlet::config {

// A copy of an environment. It is immutable and can be shared by threads.
class Environment {
 public:
  using Variables = std::map<std::string, std::string>;

  Environment() = default;
  explicit Environment(Variables variables) : variables_(std::move(variables)) {}

  // Returns the variables of this process. Must be called before other threads start.
  static Environment OfThisProcess();

  std::optional<std::string> Get(absl::string_view name) const;

 private:
  Variables variables_;
};

// The result of Expand: `text` if `error` is empty.
struct Expansion {
  std::string text;
  std::string error;  // such as "the environment variable NAME is not set"
  std::string hint;
};

// Replaces `${NAME}` by the variable's value, and `${NAME:-default}` by the value or, if it is
// unset or empty, by the default. `$${` is a literal `${`. Inserted text is not expanded again, and
// a `$` without `{` is an ordinary character.
Expansion Expand(absl::string_view text, const Environment& environment);

}  // namespace mantlet::config

#endif  // MANTLET_CONFIG_ENVIRONMENT_H_
