// WorkerContext holds the objects that every session of a worker uses. It belongs to the worker's
// thread.

#ifndef MANTLET_PROXY_SESSION_WORKER_CONTEXT_H_
#define MANTLET_PROXY_SESSION_WORKER_CONTEXT_H_

#include <cstdint>
#include <memory>

#include "proxy/base/clock.h"
#include "proxy/base/log.h"
#include "proxy/base/log_budget.h"
#include "proxy/base/memory_budget.h"
#include "proxy/http1/parser_pool.h"
#include "proxy/http2/session_memory.h"
#include "proxy/io/loop.h"
#include "proxy/observe/access_log.h"
#include "proxy/session/load_shedder.h"

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
  // Limits the rate of log records that clients can cause; metrics count every case.
  base::LogBudget& client_log_budget;
  // Set once, when the drain begins. Each connection then gets at most one more response.
  bool draining = false;
  // The schedule of revalidations and the cache of verdicts; never null if there are connections.
  RevalidationSchedule* revalidation = nullptr;
  verify::ClientVerdictCache* client_verdicts = nullptr;
  // The limit on the memory of the process; null: none.
  base::MemoryBudget* memory = nullptr;
  // shutdown.drain: the time for a connection that is to end to finish what it has begun.
  int64_t drain_ms = 30'000;
  // shutdown.idle_grace: how long a connection that is to end is still read while idle.
  int64_t idle_grace_ms = 1'000;
  // What the worker refuses while it has too much to do.
  LoadShedder shedder = {};
  http1::ParserPool parsers = {};
  // The worker's pools have it as well; their connections may end last.
  std::shared_ptr<http2::SessionMemory> http2_memory =
      std::make_shared<http2::SessionMemory>(loop.blocks());
};

}  // namespace mantlet::session

#endif  // MANTLET_PROXY_SESSION_WORKER_CONTEXT_H_
