#include "proxy/io/deferred_call.h"

#include <utility>

#include "proxy/io/loop.h"

namespace mantlet::io {

DeferredCall::DeferredCall(Loop& loop, std::function<void()> call, When when)
    : loop_(loop), call_(std::move(call)), when_(when) {}

void DeferredCall::Schedule() {
  if (!scheduled()) loop_.Enqueue(*this, when_);
}

}  // namespace mantlet::io
