#include "proxy/cli/upstream_names_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "proxy/base/timer_wheel.h"

namespace mantlet::cli {
namespace {

struct Question {
  const config::Upstream* upstream;
  std::optional<io::NameLookup::Answer> answer;
};

bool IsUsed(const config::Config& config, const std::string& upstream) {
  return std::any_of(config.listeners.begin(), config.listeners.end(),
                     [&](const config::Listener& l) { return l.upstream == upstream; });
}

std::vector<Question> Questions(const config::Config& config) {
  std::vector<Question> questions;
  for (const config::Upstream& upstream : config.upstreams) {
    const config::Address& address = upstream.address;
    if (address.kind != config::Address::Kind::kTcp || !IsUsed(config, upstream.name)) continue;
    if (io::SocketAddress::Literal(address.host, address.port)) continue;
    questions.push_back({&upstream, std::nullopt});
  }
  return questions;
}

}  // namespace

std::vector<config::Diagnostic> CheckUpstreamNames(const config::Config& config, io::Loop& loop,
                                                   io::NameLookup& lookup,
                                                   config::Milliseconds limit) {
  std::vector<Question> questions = Questions(config);
  if (questions.empty()) return {};
  size_t open = questions.size();
  for (Question& question : questions) {
    const config::Address& address = question.upstream->address;
    lookup.Start(address.host, address.port, [&](io::NameLookup::Answer answer) {
      question.answer = std::move(answer);
      if (--open == 0) loop.Stop();
    });
  }
  base::FunctionTimer deadline([&loop] { loop.Stop(); });
  loop.ArmIn(deadline, limit.count());
  loop.Run();

  std::vector<config::Diagnostic> warnings;
  for (const Question& question : questions) {
    if (question.answer.has_value() && question.answer->ok()) continue;
    const std::string& host = question.upstream->address.host;
    warnings.push_back({question.upstream->where, config::Severity::kWarning,
                        "upstream '" + question.upstream->name + "': " +
                            (question.answer.has_value()
                                 ? std::string(question.answer->status().message())
                                 : "cannot resolve '" + host + "': no name server has answered"),
                        "`run` starts anyway and answers the upstream's requests with 502 until "
                        "the name has an address"});
  }
  return warnings;
}

}  // namespace mantlet::cli
