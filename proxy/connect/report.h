// Report is what `mantlet connect` finds out about a server, step by step, and whose fault it is if
// a client cannot talk to it. Pure values.

#ifndef MANTLET_PROXY_CONNECT_REPORT_H_
#define MANTLET_PROXY_CONNECT_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantlet::connect {

struct Step {
  enum class State : uint8_t { kOk, kNote, kWarning, kFailed };
  State state = State::kOk;
  std::string text;                  // one sentence without a full stop
  std::vector<std::string> details;  // further lines
};

// Who has to change something.
enum class Party : uint8_t { kClient, kServer, kNetwork };

struct Verdict {
  Party party = Party::kServer;
  std::string what;  // without a full stop
  std::string hint;  // what to do
};

struct Report {
  std::vector<Step> steps;
  std::optional<Verdict> verdict;  // none: the client can talk to the server

  void Ok(std::string text, std::vector<std::string> details = {}) {
    steps.push_back({Step::State::kOk, std::move(text), std::move(details)});
  }
  void Note(std::string text, std::vector<std::string> details = {}) {
    steps.push_back({Step::State::kNote, std::move(text), std::move(details)});
  }
  void Warn(std::string text, std::vector<std::string> details = {}) {
    steps.push_back({Step::State::kWarning, std::move(text), std::move(details)});
  }
  // Adds a failed step. The first failure is the verdict: what follows may be its consequence.
  void Fail(std::string text, Verdict why, std::vector<std::string> details = {}) {
    steps.push_back({Step::State::kFailed, std::move(text), std::move(details)});
    if (!verdict) verdict = std::move(why);
  }
};

constexpr std::string_view ToString(Step::State state) {
  switch (state) {
    case Step::State::kOk:
      return "ok";
    case Step::State::kNote:
      return "note";
    case Step::State::kWarning:
      return "warning";
    case Step::State::kFailed:
      return "failed";
  }
  return "failed";
}

constexpr std::string_view ToString(Party party) {
  switch (party) {
    case Party::kClient:
      return "client";
    case Party::kServer:
      return "server";
    case Party::kNetwork:
      return "network";
  }
  return "network";
}

}  // namespace mantlet::connect

#endif  // MANTLET_PROXY_CONNECT_REPORT_H_
