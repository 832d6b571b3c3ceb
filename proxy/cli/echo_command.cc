#include "proxy/cli/echo_command.h"

#include <filesystem>
#include <system_error>

#include "config/config.h"
#include "config/loader/value_type.h"
#include "proxy/server/echo.h"

namespace mantlet::cli {

int EchoCommand(const EchoCommandOptions& options, const Console& console) {
  std::error_code no_directory;
  const config::ScalarText text = {options.address, false,
                                   std::filesystem::current_path(no_directory).string()};
  config::Address address;
  if (const auto problem = config::AddressOf({.any_port = true}, "").parse(text, address)) {
    console.PrintError("--address: " + problem->what + "; " + problem->hint);
    return kWrongUsage;
  }
  if (!config::IsLocal(address)) {
    console.PrintError("--address: " + config::ToString(address) +
                       " is not loopback, and this test application accepts only loopback "
                       "addresses; write 127.0.0.1:PORT or unix:/PATH");
    return kRefused;
  }
  const auto status = server::RunEcho(address, [&](const std::string& bound) {
    console.out << "mantlet echo listens on " << bound << "\n" << std::flush;
  });
  if (status.ok()) return kFine;
  console.PrintError(std::string(status.message()));
  return kRefused;
}

}  // namespace mantlet::cli
