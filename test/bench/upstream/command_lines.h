// What the driver says on stdin: a command a line.

#ifndef MANTLET_TEST_BENCH_UPSTREAM_COMMAND_LINES_H_
#define MANTLET_TEST_BENCH_UPSTREAM_COMMAND_LINES_H_

#include <functional>
#include <string>
#include <string_view>

namespace mantlet::bench {

class CommandLines {
 public:
  // Reads once what is there, and calls `obey` for each line that is complete, in order.
  // False: stdin has ended.
  bool Read(const std::function<void(std::string_view line)>& obey);

 private:
  std::string rest_;  // an incomplete line
};

}  // namespace mantlet::bench

#endif  // MANTLET_TEST_BENCH_UPSTREAM_COMMAND_LINES_H_
