#include "proxy/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cmath>
#include <exception>
#include <mutex>
#include <type_traits>

#include "proxy/base/json_text.h"
#include "proxy/base/text.h"

namespace mantlet::base {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

LogLevel FromSpdlog(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return LogLevel::kError;
  if (level == spdlog::level::warn) return LogLevel::kWarn;
  if (level == spdlog::level::info) return LogLevel::kInfo;
  return LogLevel::kDebug;
}

// Writes the level for "%*" in the patterns below. spdlog's names of the levels differ from ours.
class LevelFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& record, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view name = ToString(FromSpdlog(record.level));
    out.append(name.data(), name.data() + name.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelFlag>();
  }
};

// Writes the priority for "%K" in the patterns below.
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& record, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view prefix = PriorityPrefix(FromSpdlog(record.level));
    out.append(prefix.data(), prefix.data() + prefix.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

std::unique_ptr<spdlog::formatter> MakeFormatter(LogFormat format,
                                                 LogPrefix prefix = LogPrefix::kNone) {
  auto formatter =
      std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  formatter->add_flag<LevelFlag>('*');
  formatter->add_flag<PriorityFlag>('K');
  std::string pattern = prefix == LogPrefix::kPriority ? "%K" : "";
  pattern += format == LogFormat::kJson ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%*",%v})"
                                        : "%Y-%m-%dT%H:%M:%S.%eZ %* %v";
  formatter->set_pattern(std::move(pattern));
  return formatter;
}

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(Logger::LineSink sink) : sink_(std::move(sink)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& record) override {
    spdlog::memory_buf_t line;
    formatter_->format(record, line);
    sink_(std::string_view(line.data(), line.size()));
  }
  void flush_() override {}

  const Logger::LineSink sink_;
};

void AppendDouble(double value, std::string* out) {
  if (!std::isfinite(value)) {  // JSON has no such numbers
    out->append("null");
    return;
  }
  fmt::format_to(std::back_inserter(*out), "{}", value);
}

// Numbers and booleans look the same in both formats.
template <typename Scalar>
void AppendScalar(Scalar value, std::string* out) {
  if constexpr (std::is_same_v<Scalar, bool>) {
    out->append(value ? "true" : "false");
  } else if constexpr (std::is_same_v<Scalar, double>) {
    AppendDouble(value, out);
  } else {
    AppendDecimal(value, out);
  }
}

void AppendJsonValue(const LogField::Value& value, std::string* out) {
  std::visit(
      [out](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::string_view>) {
          AppendJsonString(v, out);
        } else if constexpr (std::is_same_v<V, std::span<const std::string>>) {
          out->push_back('[');
          for (size_t i = 0; i < v.size(); ++i) {
            if (i > 0) out->push_back(',');
            AppendJsonString(v[i], out);
          }
          out->push_back(']');
        } else {
          AppendScalar(v, out);
        }
      },
      value);
}

void AppendTextField(const LogField::Value& value, std::string* out) {
  std::visit(
      [out](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::string_view>) {
          AppendTextValue(v, out);
        } else if constexpr (std::is_same_v<V, std::span<const std::string>>) {
          std::string joined;
          for (const std::string& item : v) {
            if (!joined.empty()) joined.push_back(',');
            joined.append(item);
          }
          AppendTextValue(joined, out);
        } else {
          AppendScalar(v, out);
        }
      },
      value);
}

// Appends everything after the level.
void RenderJson(std::string_view event, std::string_view message, std::span<const LogField> fields,
                std::string* out) {
  out->append("\"event\":");
  AppendJsonString(event, out);
  out->append(",\"msg\":");
  AppendJsonString(message, out);
  for (const LogField& field : fields) {
    out->push_back(',');
    AppendJsonString(field.key(), out);
    out->push_back(':');
    AppendJsonValue(field.value(), out);
  }
}

void RenderText(std::string_view event, std::string_view message, std::span<const LogField> fields,
                std::string* out) {
  AppendTextValue(event, out);
  out->append(": ");
  // The message may quote bytes that a peer sent; no byte of it may break the line.
  std::string quoted;
  AppendJsonString(message, &quoted);
  const bool plain = quoted.size() == message.size() + 2;
  out->append(plain ? message : std::string_view(quoted));
  for (const LogField& field : fields) {
    out->push_back(' ');
    AppendTextValue(field.key(), out);
    out->push_back('=');
    AppendTextField(field.value(), out);
  }
}

}  // namespace

std::string_view ToString(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      break;
  }
  return "error";
}

std::string_view PriorityPrefix(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "<7>";
    case LogLevel::kInfo:
      return "<6>";
    case LogLevel::kWarn:
      return "<4>";
    case LogLevel::kError:
      break;
  }
  return "<3>";
}

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == ToString(level)) return level;
  }
  return std::nullopt;
}

struct Logger::Backend {
  explicit Backend(spdlog::sink_ptr sink) : logger("mantlet", std::move(sink)) {
    logger.set_level(spdlog::level::trace);  // Logger checks the level itself
    // If standard error cannot be written, the error cannot be reported anywhere.
    logger.set_error_handler([](const std::string&) {});
  }
  spdlog::logger logger;
};

Logger::Logger(LogFormat format, LogLevel level) : format_(format), level_(level) {
  backend_ = std::make_unique<Backend>(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  backend_->logger.set_formatter(MakeFormatter(format));
}

Logger::Logger(LogFormat format, LogLevel level, LineSink sink, LogPrefix prefix)
    : format_(format), level_(level) {
  backend_ = std::make_unique<Backend>(std::make_shared<FunctionSink>(std::move(sink)));
  backend_->logger.set_formatter(MakeFormatter(format, prefix));
}

Logger::~Logger() = default;

void Logger::Write(LogLevel level, std::string_view event, std::string_view message,
                   std::span<const LogField> fields) {
  std::string payload;
  payload.reserve(256);
  if (format_ == LogFormat::kJson) {
    RenderJson(event, message, fields, &payload);
  } else {
    RenderText(event, message, fields, &payload);
  }
  backend_->logger.log(ToSpdlog(level), spdlog::string_view_t(payload.data(), payload.size()));
}

}  // namespace mantlet::base
