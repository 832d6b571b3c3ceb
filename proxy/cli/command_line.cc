#include "proxy/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/suggest.h"
#include "proxy/cli/admin_command.h"
#include "proxy/cli/certs_dev_command.h"
#include "proxy/cli/certs_show_command.h"
#include "proxy/cli/check_command.h"
#include "proxy/cli/command_tree.h"
#include "proxy/cli/completion.h"
#include "proxy/cli/connect_command.h"
#include "proxy/cli/echo_command.h"
#include "proxy/cli/expiry.h"
#include "proxy/cli/manual.h"
#include "proxy/cli/quickstart_command.h"
#include "proxy/cli/run_command.h"
#include "proxy/cli/schema_command.h"
#include "proxy/cli/version_command.h"
#include "proxy/server/build_info.h"

namespace mantlet::cli {
namespace {

// The options of the commands, set by the parser, and the selected command.
struct Choice {
  RunCommandOptions run;
  CheckCommandOptions check;
  AdminCommandOptions reload;
  AdminCommandOptions drain;
  ConnectCommandOptions connect;
  QuickstartOptions quickstart;
  EchoCommandOptions echo;
  CertsDevOptions certs_dev;
  CertsShowOptions certs_show;
  std::string document;
  std::function<int(const Console&)> command;
};

void AddRun(CLI::App& app, Choice& choice) {
  CLI::App* run =
      app.add_subcommand("run", "Run the proxy in the foreground until SIGTERM or SIGINT");
  run->add_option("--config", choice.run.config, "The configuration file")
      ->required()
      ->type_name("FILE");
  run->callback([&] {
    choice.command = [&](const Console& console) { return RunCommand(choice.run, console); };
  });
}

void AddCheck(CLI::App& app, Choice& choice) {
  CLI::App* check = app.add_subcommand(
      "check",
      "Check the configuration and its files, and show the certificates that `run` would use");
  check->add_option("--config", choice.check.config, "The configuration file to check")
      ->required()
      ->type_name("FILE");
  check
      ->add_option("--format", choice.check.format,
                   "Print text, one JSON object, or JUnit XML for a CI system")
      ->type_name("text|json|junit")
      ->capture_default_str()
      ->check([](const std::string& word) {
        const bool known = word == "text" || word == "json" || word == "junit";
        return known ? std::string() : word + " is none of text, json and junit";
      });
  check->add_flag_callback(
      "--json", [&] { choice.check.format = "json"; }, "The same as --format json");
  check
      ->add_option("--expires-within", choice.check.expires_within,
                   "Fail if a certificate, CA, revocation list or OCSP response in use ends sooner "
                   "than this, such as 30d or 12h")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        return ParseSpan(text) ? std::string() : text + " is not a time such as 30d, 12h or 90m";
      });
  check
      ->add_option("--user", choice.check.user,
                   "Check with the permissions of this user; needs root")
      ->type_name("NAME");
  check->callback([&] {
    choice.command = [&](const Console& console) { return CheckCommand(choice.check, console); };
  });
}

void AddReload(CLI::App& app, Choice& choice) {
  CLI::App* reload = app.add_subcommand(
      "reload", "Make the running process reload its files, and print the result");
  reload
      ->add_option("--config", choice.reload.config,
                   "The configuration file of the running process")
      ->required()
      ->type_name("FILE");
  reload->callback([&] {
    choice.command = [&](const Console& console) { return ReloadCommand(choice.reload, console); };
  });
}

void AddDrain(CLI::App& app, Choice& choice) {
  CLI::App* drain =
      app.add_subcommand("drain", "Make the running process finish open requests and exit");
  drain
      ->add_option("--config", choice.drain.config, "The configuration file of the running process")
      ->required()
      ->type_name("FILE");
  drain
      ->add_option("--after", choice.drain.after_seconds,
                   "Wait before the request, for example until load balancers know of the end")
      ->check(CLI::Range(0, 3600))
      ->type_name("SECONDS");
  drain->callback([&] {
    choice.command = [&](const Console& console) { return DrainCommand(choice.drain, console); };
  });
}

void AddSchema(CLI::App& app, Choice& choice) {
  CLI::App* schema = app.add_subcommand(
      "schema", "Print the JSON schema of the configuration file, for editors and validators");
  schema->callback([&] { choice.command = SchemaCommand; });
}

void AddConnect(CLI::App& app, Choice& choice) {
  CLI::App* connect = app.add_subcommand(
      "connect", "Play a client of a TLS server, and explain whose fault it is if that fails");
  ConnectCommandOptions& options = choice.connect;
  connect->add_option("target", options.target, "The server; port 443 if none is named")
      ->required()
      ->type_name("HOST:PORT");
  const auto add_file = [&](const char* name, std::string& file, const char* what) {
    connect->add_option(name, file, what)->type_name("FILE");
  };
  add_file("--cert", options.certificate, "The client's certificate, then its intermediates");
  add_file("--key", options.key, "Its key (default: in the file of --cert)");
  add_file("--ca", options.ca, "The CAs that the server is verified with (default: the system's)");
  connect->add_option("--sni", options.server_name, "The server's name (default: the host)")
      ->type_name("NAME");
  connect->add_option("--alpn", options.alpn, "The protocols to offer, with commas, or none")
      ->type_name("NAMES")
      ->capture_default_str();
  connect->add_option("--path", options.path, "What to request")
      ->type_name("PATH")
      ->capture_default_str();
  connect->add_option("--timeout", options.timeout_seconds, "Seconds for each step")
      ->check(CLI::Range(1, 3600))
      ->type_name("N")
      ->capture_default_str();
  connect->add_flag("--no-request", options.no_request, "Send no request");
  connect->add_flag("--json", options.json, "Print one JSON object");
  connect->callback([&] {
    choice.command = [&](const Console& console) {
      return ConnectCommand(choice.connect, console);
    };
  });
}

void AddQuickstart(CLI::App& app, Choice& choice) {
  CLI::App* quickstart = app.add_subcommand(
      "quickstart", "Demonstrate mutual TLS with a test PKI and a test application");
  quickstart->add_flag("--once", choice.quickstart.once, "End after the demonstration");
  quickstart->callback([&] {
    choice.command = [&](const Console& console) {
      return QuickstartCommand(choice.quickstart, console);
    };
  });
}

void AddEcho(CLI::App& app, Choice& choice) {
  CLI::App* echo = app.add_subcommand(
      "echo", "Run a test application that answers each request with the request itself");
  echo->add_option("--address", choice.echo.address, "The address to listen on")
      ->type_name("ADDRESS")
      ->capture_default_str();
  echo->callback([&] {
    choice.command = [&](const Console& console) { return EchoCommand(choice.echo, console); };
  });
}

void AddCertsDev(CLI::App& certs, Choice& choice) {
  CLI::App* dev = certs.add_subcommand(
      "dev", "Create a test PKI: root, intermediate, server and client certificate");
  dev->add_option("--out", choice.certs_dev.directory, "The output folder; created if missing")
      ->required()
      ->type_name("DIR");
  dev->add_option("--san", choice.certs_dev.sans,
                  "Names and addresses of the server (default: localhost 127.0.0.1 ::1)")
      ->type_name("NAME");
  dev->add_option("--days", choice.certs_dev.days, "Validity of the server and client certificate")
      ->check(CLI::Range(1, kMostDays))
      ->type_name("N")
      ->capture_default_str();
  const auto add_port = [&](const char* name, uint16_t& port, const char* what) {
    dev->add_option(name, port, what)
        ->check(CLI::Range(1, 65535))
        ->type_name("PORT")
        ->capture_default_str();
  };
  add_port("--port", choice.certs_dev.port, "Port of the listener in the configuration");
  add_port("--upstream-port", choice.certs_dev.upstream_port, "Port of the application");
  add_port("--metrics-port", choice.certs_dev.metrics_port, "Port of metrics and probes");
  dev->callback([&] {
    choice.command = [&](const Console& console) {
      return CertsDevCommand(choice.certs_dev, console);
    };
  });
}

void AddCertsShow(CLI::App& certs, Choice& choice) {
  CLI::App* show = certs.add_subcommand(
      "show", "Show the contents of PEM, DER and PKCS#12 files and SPIFFE bundles");
  show->add_option("file", choice.certs_show.files, "The files")->required()->type_name("FILE");
  show->add_option("--passphrase-file", choice.certs_show.passphrase_file,
                   "File with the passphrase of PKCS#12 files and encrypted keys")
      ->type_name("FILE");
  show->add_flag("--json", choice.certs_show.json, "Print one JSON object");
  show->callback([&] {
    choice.command = [&](const Console& console) {
      return CertsShowCommand(choice.certs_show, console);
    };
  });
}

void AddVersion(CLI::App& app, Choice& choice) {
  CLI::App* version = app.add_subcommand(
      "version", "Print the version, the commit and the versions of the libraries");
  version->callback([&] { choice.command = VersionCommand; });
}

// Prints one of the files that are generated from the commands, for packages.
int DocumentCommand(const CLI::App& app, const std::string& name, const Console& console) {
  const CommandTree tree = TreeOf(app);
  const std::string version = server::ThisBuild().version;
  const std::pair<const char*, std::function<std::string()>> documents[] = {
      {"mantlet.1", [&] { return CommandManual(tree, version); }},
      {"mantlet.yaml.5", [&] { return ConfigurationManual(version); }},
      {"mantlet.bash", [&] { return BashCompletion(tree); }},
      {"_mantlet", [&] { return ZshCompletion(tree); }},
      {"mantlet.fish", [&] { return FishCompletion(tree); }},
  };
  std::vector<std::string> names;
  for (const auto& [known, text] : documents) {
    if (name == known) {
      console.out << text();
      return kFine;
    }
    names.emplace_back(known);
  }
  console.PrintError("there is no document '" + name + "'; " +
                     config::DidYouMeanOrOneOf(name, names));
  return kWrongUsage;
}

// Not shown in the help: users have its output installed.
void AddDocument(CLI::App& app, Choice& choice) {
  CLI::App* document =
      app.add_subcommand("document", "Print a manual page or a completion")->group("");
  document->add_option("name", choice.document, "The file's name")->required()->type_name("NAME");
  document->callback([&] {
    choice.command = [&](const Console& console) {
      return DocumentCommand(app, choice.document, console);
    };
  });
}

// Returns the recognised commands, such as "mantlet certs show".
std::string Recognised(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return app.get_name() + (parsed.empty() ? "" : " " + Recognised(*parsed.front()));
}

// Returns an error if the word in place of a command is not a command. The parser itself only
// reports that one is required.
std::optional<std::string> NoSuchCommand(const CLI::App& app,
                                         const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  if (names.empty()) return std::nullopt;
  if (words.empty()) return "a command is missing; " + config::DidYouMeanOrOneOf("", names);
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == words.front()) {
      return NoSuchCommand(*command, {words.begin() + 1, words.end()});
    }
  }
  if (words.front().rfind('-', 0) == 0) return std::nullopt;  // an option, which the parser checks
  return "unknown command '" + words.front() + "'; " +
         config::DidYouMeanOrOneOf(words.front(), names);
}

// Prints help if it was requested; every other exception of the parser means wrong usage.
int Explain(const CLI::App& app, const CLI::ParseError& error, const Console& console) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return app.exit(error, console.out, console.err);
  }
  console.PrintError(std::string(error.what()) + "; see " + Recognised(app) + " --help");
  return kWrongUsage;
}

// Adds the commands, with their options bound to `choice`.
void Build(CLI::App& app, Choice& choice) {
  app.require_subcommand(1);
  app.set_version_flag("--version", [] { return VersionText(); }, "Print the version");
  AddRun(app, choice);
  AddCheck(app, choice);
  AddReload(app, choice);
  AddDrain(app, choice);
  CLI::App* certs = app.add_subcommand("certs", "Create or show certificates");
  certs->require_subcommand(1);
  AddCertsDev(*certs, choice);
  AddCertsShow(*certs, choice);
  AddSchema(app, choice);
  AddConnect(app, choice);
  AddQuickstart(app, choice);
  AddEcho(app, choice);
  AddVersion(app, choice);
  AddDocument(app, choice);
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, const Console& console) {
  Choice choice;
  try {
    CLI::App app("mantlet: an mTLS sidecar reverse proxy", "mantlet");
    Build(app, choice);
    if (const auto wrong = NoSuchCommand(app, {argv + 1, argv + argc})) {
      console.PrintError(*wrong);
      return kWrongUsage;
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return Explain(app, error, console);
    }
    return choice.command(console);
  } catch (const std::exception& error) {
    console.PrintError(std::string("internal error: ") + error.what());
    return kRefused;
  }
}

}  // namespace mantlet::cli
