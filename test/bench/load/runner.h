// Drives the connections: opens them, loads the server in one of the modes of
// Options, counts, and says so on stdout, one JSON object a line.
//
//   ready    connections are open, each has had an answer (mode handshake: one has)
//   window   after `mark LABEL`: what was counted since the last mark or the start
//   report   the load has ended and every operation that had begun is over; with
//            --window, `windows` has the latencies of each stretch
//   failed   it cannot go on; `why` says why
//
// With --wait it obeys lines on stdin: `start` (again after each report), `mark
// LABEL`, `stop` (ends the load early), `quit` or the end of stdin.
//
// An operation that had begun is always waited for, so that a server's CPU time
// before `start` and after `report` belongs to the operations counted.

#ifndef MANTLET_TEST_BENCH_LOAD_RUNNER_H_
#define MANTLET_TEST_BENCH_LOAD_RUNNER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "proxy/io/file_descriptor.h"
#include "test/bench/load/connection.h"
#include "test/bench/load/options.h"
#include "test/bench/load/report.h"
#include "test/bench/upstream/command_lines.h"
#include "test/bench/upstream/server.h"

namespace mantlet::bench {

class Runner : private Connection::Owner {
 public:
  Runner(const Options& options, const ClientTls& tls);

  // Until told to quit; returns the process's exit status.
  int Run();

 private:
  enum class Phase { kSetup, kReady, kRunning, kEnding, kQuit };

  void OnEstablished(Connection& connection) override;
  void OnResponse(Connection& connection) override;
  void OnFailed(Connection& connection, std::string_view why) override;

  void OpenMore();  // kSetup: some more of the connections
  void BecomeReady();
  void Start();
  void End();
  void Report();
  void Obey(std::string_view command);
  void ReadCommands();
  void Tick(int64_t now);
  void SendDue(int64_t now);
  void EndStretch(int64_t now);
  void BeginOperation(Connection& connection);
  void EndOperation(Connection& connection);
  void Fail(std::string_view why);
  int64_t NextWakeup() const;  // CLOCK_MONOTONIC, nanoseconds
  void Emit(std::string_view event, std::string_view label);

  const Options options_;
  io::FileDescriptor epoll_;
  std::optional<Server> upstream_;
  Connection::Shared shared_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Phase phase_ = Phase::kSetup;
  Window window_;
  Negotiated negotiated_;
  CommandLines commands_;
  size_t opened_ = 0, warm_ = 0;  // kSetup: begun, and answered
  size_t in_flight_ = 0;
  uint64_t failures_in_a_row_ = 0;
  int64_t end_ns_ = 0;            // kRunning: when to stop; kEnding: when patience ends
  std::deque<Connection*> idle_;  // mode rate: free connections, longest first
  std::deque<int64_t> backlog_;   // mode rate: requests that were due without one
  int64_t next_due_ns_ = 0;
  Histogram stretch_;  // with --window: the latencies since the last one ended
  int64_t stretch_end_ns_ = 0;
  std::mt19937_64 random_;  // the same arrivals for everybody
  std::exponential_distribution<double> gap_{1};
  int status_ = 0;
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_LOAD_RUNNER_H_
