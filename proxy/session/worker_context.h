// What every session of a worker uses. Belongs to the worker's thread.

#ifndef MANTLET_PROXY_SESSION_WORKER_CONTEXT_H_
#define MANTLET_PROXY_SESSION_WORKER_CONTEXT_H_

#include <cstdint>

#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/base/log_budget.h"
#include "proxy/http1/parser_pool.h"
#include "proxy/io/loop.h"
#include "proxy/observe/access_log.h"

namespace mantlet::verify {
class ClientVerdictCache;
}

namespace mantlet::session {

class RevalidationSchedule;

struct WorkerContext {
  io::Loop& loop;
  const base::Clock& clock;
  base::Logger& logger;
  observe::AccessLogWriter& access_log;
  // Bounds the records that clients can provoke; metrics count all of them.
  base::LogBudget& client_log_budget;
  // Set once, when the drain begins: each connection gets one more answer at most.
  bool draining = false;
  // When the clients of its connections are validated again, and the verdicts about them;
  // never null where there are connections.
  RevalidationSchedule* revalidation = nullptr;
  verify::ClientVerdictCache* client_verdicts = nullptr;
  // shutdown.drain: what a connection that is to end gets for what it has begun.
  int64_t drain_ms = 30'000;
  // shutdown.idle_grace: how long a connection that is to end is still read while idle.
  int64_t idle_grace_ms = 1'000;
  http1::ParserPool parsers = {};
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_WORKER_CONTEXT_H_
