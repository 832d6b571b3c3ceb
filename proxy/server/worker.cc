#include "proxy/server/worker.h"

#include <pthread.h>

#include <algorithm>
#include <set>
#include <utility>

#include "proxy/base/process_setup.h"
#include "proxy/io/stream.h"
#include "proxy/server/time_slice.h"
#include "proxy/session/handshake_record.h"
#include "proxy/session/revalidation.h"
#include "proxy/session/tls_acceptor.h"

namespace mantlet::server {

using Protocol = upstream::Pool::Protocol;

using session::Connection;

namespace {

// The rate limit of each worker for log records that clients can cause.
constexpr uint32_t kClientRecordsPerSecond = 100;
// When accept(2) fails for lack of descriptors, this many connections without a ClientHello are
// closed; io::Listener retries five times per second.
constexpr size_t kRoomWithoutDescriptors = 64;
// A socket that accepts no new connection stays open for this long. The last segments of TCP
// handshakes that had begun have arrived by then.
constexpr int64_t kLastHandshakesMs = 50;

}  // namespace

Worker::Worker(const base::Clock& clock, base::Logger& logger, observe::MetricsShard& metrics,
               observe::AccessLogSink& access_log, base::LogFormat log_format,
               base::MemoryBudget& memory)
    : metrics_(metrics),
      logger_(logger),
      access_log_(access_log, log_format),
      client_log_budget_(kClientRecordsPerSecond),
      revalidation_(loop_, clock),
      context_{loop_,
               clock,
               logger,
               access_log_,
               client_log_budget_,
               false,
               &revalidation_,
               &client_verdicts_,
               &memory},
      heap_trim_(loop_, clock, [this] { FreeUnused(); }),
      memory_guard_(
          loop_, logger, memory,
          {.connections = [this] { return AllConnections(); }, .trim = [this] { FreeUnused(); }}),
      thread_([this] {
        pthread_setname_np(pthread_self(), "worker");
        SetTimeSlice(kWorkerSliceNs);
        loop_.SetTurnEnd([this] {
          access_log_.Flush();
          memory_guard_.Check(false);
        });
        loop_.SetOnMeasured([this](int64_t turn_ms) { CheckOverload(turn_ms); });
        loop_.Run();
        // Everything that belongs to this loop is destroyed on its thread and writes its records.
        stopped_ = true;
        CutOnLoop();
        listeners_.clear();
        closing_.clear();
        connections_.clear();
        pools_.clear();
        circuits_.clear();
        loop_.SetTurnEnd(nullptr);  // the loop outlives the log that this flushes
      }) {}

// Called in each turn, while an event is handled.
void Worker::CheckOverload(int64_t last_turn_ms) {
  session::LoadShedder& shedder = context_.shedder;
  shedder.EndTurn(last_turn_ms);
  const int64_t now_ms = loop_.now_ms();
  if (!shedder.IsDue(now_ms)) return;
  const int64_t turn_ms = loop_.turns().wait_ms();
  int64_t queue_ms = 0;
  for (const auto& [name, listening] : listeners_) {
    for (const std::unique_ptr<io::Listener>& socket : listening.sockets) {
      queue_ms = std::max(queue_ms, now_ms - socket->queued_since_ms().value_or(now_ms));
    }
  }
  const session::LoadShedder::Change change = shedder.EndInterval({.now_ms = now_ms,
                                                                   .busy_ms = loop_.turns().busy_ms,
                                                                   .turn_ms = turn_ms,
                                                                   .queue_ms = queue_ms,
                                                                   .cpu_us = base::ThreadCpuUs()});
  loop_.ResetTurns();
  if (shedder.overloaded()) {
    loop_.ArmIn(overload_timer_, session::LoadShedder::kIntervalMs);
  }
  if (change == session::LoadShedder::Change::kNone) return;
  const auto permit = overload_log_budget_.Ask(loop_.now_ms());
  if (!permit) return;
  if (change == session::LoadShedder::Change::kBegins) {
    logger_.Warn("overload_begins",
                 "A worker has more to do than it can. It refuses new connections, and requests if "
                 "that is not enough.",
                 {{"waited_ms", std::max(turn_ms, queue_ms)},
                  {"target_ms", shedder.target_ms()},
                  {"suppressed", permit.suppressed}});
  } else {
    logger_.Info("overload_ends", "The worker refuses nothing any more.",
                 {{"refused", shedder.refused()}, {"suppressed", permit.suppressed}});
  }
}

void Worker::RecordQueue(const std::string& upstream, bool standing, int64_t target_ms) {
  const auto permit = overload_log_budget_.Ask(loop_.now_ms());
  if (!permit) return;
  if (standing) {
    logger_.Warn(
        "upstream_queue_stands",
        "More requests come than the application serves with upstreams[].pool.connections. "
        "Requests that have waited for target_ms get 503.",
        {{"upstream", upstream}, {"target_ms", target_ms}, {"suppressed", permit.suppressed}});
  } else {
    logger_.Info("upstream_queue_drains", "Requests do not wait for long any more.",
                 {{"upstream", upstream}, {"suppressed", permit.suppressed}});
  }
}

void Worker::FreeUnused() {
  context_.parsers.Clear();
  loop_.buffers().Clear();
  loop_.blocks().Clear();
  HeapTrim::TrimHeap();
}

Worker::~Worker() {
  loop_.Stop();
  thread_.join();
}

void Worker::Apply(SnapshotPtr snapshot, Sockets new_sockets) {
  loop_.Post([this, snapshot = std::move(snapshot), sockets = std::move(new_sockets)]() mutable {
    ApplyOnLoop(*snapshot, std::move(sockets));
  });
}

void Worker::ApplyOnLoop(const Snapshot& snapshot, Sockets new_sockets) {
  context_.drain_ms = snapshot.config.drain.count();
  context_.shedder.SetTarget(snapshot.config.overload);
  context_.idle_grace_ms = std::min(snapshot.config.idle_grace, snapshot.config.drain).count();
  const Pools old_pools = pools_;
  RevalidationScopes scopes;
  Listeners old_listeners = std::exchange(listeners_, {});
  for (const ListenerSnapshot& listener : snapshot.listeners) {
    const std::string& name = listener.config.name;
    Listening listening;
    if (auto old = old_listeners.extract(name)) listening = std::move(old.mapped());
    scopes[listening.slot.get()] = AdoptListener(listener, listening);
    auto sockets = new_sockets.find(name);
    if (sockets != new_sockets.end() && !context_.draining) {
      ReplaceSockets(listener, std::move(sockets->second), listening);
    }
    listeners_[name] = std::move(listening);
  }
  CloseRemoved(old_listeners, scopes);
  ScheduleRevalidation(scopes);
  ShutdownUnusedPools(old_pools);
}

// Sets `listener` as the state for connections of `listening`, which they use from their next
// request on. Returns which of them must be validated again.
Worker::RevalidationScope Worker::AdoptListener(const ListenerSnapshot& listener,
                                                Listening& listening) {
  const std::shared_ptr<const session::ListenerState> before = listening.slot->current;
  listening.slot->current = listening.slot->last = StateFor(listener);
  if (before == nullptr) return RevalidationScope::kNone;
  const session::ListenerState& after = *listening.slot->current;
  if (session::NeedsRevalidation(*before, &after)) return RevalidationScope::kAll;
  // The policy decides about requests; a tunnel is a request that is still in progress.
  return before->policy != after.policy ? RevalidationScope::kTunnels : RevalidationScope::kNone;
}

void Worker::ReplaceSockets(const ListenerSnapshot& listener,
                            std::vector<io::FileDescriptor> sockets, Listening& listening) {
  CloseListener(listening);
  listening.shared = listener.config.address.kind == config::Address::Kind::kSystemd;
  for (io::FileDescriptor& socket : sockets) {
    listening.sockets.push_back(Listen(listener.config.name, listening.slot, std::move(socket)));
  }
}

// Closes the sockets of listeners that were removed from the configuration; their connections end.
void Worker::CloseRemoved(Listeners& removed, RevalidationScopes& scopes) {
  for (auto& [name, listening] : removed) {
    CloseListener(listening);
    listening.slot->current = nullptr;
    scopes[listening.slot.get()] = RevalidationScope::kAll;
  }
}

// Marks the connections as due; the schedule validates them in slices.
void Worker::ScheduleRevalidation(const RevalidationScopes& scopes) {
  for (auto& [connection, owner] : connections_) {
    auto it = scopes.find(connection->slot());
    if (it == scopes.end() || it->second == RevalidationScope::kNone) continue;
    const bool tunnel = connection->state() == Connection::State::kTunnel;
    if (it->second == RevalidationScope::kTunnels && !tunnel) continue;
    revalidation_.SetDue(*connection, session::RevalidationSchedule::kNow);
  }
}

// Shuts down the pools of `old_pools` that no listener uses any more.
void Worker::ShutdownUnusedPools(const Pools& old_pools) {
  std::set<const upstream::Pool*> used;
  for (const auto& [name, listening] : listeners_) {
    used.insert(listening.slot->current->pool.get());
    used.insert(listening.slot->current->pool_h2.get());
  }
  for (const auto& [key, pool] : old_pools) {
    if (!used.contains(pool.get())) pool->Shutdown();
  }
  std::erase_if(pools_, [&](const auto& entry) { return !used.contains(entry.second.get()); });
  std::erase_if(circuits_, [&](const auto& entry) {
    return std::none_of(pools_.begin(), pools_.end(),
                        [&](const auto& pool) { return pool.first.first == entry.first; });
  });
}

std::shared_ptr<upstream::Circuits> Worker::CircuitsOf(const std::string& upstream) {
  std::shared_ptr<upstream::Circuits>& circuits = circuits_[upstream];
  if (circuits == nullptr) {
    circuits = std::make_shared<upstream::Circuits>(loop_, connector_);
    circuits->SetOnChange([this, upstream](const upstream::Circuits::Change& change) {
      if (on_circuit_change_) on_circuit_change_(upstream, change);
    });
  }
  return circuits;
}

std::shared_ptr<upstream::Pool> Worker::PoolFor(const upstream::TargetPtr& target,
                                                upstream::Pool::Protocol protocol) {
  const std::string& name = target->config.name;
  std::shared_ptr<upstream::Pool>& pool = pools_[{name, protocol}];
  if (pool == nullptr || pool->target().config != target->config) {
    pool = std::make_shared<upstream::Pool>(
        loop_, connector_, target, metrics_.Upstream(name),
        protocol == Protocol::kH2c ? context_.http2_memory : nullptr, CircuitsOf(name));
    pool->SetOnQueueChange(
        [this, name](bool standing, int64_t target_ms) { RecordQueue(name, standing, target_ms); });
    pool->SetOnUnreachable([this, name] {
      if (on_unreachable_) on_unreachable_(name);
    });
  } else if (&pool->target() != target.get()) {
    pool->SetTarget(target);
  }
  return pool;
}

void Worker::UpdateTarget(upstream::TargetPtr target) {
  loop_.Post([this, target = std::move(target)] {
    for (const Protocol protocol : {Protocol::kHttp1, Protocol::kH2c}) {
      auto it = pools_.find({target->config.name, protocol});
      if (it != pools_.end() && it->second->target().config == target->config) {
        it->second->SetTarget(target);
      }
    }
  });
}

void Worker::SetUnhealthy(const std::string& upstream, std::vector<io::SocketAddress> addresses) {
  loop_.Post([this, upstream, addresses = std::move(addresses)]() mutable {
    auto it = circuits_.find(upstream);
    if (it != circuits_.end()) it->second->SetUnhealthy(std::move(addresses));
  });
}

std::shared_ptr<const session::ListenerState> Worker::StateFor(const ListenerSnapshot& listener) {
  auto state = std::make_shared<session::ListenerState>();
  state->config = listener.config;
  state->strip = identity::StripSet(listener.config.identity_headers);
  state->acceptor =
      std::make_shared<const session::TlsAcceptor>(loop_, listener.tls, client_verdicts_);
  state->protocols = session::HttpProtocols(listener.config.protocols);
  state->verifier = listener.tls->options().verifier;
  const config::UpstreamProtocol protocol = listener.target->config.protocol;
  const bool http2_only = protocol == config::UpstreamProtocol::kH2c;
  state->pool = PoolFor(listener.target, http2_only ? Protocol::kH2c : Protocol::kHttp1);
  if (protocol == config::UpstreamProtocol::kMatch) {
    state->pool_h2 = PoolFor(listener.target, Protocol::kH2c);
  }
  state->admission = listener.admission;
  state->metrics = &metrics_.Listener(listener.config.name);
  state->requests = &metrics_.Requests(listener.config.name, listener.config.upstream);
  state->upstream_metrics = &metrics_.Upstream(listener.config.upstream);
  state->policy = listener.policy;
  state->FindDenialCounters();
  return state;
}

std::unique_ptr<io::Listener> Worker::Listen(const std::string& name,
                                             const std::shared_ptr<session::ListenerSlot>& slot,
                                             io::FileDescriptor socket) {
  return std::make_unique<io::Listener>(
      loop_, std::move(socket),
      [this, slot](io::FileDescriptor fd, const io::SocketAddress& peer) {
        return Accept(slot, std::move(fd), peer);
      },
      [this, name, slot](const std::string& what) {
        // Connections without a ClientHello are closed to free their descriptors.
        if (slot->current != nullptr) {
          slot->current->admission->MakeRoom(kRoomWithoutDescriptors,
                                             session::AdmissionLimit::kDescriptors);
        }
        auto permit = accept_log_budget_.Ask(context_.clock.MonotonicMs());
        if (!permit) return;
        logger_.Error("accept_failed",
                      "Cannot accept a connection; retrying. Raise the limit of open files "
                      "(LimitNOFILE=) or lower limits.connections.",
                      {{"listener", name}, {"error", what}, {"suppressed", permit.suppressed}});
      },
      io::ClientDescriptors(base::OpenFileLimit()));
}

bool Worker::Accept(const std::shared_ptr<session::ListenerSlot>& slot, io::FileDescriptor fd,
                    const io::SocketAddress& peer) {
  const session::ListenerState& state = *slot->newest();
  if (context_.memory->refuses_new()) {
    ++context_.memory->counts.refused;
    session::RecordLimit(context_, state, peer.ToString(), session::AdmissionLimit::kMemory);
    return false;
  }
  // Before anything is read: a refused connection costs a tenth of what its ClientHello would.
  if (context_.shedder.RefusesConnection()) {
    state.metrics->Shed(observe::ShedWork::kHandshake);
    session::RecordLimit(context_, state, peer.ToString(), session::AdmissionLimit::kOverload);
    return false;
  }
  auto admitted =
      session::Admission::Admit(state.admission, state.config.limits, session::ClientKeyOf(peer));
  if (const auto* limit = std::get_if<session::AdmissionLimit>(&admitted)) {
    session::RecordLimit(context_, state, peer.ToString(), *limit);
    return false;
  }
  auto stream = io::Stream::FromFd(loop_, fd.Release(), peer.is_unix());
  if (!stream.ok()) {
    if (auto permit = accept_log_budget_.Ask(context_.clock.MonotonicMs())) {
      logger_.Error("accept_failed", "Cannot serve an accepted connection.",
                    {{"listener", state.config.name},
                     {"error", std::string(stream.status().message())},
                     {"suppressed", permit.suppressed}});
    }
    return false;
  }
  auto connection = std::make_unique<Connection>(
      context_, static_cast<Connection::Observer&>(*this), slot,
      std::get<session::Admission::Ticket>(std::move(admitted)), *std::move(stream), peer);
  Connection* key = connection.get();
  connections_.emplace(key, std::move(connection));
  heap_trim_.SetOpen(connections_.size());
  key->Begin();
  if (context_.draining || slot->current == nullptr) key->Drain();
  return true;
}

// Closes the sockets without losing a connection in the kernel's queue. The queue of a socket that
// belongs to the service manager or was passed to another process is left for the next process that
// accepts from it.
void Worker::CloseListener(Listening& listening) {
  std::vector<std::unique_ptr<io::Listener>> sockets = std::move(listening.sockets);
  listening.sockets.clear();
  if (sockets.empty() || listening.shared) return;
  for (std::unique_ptr<io::Listener>& socket : sockets) {
    socket->RefuseNew();
    socket->AcceptPending();
    closing_.push_back(std::move(socket));
  }
  loop_.ArmIn(closing_timer_, kLastHandshakesMs);
}

void Worker::CloseDrainedSockets() {
  for (const std::unique_ptr<io::Listener>& listener : closing_) listener->AcceptPending();
  closing_.clear();
  ReportIfEmpty();
}

void Worker::OnConnectionClosed(Connection* connection) {
  if (stopped_) return;  // destroyed with all the others
  auto it = connections_.find(connection);
  if (it == connections_.end()) return;
  loop_.DeferDelete(std::move(it->second));
  connections_.erase(it);
  heap_trim_.SetOpen(connections_.size());
  ReportIfEmpty();
}

void Worker::Drain(std::function<void()> on_empty, std::set<std::string> taken_over) {
  loop_.Post([this, on_empty = std::move(on_empty), taken_over = std::move(taken_over)] {
    context_.draining = true;
    on_empty_ = on_empty;
    for (auto& [name, listening] : listeners_) {
      listening.shared = listening.shared || taken_over.contains(name);
      CloseListener(listening);
    }
    for (Connection* connection : AllConnections()) connection->Drain();
    ReportIfEmpty();
  });
}

void Worker::DuplicateSockets(std::function<void(Sockets)> done) {
  loop_.Post([this, done = std::move(done)] {
    Sockets all;
    for (const auto& [name, listening] : listeners_) {
      for (const auto& socket : listening.sockets) all[name].push_back(socket->Duplicate());
    }
    done(std::move(all));
  });
}

void Worker::Cut() {
  loop_.Post([this] { CutOnLoop(); });
}

void Worker::CutOnLoop() {
  for (Connection* connection : AllConnections()) connection->Cut();
}

// A copy, because what is done with them may end them.
std::vector<Connection*> Worker::AllConnections() const {
  std::vector<Connection*> all;
  all.reserve(connections_.size());
  for (const auto& [connection, owner] : connections_) all.push_back(connection);
  return all;
}

void Worker::ReportIfEmpty() {
  if (!on_empty_ || !connections_.empty() || !closing_.empty()) return;
  std::exchange(on_empty_, nullptr)();
}

void Worker::Summarize(size_t limit, std::function<void(std::vector<ConnectionSummary>)> done) {
  loop_.Post([this, limit, done = std::move(done)] {
    std::vector<ConnectionSummary> all;
    for (const auto& [connection, owner] : connections_) {
      if (all.size() >= limit) break;
      const identity::PeerIdentity& peer = connection->identity();
      all.push_back({connection->listener_name(), connection->peer(),
                     std::string(Connection::StateName(connection->state())),
                     std::string(connection->protocol()), std::string(peer.tls.version),
                     peer.has_certificate() ? peer.certificate->subject : "",
                     peer.has_certificate() ? peer.certificate->spiffe_id : "",
                     connection->streams(), connection->requests(), connection->opened_wall_ms()});
    }
    done(std::move(all));
  });
}

}  // namespace mantlet::server
