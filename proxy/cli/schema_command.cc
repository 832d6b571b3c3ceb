#include "proxy/cli/schema_command.h"

#include "config/loader/json_schema.h"

namespace mantlet::cli {

int SchemaCommand(const Console& console) {
  console.out << config::JsonSchema();
  return kFine;
}

}  // namespace mantlet::cli
