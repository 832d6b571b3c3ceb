// GenerationSink builds a generation of all that sources push into it and keeps the last good one.
//
// It holds the bytes under every name, private keys among them, for as long as it lives, because
// the next push may bring other names only. It overwrites them at its end. One thread.

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
  // `config` must outlive the sink. `now` returns seconds since the epoch. `previous` is what was
  // in use before the first push, or null; it serves to warn of what has become older.
  GenerationSink(const config::Config& config, std::function<int64_t()> now,
                 const Generation* previous);
  ~GenerationSink() override;
  GenerationSink(const GenerationSink&) = delete;
  GenerationSink& operator=(const GenerationSink&) = delete;

  absl::Status Push(MaterialSnapshot snapshot) override;

  // Null before the first push that was taken.
  const GenerationPtr& generation() const { return generation_; }

 private:
  const config::Config& config_;
  std::function<int64_t()> now_;
  const Generation* previous_;
  MaterialSnapshot pushed_;  // what `generation_` was built of
  GenerationPtr generation_;
};

}  // namespace mantlet::certs

#endif  // MANTLET_CERTS_GENERATION_SINK_H_
