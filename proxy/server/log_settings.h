// Converts the log settings of the configuration to those of base::Logger.

#ifndef MANTLET_PROXY_SERVER_LOG_SETTINGS_H_
#define MANTLET_PROXY_SERVER_LOG_SETTINGS_H_

#include "config/config.h"
#include "proxy/base/log.h"

namespace mantlet::server {

inline base::LogFormat LogFormatOf(const config::Log& log) {
  return log.format == config::LogFormat::kJson ? base::LogFormat::kJson : base::LogFormat::kText;
}

inline base::LogLevel LogLevelOf(const config::Log& log) {
  switch (log.level) {
    case config::LogLevel::kDebug:
      return base::LogLevel::kDebug;
    case config::LogLevel::kInfo:
      return base::LogLevel::kInfo;
    case config::LogLevel::kWarn:
      return base::LogLevel::kWarn;
    case config::LogLevel::kError:
      break;
  }
  return base::LogLevel::kError;
}

}  // namespace mantlet::server

#endif  // MANTLET_PROXY_SERVER_LOG_SETTINGS_H_
