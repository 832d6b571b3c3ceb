#include "proxy/server/memory_guard.h"

#include <algorithm>
#include <utility>

namespace mantlet::server {

using session::Connection;

MemoryGuard::MemoryGuard(io::Loop& loop, base::Logger& logger, base::MemoryBudget& budget,
                         Host host)
    : loop_(loop),
      logger_(logger),
      budget_(budget),
      host_(std::move(host)),
      timer_([this] { Check(true); }),
      act_(loop, [this] { Act(); }) {
  if (budget_.enabled()) loop_.SetOnManyRead([this] { Check(true); });
}

void MemoryGuard::Check(bool urgent) {
  if (!budget_.enabled()) return;
  Measure(urgent);
  loop_.SetBufferShare(budget_.buffer_share());
  if (budget_.fill() < base::MemoryBudget::kShrinkBuffers) return;
  if (budget_.excess() != 0 || !timer_.armed()) act_.Schedule();
}

void MemoryGuard::Measure(bool urgent) {
  if (const std::optional<bool> pressed = budget_.Sample(loop_.now_ms(), urgent)) {
    Log(*pressed);
  }
}

void MemoryGuard::Act() {
  loop_.ArmIn(timer_, budget_.ends_idle() ? kActMs : kTrimMs);
  // What has been freed and is still in memory is no reason to end a connection.
  host_.trim();
  Measure(true);
  if (!budget_.ends_idle()) return;
  EndIdle(host_.connections());
  if (const size_t excess = budget_.excess(); excess != 0) {
    CutLargest(host_.connections(), excess);
  }
}

void MemoryGuard::EndIdle(std::vector<Connection*> connections) {
  std::erase_if(connections, [](const Connection* connection) {
    return connection->state() != Connection::State::kIdle;
  });
  if (connections.size() * kIdleBytes < budget_.room() / kWorthwhile) return;
  const size_t most = std::max(kLeastIdle, connections.size() / kIdleShare);
  for (size_t i = 0; i < std::min(most, connections.size()); ++i) {
    connections[i]->EndIfIdle();
    ++budget_.counts.idle_ended;
  }
}

// Of those that hold the same, the oldest are the least likely to be about to finish.
// Several workers may find the same excess; each then gives up what its largest connections hold,
// and the next measurement shows what is left to do.
void MemoryGuard::CutLargest(const std::vector<Connection*>& connections, size_t excess) {
  struct Candidate {
    size_t held;
    int64_t opened_us;
    Connection* connection;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(connections.size());
  for (Connection* connection : connections) {
    candidates.push_back({connection->held(), connection->opened_us(), connection});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.held != b.held ? a.held > b.held : a.opened_us < b.opened_us;
  });
  for (const auto& [held, opened_us, connection] : candidates) {
    if (held == 0) return;
    connection->Drop(base::ProxyError(base::ErrorReason::kOutOfMemory,
                                      "limits.memory is reached, and this connection held more "
                                      "than others"));
    ++budget_.counts.cut;
    if (held >= excess) return;
    excess -= held;
  }
}

void MemoryGuard::Log(bool pressed) const {
  const auto limit = static_cast<uint64_t>(budget_.limit());
  const auto used = static_cast<uint64_t>(budget_.used());
  if (pressed) {
    logger_.Warn("memory_scarce",
                 "The memory of limits.memory is nearly used up: buffers are smaller, idle "
                 "connections end, and then new ones are refused. Raise the limit, or lower "
                 "limits.connections.",
                 {{"used", used}, {"limit", limit}});
  } else {
    logger_.Info("memory_ample", "There is enough memory again.",
                 {{"used", used}, {"limit", limit}});
  }
}

}  // namespace mantlet::server
