#include "proxy/server/drain.h"

#include <utility>

namespace mantlet::server {

Drain::Drain(io::Loop& loop, Actions actions)
    : loop_(loop),
      actions_(std::move(actions)),
      deadline_([this] { OnDeadline(); }),
      after_cut_([this] { Finish(); }) {}

bool Drain::Begin(int64_t deadline_ms) {
  if (std::exchange(begun_, true)) return false;
  workers_left_ = actions_.start([this] { loop_.Post([this] { OnWorkerEmpty(); }); });
  loop_.ArmIn(deadline_, deadline_ms);
  return true;
}

void Drain::OnWorkerEmpty() {
  if (--workers_left_ == 0) Finish();
}

void Drain::OnDeadline() {
  actions_.cut();
  loop_.ArmIn(after_cut_, kAfterCutMs);
}

void Drain::Finish() {
  if (!std::exchange(finished_, true)) actions_.finished();
}

}  // namespace mantlet::server
