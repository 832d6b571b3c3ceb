// A ByteStreamHandler that records its callbacks and lets a test act from inside of them.

#ifndef MANTLET_TEST_PROXY_IO_RECORDING_HANDLER_H_
#define MANTLET_TEST_PROXY_IO_RECORDING_HANDLER_H_

#include <functional>
#include <string>
#include <string_view>

#include "proxy/io/byte_stream.h"

namespace mantlet::io {

struct RecordingHandler final : ByteStreamHandler {
  void OnData(std::string_view bytes) override {
    data.append(bytes);
    if (on_data) on_data(bytes);
  }
  void OnEnd() override {
    ++ends;
    if (on_end) on_end();
  }
  void OnStreamError(const StreamError& error) override {
    ++errors;
    code = ToString(error.failure);
    detail = error.detail;
    if (on_error) on_error();
  }
  void OnDrained() override {
    ++drained;
    if (on_drained) on_drained();
  }

  std::string data, code, detail;
  int ends = 0, errors = 0, drained = 0;
  std::function<void(std::string_view)> on_data;
  std::function<void()> on_end, on_error, on_drained;
};

}  // namespace mantlet::io

#endif  // MANTLET_TEST_PROXY_IO_RECORDING_HANDLER_H_
