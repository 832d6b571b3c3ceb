// GenerationSink builds a generation from everything that sources push and keeps the last valid
// one.
//
// It stores the bytes of every name, including private keys, during its lifetime, because the next
// push may contain other names only. The destructor overwrites them. One thread.

#ifndef MANTLET_CERTS_GENERATION_SINK_H_
#define MANTLET_CERTS_GENERATION_SINK_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "certs/generation.h"
#include "certs/source.h"
#include "config/config.h"

namespace mantlet::certs {

class GenerationSink final : public MaterialSink {
 public:
  // `config` must outlive the sink. `now` returns seconds since the epoch. `previous` is the
  // generation in use before the first push, or null; it is used for warnings about older material.
  GenerationSink(const config::Config& config, std::function<int64_t()> now,
                 const Generation* previous);
  ~GenerationSink() override;
  GenerationSink(const GenerationSink&) = delete;
  GenerationSink& operator=(const GenerationSink&) = delete;

  absl::Status Push(MaterialSnapshot snapshot) override;

  // Returns null before the first accepted push.
  const GenerationPtr& generation() const { return generation_; }

 private:
  const config::Config& config_;
  std::function<int64_t()> now_;
  const Generation* previous_;
  MaterialSnapshot pushed_;  // the input of `generation_`
  GenerationPtr generation_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_SINK_H_
