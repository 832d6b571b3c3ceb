// Logger writes structured log records to standard error, one line each: the time, a level, an
// event name for machines, a sentence for people, and fields.
//
//   logger.Warn("handshake_failed", "A client's handshake failed.",
//               {{"listener", name}, {"peer", peer}, {"depth", 1}});
//
// A Logger is constructed in the composition root (proxy/server) and passed by reference. Every
// method may be called from any thread. A call whose level is disabled costs one relaxed load and a
// small array on the stack; check enabled() first where the arguments are expensive. Names of
// events and fields are a public interface: proxy/observe/README.md lists them.

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

// Returns the name that the configuration uses: "debug", "info", "warn" or "error".
std::string_view ToString(LogLevel level);
std::optional<LogLevel> ParseLogLevel(std::string_view text);

enum class LogFormat { kJson, kText };

// LogPrefix is the prefix of each line: none, or the priority that the journal reads from a stream
// ("<3>", sd-daemon(3)).
enum class LogPrefix { kNone, kPriority };
// Returns the prefix of a level, e.g. "<3>" for an error.
std::string_view PriorityPrefix(LogLevel level);

// LogField is a name and a value. It holds views and must not outlive the call it is passed to.
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

  // A pointer would be converted to true.
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
  // Receives each finished line, with its newline. Called under a lock, one line at a time; it must
  // not log.
  using LineSink = std::function<void(std::string_view line)>;

  // Constructs a logger that writes to standard error.
  Logger(LogFormat format, LogLevel level);
  // Constructs a logger that passes its lines to `sink`.
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
  // Logs fields that are collected at run time (std::vector<LogField>).
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

// CapturedLog keeps every line in memory, for tests. It must outlive the Logger that writes to it:
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
