#include "proxy/cli/certs_show_command.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "certs/file_reader.h"
#include "certs/show.h"
#include "proxy/base/clock.h"

namespace mantlet::cli {
namespace {

using nlohmann::ordered_json;

// Returns the first line of the file, like openssl's "file:" passwords.
absl::StatusOr<std::optional<std::string>> ReadPassphrase(const std::string& path,
                                                          certs::FileReader& reader) {
  if (path.empty()) return std::optional<std::string>();
  auto content = reader.Read(path);
  if (!content.ok()) return content.status();
  std::string line = content->bytes.substr(0, content->bytes.find('\n'));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return std::optional<std::string>(std::move(line));
}

// The output for one file. A file that cannot be opened is shown like one with unknown contents.
struct Shown {
  std::string text;
  ordered_json json;
  std::string error;  // empty if the file could be shown
};

Shown ShowFile(const std::string& path, const std::optional<std::string>& passphrase,
               certs::FileReader& reader, int64_t now) {
  const auto content = reader.Read(path);
  if (!content.ok()) {
    const std::string error(content.status().message());
    return {"", {{"file", path}, {"error", error}}, error};
  }
  certs::ShowResult result = certs::Show(path, content->bytes, passphrase, now);
  const std::string error = result.ok ? "" : path + ": " + result.json["error"].get<std::string>();
  return {std::move(result.text), std::move(result.json), error};
}

}  // namespace

int CertsShowCommand(const CertsShowOptions& options, const Console& console) {
  certs::DiskFileReader reader;
  const auto passphrase = ReadPassphrase(options.passphrase_file, reader);
  if (!passphrase.ok()) {
    console.PrintError(std::string(passphrase.status().message()));
    return kRefused;
  }
  const int64_t now = base::SystemClock().WallSeconds();
  ordered_json all = ordered_json::array();
  int status = kFine;
  bool first = true;
  for (const std::string& file : options.files) {
    Shown shown = ShowFile(file, *passphrase, reader, now);
    if (shown.error.empty()) {
      if (!options.json) console.out << (first ? "" : "\n") << shown.text;
      first = false;
    } else {
      status = kRefused;
      console.out.flush();
      console.PrintError(shown.error);
    }
    all.push_back(std::move(shown.json));
  }
  if (options.json) {
    const ordered_json files = {{"files", std::move(all)}};
    console.out << files.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
  }
  return status;
}

}  // namespace mantlet::cli
