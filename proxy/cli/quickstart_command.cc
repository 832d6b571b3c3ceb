#include "proxy/cli/quickstart_command.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "certs/dev_pki.h"
#include "certs/file_reader.h"
#include "proxy/base/clock.h"
#include "proxy/cli/child_process.h"
#include "proxy/connect/probe.h"
#include "proxy/io/file_descriptor.h"

namespace mantlet::cli {
namespace {

constexpr int kStepMs = 5'000;
constexpr int kPatienceMs = 20'000;
constexpr int kPauseMs = 50;

// Removes the folder at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code none;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(none);
    std::string pattern = parent.string() + "/mantlet-quickstart.XXXXXX";
    if (!none && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }  // empty: it cannot be created
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Returns ports of 127.0.0.1 that are free now; fewer if there are none.
std::vector<uint16_t> FreePorts(size_t count) {
  std::vector<io::FileDescriptor> sockets;  // open until all are found, so that they differ
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    io::FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return {};
    }
    ports.push_back(ntohs(address.sin_port));
    sockets.push_back(std::move(fd));
  }
  return ports;
}

class Quickstart {
 public:
  explicit Quickstart(const Console& console) : console_(console) {}

  // Returns whether all steps succeeded.
  bool Run() {
    return MakePki() && Start() && AskWithCertificate() && AskWithoutCertificate() && Renew();
  }

  // Waits for SIGINT or SIGTERM, which the caller has blocked. Returns false if mantlet ended
  // first.
  bool Wait(const sigset_t& signals) {
    console_.out << "\nmantlet is still running; try it:\n  " << CurlCommand()
                 << "\n  curl http://127.0.0.1:" << ports_[2] << "/metrics\n  tail -f "
                 << folder_.File("mantlet.log") << "\nCtrl-C ends it and removes " << folder_.path()
                 << "\n"
                 << std::flush;
    const timespec second = {1, 0};
    while (proxy_->runs()) {
      if (sigtimedwait(&signals, nullptr, &second) > 0) return true;
    }
    return Failed("mantlet has ended; the end of its log:\n" + LogTail());
  }

 private:
  bool Failed(const std::string& why) {
    console_.out.flush();
    console_.PrintError(why);
    return false;
  }
  void Title(const std::string& text) { console_.out << "\n== " << text << "\n" << std::flush; }
  void Shown(const std::string& text) { console_.out << "   " << text << "\n"; }

  bool MakePki() {
    Title("1. A test PKI: root, intermediate, server and client certificate, and a configuration");
    ports_ = FreePorts(3);
    if (folder_.path().empty() || ports_.empty()) {
      return Failed(
          "cannot create a temporary folder or find free ports; set TMPDIR to a folder that can be "
          "written");
    }
    if (!WritePki()) return false;
    Shown("mantlet certs dev --out " + folder_.path());
    return true;
  }

  bool WritePki() {
    const auto report = certs::WriteDevPki({.directory = folder_.path(),
                                            .sans = {},
                                            .now = base::SystemClock().WallSeconds(),
                                            .port = ports_[0],
                                            .upstream_port = ports_[1],
                                            .metrics_port = ports_[2]});
    return report.ok() || Failed(std::string(report.status().message()));
  }

  bool Start() {
    Title("2. A test application without TLS, and mantlet with mutual TLS in front of it");
    return StartOne({"echo", "--address", "127.0.0.1:" + std::to_string(ports_[1])}, "echo.log",
                    application_) &&
           StartOne({"run", "--config", folder_.File("mantlet.yaml")}, "mantlet.log", proxy_) &&
           AwaitReady();
  }

  bool StartOne(const std::vector<std::string>& arguments, const std::string& log,
                std::optional<ChildProcess>& child) {
    std::string command = "mantlet";
    for (const std::string& argument : arguments) command += " " + argument;
    Shown(command + " &");
    auto started = ChildProcess::Start(arguments, folder_.File(log));
    if (!started.ok()) return Failed(std::string(started.status().message()));
    child.emplace(*std::move(started));
    return true;
  }

  bool AwaitReady() {
    if (!LoadFiles()) return false;
    if (Until([this] { return Ask(with_certificate_).status == 200; })) return true;
    return Failed("mantlet did not start; the end of its log:\n" + LogTail());
  }

  bool LoadFiles() {
    certs::DiskFileReader reader;
    const std::string ca = folder_.File("ca.crt");
    auto with = connect::LoadClientFiles(
        {folder_.File("client.crt"), folder_.File("client.key"), ca}, reader);
    auto without = connect::LoadClientFiles({"", "", ca}, reader);
    for (const auto* files : {&with, &without}) {
      if (!files->ok()) return Failed(std::string(files->status().message()));
    }
    with_certificate_ = *std::move(with);
    without_certificate_ = *std::move(without);
    return true;
  }

  connect::ProbeResult Ask(const connect::ClientFiles& files) const {
    return connect::Probe({.target = {"127.0.0.1", std::to_string(ports_[0])},
                           .server_name = "localhost",
                           .protocols = {"http/1.1"},
                           .path = "/hello",
                           .want_body = true,
                           .timeout_ms = kStepMs},
                          files, base::SystemClock().WallSeconds());
  }

  void Print(const connect::Report& report) {
    for (const connect::Step& step : report.steps) {
      Shown("[" + std::string(ToString(step.state)) + "] " + step.text);
    }
  }

  // Waits, as all that is awaited comes by itself, until `done`. Returns false if it does not come,
  // or mantlet has ended.
  bool Until(const std::function<bool()>& done) {
    for (int waited_ms = 0; waited_ms < kPatienceMs; waited_ms += kPauseMs) {
      if (done()) return true;
      if (!proxy_->runs()) return false;
      usleep(kPauseMs * 1000);
    }
    return false;
  }

  bool AskWithCertificate() {
    Title("3. A client with a certificate");
    Shown(CurlCommand());
    const connect::ProbeResult result = Ask(with_certificate_);
    Print(result.report);
    if (result.report.verdict || result.status != 200)
      return Failed("the request failed; it is shown above");
    Shown("The application received, among others, this field:");
    const size_t field = result.body.find("x-forwarded-client-cert:");
    if (field == result.body.npos)
      return Failed("the application did not receive the client's identity");
    Shown(result.body.substr(field, result.body.find_first_of("\r\n", field) - field));
    serial_ = result.server_chain.front()->serial();
    return true;
  }

  bool AskWithoutCertificate() {
    Title("4. A client without one, which the handshake rejects");
    const connect::ProbeResult result = Ask(without_certificate_);
    Print(result.report);
    if (!result.report.verdict) return Failed("a client without a certificate was let in");
    if (!Until([this] { return !LogLine("no_client_certificate").empty(); })) {
      return Failed("the log has no reason; it is " + folder_.File("mantlet.log"));
    }
    Shown("The client receives only the alert. mantlet's log has the reason:");
    Shown(LogLine("no_client_certificate"));
    return true;
  }

  bool Renew() {
    Title("5. A new certificate, without a restart: the files are replaced");
    if (!WritePki() || !LoadFiles()) return false;
    Shown("mantlet certs dev --out " + folder_.path());
    std::string serial;
    const bool renewed = Until([&] {
      const connect::ProbeResult result = Ask(with_certificate_);
      if (!result.server_chain.empty()) serial = result.server_chain.front()->serial();
      return !serial.empty() && serial != serial_;
    });
    if (!renewed) return Failed("mantlet still serves the old certificate");
    Shown("The serial number was " + serial_);
    Shown("and is now           " + serial);
    return true;
  }

  std::string Log() const {
    certs::DiskFileReader reader;
    const auto content = reader.Read(folder_.File("mantlet.log"));
    return content.ok() ? content->bytes : "";
  }
  // Returns the first line of the log that contains `word`; empty if none does.
  std::string LogLine(const std::string& word) const {
    const std::string log = Log();
    const size_t at = log.find(word);
    if (at == log.npos) return "";
    const size_t begin = log.rfind('\n', at) + 1;  // 0 if there is none
    return log.substr(begin, log.find('\n', at) - begin);
  }
  std::string LogTail() const {
    constexpr size_t kMost = 2000;
    const std::string log = Log();
    return log.size() > kMost ? log.substr(log.size() - kMost) : log;
  }
  std::string CurlCommand() const {
    return "curl --cacert " + folder_.File("ca.crt") + " --cert " + folder_.File("client.crt") +
           " --key " + folder_.File("client.key") +
           " https://localhost:" + std::to_string(ports_[0]) + "/hello";
  }

  const Console& console_;
  TemporaryFolder folder_;       // outlives the processes that use it
  std::vector<uint16_t> ports_;  // of the listener, the application and the metrics
  std::optional<ChildProcess> application_, proxy_;
  connect::ClientFiles with_certificate_, without_certificate_;
  std::string serial_;
};

}  // namespace

int QuickstartCommand(const QuickstartOptions& options, const Console& console) {
  // Blocked from the beginning, so that the folder and the processes do not outlive a signal.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  Quickstart quickstart(console);
  if (!quickstart.Run()) return kRefused;
  if (options.once) {
    console.out << "\nAll steps succeeded.\n";
    return kFine;
  }
  return quickstart.Wait(signals) ? kFine : kRefused;
}

}  // namespace mantlet::cli
