// Logger writes structured log records: one line on standard error for each, with the time, a
// level, an event name for machines, a sentence for people, and fields.
//
//   logger.Warn("handshake_failed", "A client's handshake failed.",
//               {{"listener", name}, {"peer", peer}, {"depth", 1}});
//
// A Logger is made in the composition root and passed by reference. Every method may be called from
// any thread. A call whose level is off costs one relaxed load and a small array on the stack;
// check enabled() first where the arguments are expensive. Names of events and fields are a public
// interface: proxy/observe/README.md lists them.

#ifndef MANTLET_PROXY_BASE_LOG_H_
#define MANTLET_PROXY_BASE_LOG_H_

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mantlet::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn", "error", as the configuration writes them.
std::string_view ToString(LogLevel level);
std::optional<LogLevel> ParseLogLevel(std::string_view text);

enum class LogFormat { kJson, kText };

// The prefix of each line: none, or its priority as the journal reads it from a stream ("<3>",
// sd-daemon(3)).
enum class LogPrefix { kNone, kPriority };
// "<3>" for an error, and so on.
std::string_view PriorityPrefix(LogLevel level);

// LogField is a name and a value. It holds views, and lives no longer than the call it is made for.
class LogField {
 public:
  using Value =
      std::variant<std::string_view, int64_t, uint64_t, double, bool, std::span<const std::string>>;

  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const std::string& value)
      : key_(key), value_(std::string_view(value)) {}
  LogField(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  LogField(std::string_view key, bool value) : key_(key), value_(value) {}
  LogField(std::string_view key, double value) : key_(key), value_(value) {}
  LogField(std::string_view key, std::signed_integral auto value)
      : key_(key), value_(static_cast<int64_t>(value)) {}
  LogField(std::string_view key, std::unsigned_integral auto value)
      : key_(key), value_(static_cast<uint64_t>(value)) {}
  LogField(std::string_view key, const std::vector<std::string>& value)
      : key_(key), value_(std::span<const std::string>(value)) {}

  // A pointer would silently become true.
  template <typename T>
  LogField(std::string_view key, T* value) = delete;

  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

class Logger {
 public:
  // Receives each finished line, with its newline. Called under a lock, one line
  // at a time; must not log.
  using LineSink = std::function<void(std::string_view line)>;

  // Writes to standard error.
  Logger(LogFormat format, LogLevel level);
  // Writes into `sink`: tests, or another destination.
  Logger(LogFormat format, LogLevel level, LineSink sink, LogPrefix prefix = LogPrefix::kNone);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

  using Fields = std::initializer_list<LogField>;

  void Debug(std::string_view event, std::string_view message, Fields fields = {}) {
    Log(LogLevel::kDebug, event, message, {fields.begin(), fields.size()});
  }
  void Info(std::string_view event, std::string_view message, Fields fields = {}) {
    Log(LogLevel::kInfo, event, message, {fields.begin(), fields.size()});
  }
  void Warn(std::string_view event, std::string_view message, Fields fields = {}) {
    Log(LogLevel::kWarn, event, message, {fields.begin(), fields.size()});
  }
  void Error(std::string_view event, std::string_view message, Fields fields = {}) {
    Log(LogLevel::kError, event, message, {fields.begin(), fields.size()});
  }
  // For fields that are collected at run time (std::vector<LogField>).
  void Log(LogLevel level, std::string_view event, std::string_view message,
           std::span<const LogField> fields) {
    if (enabled(level)) Write(level, event, message, fields);
  }

 private:
  struct Backend;  // keeps the logging library out of this header

  void Write(LogLevel level, std::string_view event, std::string_view message,
             std::span<const LogField> fields);

  const LogFormat format_;
  std::atomic<LogLevel> level_;
  std::unique_ptr<Backend> backend_;
};

// CapturedLog keeps every line in memory, for tests. It outlives the Logger that writes to it:
//   CapturedLog captured;
//   Logger logger(LogFormat::kJson, LogLevel::kDebug, captured.sink());
class CapturedLog {
 public:
  Logger::LineSink sink() {
    return [this](std::string_view line) { lines_.emplace_back(line); };
  }
  const std::vector<std::string>& lines() const { return lines_; }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines_) all += line;
    return all;
  }
  void clear() { lines_.clear(); }

 private:
  std::vector<std::string> lines_;
};

}  // namespace mantlet::base

#endif  // MANTLET_PROXY_BASE_LOG_H_
