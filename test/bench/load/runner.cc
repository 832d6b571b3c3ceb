#include "test/bench/load/runner.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"

namespace mantlet::bench {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kOpeningAtOnce = 64;
constexpr uint64_t kMostFailures = 1000;  // in a row, then there is no server
constexpr int64_t kPatience = 5 * kSecond;

int64_t Now() { return WallNs(); }

}  // namespace

Runner::Runner(const Options& options, const ClientTls& tls)
    : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  shared_.epoll = epoll_.get();
  shared_.server.sin_family = AF_INET;
  shared_.server.sin_port = htons(options.port);
  inet_pton(AF_INET, options.host.c_str(), &shared_.server.sin_addr);
  shared_.tls = &tls;
  shared_.head = RequestHead(options);
  shared_.upload = options.upload;
  if (options.streams > 0) shared_.http2.emplace(options);
  shared_.owner = this;
  if (options.upstream_fd >= 0) {
    upstream_.emplace(epoll_.get(), io::FileDescriptor(options.upstream_fd));
  }
  for (int i = 0; i < options.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(shared_, i, options.sources));
  }
}

int Runner::Run() {
  // The default of 50 µs would show in every latency of an open loop.
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  if (options_.wait) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, STDIN_FILENO, &event);
  }
  window_.began = Moment::Now();
  end_ns_ = Now() + 60 * kSecond;
  OpenMore();
  std::array<epoll_event, 256> events;
  while (phase_ != Phase::kQuit) {
    const int64_t wait = std::max<int64_t>(NextWakeup() - Now(), 0);
    const timespec timeout = {wait / kSecond, wait % kSecond};
    const int n = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
    for (int i = 0; i < n && phase_ != Phase::kQuit; ++i) {
      if (events[i].data.ptr == nullptr) {
        ReadCommands();
      } else {
        static_cast<Pollable*>(events[i].data.ptr)->OnEvents(events[i].events);
      }
    }
    Tick(Now());
  }
  return status_;
}

int64_t Runner::NextWakeup() const {
  int64_t wakeup = Now() + kSecond;
  if (phase_ != Phase::kReady) wakeup = std::min(wakeup, end_ns_);
  if (phase_ == Phase::kRunning && options_.mode == Mode::kRate) {
    wakeup = std::min(wakeup, next_due_ns_);
  }
  return wakeup;
}

void Runner::Tick(int64_t now) {
  switch (phase_) {
    case Phase::kSetup:
      if (now >= end_ns_) Fail("the server does not answer");
      break;
    case Phase::kRunning:
      if (options_.mode == Mode::kRate) SendDue(now);
      if (options_.window > 0 && now >= stretch_end_ns_) EndStretch(now);
      if (now >= end_ns_) End();
      break;
    case Phase::kEnding:
      if (in_flight_ + backlog_.size() == 0 || now >= end_ns_) Report();
      break;
    case Phase::kReady:
    case Phase::kQuit:
      break;
  }
}

// --- setting up ---------------------------------------------------------------

void Runner::OpenMore() {
  const bool one =
      options_.mode == Mode::kHandshake || options_.mode == Mode::kFirst || options_.fresh;
  const size_t wanted = one ? 1 : connections_.size();
  while (opened_ < wanted && opened_ - warm_ < kOpeningAtOnce) connections_[opened_++]->Open();
  if (warm_ == wanted) BecomeReady();
}

void Runner::BecomeReady() {
  phase_ = Phase::kReady;
  Emit("ready", "");
  if (options_.mode == Mode::kFirst) {
    phase_ = Phase::kQuit;
  } else if (!options_.wait) {
    Start();
  }
}

// --- the load -----------------------------------------------------------------

void Runner::Start() {
  if (phase_ != Phase::kReady) return;
  window_ = Window();
  shared_.bytes_received = 0;
  phase_ = Phase::kRunning;
  failures_in_a_row_ = 0;
  random_.seed(1);
  window_.began = Moment::Now();
  const int64_t now = window_.began.wall_ns;
  end_ns_ = now + static_cast<int64_t>(options_.seconds * 1e9);
  next_due_ns_ = now;
  stretch_.Clear();
  stretch_end_ns_ = now + static_cast<int64_t>(options_.window * 1e9);
  idle_.clear();
  for (const auto& connection : connections_) {
    if (options_.mode == Mode::kRate) {
      idle_.push_back(connection.get());
    } else if (options_.mode != Mode::kIdle) {
      for (int i = 0; i < std::max(options_.streams, 1); ++i) BeginOperation(*connection);
    }
  }
}

void Runner::BeginOperation(Connection& connection) {
  connection.began_ns = Now();
  ++in_flight_;
  if (connection.open()) {
    connection.Send();
  } else {
    connection.Open();
  }
}

void Runner::SendDue(int64_t now) {
  while (phase_ == Phase::kRunning && next_due_ns_ <= std::min(now, end_ns_)) {
    backlog_.push_back(next_due_ns_);
    next_due_ns_ += 1 + static_cast<int64_t>(gap_(random_) * 1e9 / options_.rate);
  }
  while (!backlog_.empty() && !idle_.empty()) {
    Connection* const connection = idle_.front();
    idle_.pop_front();
    BeginOperation(*connection);
    // Latency counts from when the request was due, not from when we got round to it.
    connection->began_ns = backlog_.front();
    backlog_.pop_front();
  }
}

void Runner::EndStretch(int64_t now) {
  window_.stretches.push_back({stretch_.count(), stretch_.Percentile(50), stretch_.Percentile(99)});
  stretch_.Clear();
  stretch_end_ns_ = now + static_cast<int64_t>(options_.window * 1e9);
}

void Runner::End() {
  phase_ = Phase::kEnding;
  end_ns_ = Now() + kPatience;
}

void Runner::Report() {
  for (size_t i = 0; i < in_flight_ + backlog_.size(); ++i) window_.AddError("unanswered");
  Emit("report", "");
  backlog_.clear();
  in_flight_ = 0;
  phase_ = options_.wait ? Phase::kReady : Phase::kQuit;
}

void Runner::Emit(std::string_view event, std::string_view label) {
  window_.bytes = shared_.bytes_received;
  std::puts(ToJson(event, label, window_, Moment::Now(), negotiated_).c_str());
  std::fflush(stdout);
}

void Runner::Fail(std::string_view why) {
  window_.AddError(why);
  Emit("failed", why);
  status_ = 1;
  phase_ = Phase::kQuit;
}

// --- what connections say -----------------------------------------------------

void Runner::OnEstablished(Connection& connection) {
  ++window_.handshakes;
  if (SSL_session_reused(connection.ssl())) ++window_.resumed;
  if (negotiated_.version.empty()) {
    const SSL* const ssl = connection.ssl();
    negotiated_ = {SSL_get_version(ssl), SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)),
                   SSL_get_curve_name(SSL_get_curve_id(ssl))};
  }
  connection.Send();
}

void Runner::OnResponse(Connection& connection) {
  failures_in_a_row_ = 0;
  if (connection.status() != 200) {
    window_.AddError(absl::StrCat("status_", connection.status()));
  } else if (phase_ != Phase::kSetup) {
    ++window_.operations;
    const int64_t took_ns = Now() - connection.began_ns;
    window_.latency.Add(took_ns);
    if (options_.window > 0) stretch_.Add(took_ns);
  }
  const bool fresh = options_.mode == Mode::kHandshake || options_.fresh;
  if (fresh && connection.open()) connection.Close();
  if (!connection.keep_alive() && connection.open()) connection.Close();
  if (phase_ == Phase::kSetup) {
    if (connection.status() != 200) {
      Fail(absl::StrCat("the server answers with status ", connection.status()));
      return;
    }
    ++warm_;
    OpenMore();
    return;
  }
  EndOperation(connection);
}

void Runner::EndOperation(Connection& connection) {
  --in_flight_;
  if (options_.mode == Mode::kRate) {
    idle_.push_back(&connection);
    SendDue(Now());
  } else if (phase_ == Phase::kRunning) {
    BeginOperation(connection);
  }
}

void Runner::OnFailed(Connection& connection, std::string_view why) {
  if (options_.mode == Mode::kFirst) {
    const timespec moment = {0, 200'000};
    nanosleep(&moment, nullptr);
    connection.Open();
    return;
  }
  window_.AddError(why);
  // With it, an unknown part of the work of all its streams is lost.
  if (options_.streams > 0 && options_.mode == Mode::kKeepAlive && phase_ != Phase::kSetup) {
    Fail(absl::StrCat("an HTTP/2 connection is lost: ", std::string(why)));
    return;
  }
  // Those of a whole queue may be refused at a time.
  const uint64_t most_failures = options_.fresh ? 100 * kMostFailures : kMostFailures;
  if (++failures_in_a_row_ >= most_failures || (phase_ == Phase::kSetup && warm_ == 0)) {
    Fail(absl::StrCat("the server does not answer: ", std::string(why)));
    return;
  }
  if (phase_ == Phase::kSetup) {
    connection.Open();
  } else if (phase_ == Phase::kRunning || phase_ == Phase::kEnding) {
    // An idle connection that the server closed is opened anew when it is next used.
    if (options_.mode == Mode::kIdle || std::ranges::find(idle_, &connection) != idle_.end())
      return;
    EndOperation(connection);
  }
}

// --- commands -----------------------------------------------------------------

void Runner::ReadCommands() {
  if (!commands_.Read([this](std::string_view command) { Obey(command); })) phase_ = Phase::kQuit;
}

void Runner::Obey(std::string_view command) {
  if (command == "start") {
    Start();
  } else if (command == "stop") {
    if (phase_ == Phase::kRunning) End();
  } else if (command == "quit") {
    phase_ = Phase::kQuit;
  } else if (command.starts_with("mark")) {
    command.remove_prefix(std::min<size_t>(command.size(), 5));
    Emit("window", command);
    window_ = Window();
    window_.began = Moment::Now();
    shared_.bytes_received = 0;
  }
}

}  // namespace mantlet::bench
