#include "proxy/cli/admin_command.h"

#include <chrono>
#include <string_view>
#include <thread>

#include "config/loader/loader.h"
#include "proxy/server/admin_client.h"

namespace mantlet::cli {
namespace {

int Post(const AdminCommandOptions& options, std::string_view path, const Console& console) {
  const config::LoadResult loaded =
      config::LoadFile(options.config, config::Environment::OfThisProcess());
  if (!loaded.config) {
    console.PrintError(std::string(loaded.status().message()) +
                       "; the running process is unchanged");
    return kRefused;
  }
  if (!loaded.config->admin.enabled) {
    console.PrintError(options.config +
                       " has no admin endpoint; add 'admin: {address: unix:/PATH}', or send SIGHUP "
                       "to reload and SIGTERM to drain");
    return kRefused;
  }
  std::this_thread::sleep_for(std::chrono::seconds(options.after_seconds));
  const auto reply = server::PostToAdmin(loaded.config->admin.address, path);
  if (!reply.ok()) {
    console.PrintError(std::string(reply.status().message()));
    return kRefused;
  }
  if (reply->status / 100 != 2) {
    console.PrintError(reply->text);
    return kRefused;
  }
  console.out << reply->text << "\n";
  return kFine;
}

}  // namespace

int ReloadCommand(const AdminCommandOptions& options, const Console& console) {
  return Post(options, "/reload", console);
}

int DrainCommand(const AdminCommandOptions& options, const Console& console) {
  return Post(options, "/drain", console);
}

}  // namespace mantlet::cli
