#include "proxy/observe/access_log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mantlet::observe {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return lines;
}

class AccessLogSinkTest : public testing::Test {
 protected:
  AccessLogSinkTest() {
    signal(SIGPIPE, SIG_IGN);
    path_ = testing::TempDir() + "sink-" + std::to_string(getpid());
    Remove();
  }
  ~AccessLogSinkTest() override { Remove(); }
  void Remove() {
    unlink(path_.c_str());
    unlink((path_ + ".1").c_str());
  }
  std::string path_;
};

// Two connected ends; the second is read only when the test does so.
struct Ends {
  int write_end = -1;
  int read_end = -1;

  static Ends Pipe() {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    return {fds[1], fds[0]};
  }
  static Ends Socket() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return {fds[1], fds[0]};
  }
  // Reads all available bytes.
  std::string ReadAvailable() const {
    fcntl(read_end, F_SETFL, fcntl(read_end, F_GETFL) | O_NONBLOCK);
    std::string text;
    char buffer[65536];
    for (ssize_t n; (n = read(read_end, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
  void Close() const {
    close(write_end);
    close(read_end);
  }
};

std::string Line(int number, size_t length = 300) {
  std::string line = std::to_string(number) + " ";
  line.append(length, 'x');
  return line + "\n";
}

TEST_F(AccessLogSinkTest, AppendsToAFileThatOnlyTheGroupMayRead) {
  std::ofstream(path_) << "before\n";
  const auto sink = AccessLogSink::Open(path_).value();
  sink->Write("a\n");
  sink->Write("b\nc\n");
  EXPECT_EQ(ReadFile(path_), "before\na\nb\nc\n");
  unlink(path_.c_str());
  ASSERT_TRUE(sink->Reopen().ok());
  struct stat info{};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0027, 0u);
}

TEST_F(AccessLogSinkTest, AFileThatCannotBeOpenedIsNamedInTheError) {
  const auto sink = AccessLogSink::Open("/nonexistent/access.log");
  ASSERT_FALSE(sink.ok());
  EXPECT_NE(std::string(sink.status().message()).find("/nonexistent/access.log"),
            std::string::npos);
}

TEST_F(AccessLogSinkTest, ReopenFollowsARotation) {
  const auto sink = AccessLogSink::Open(path_).value();
  sink->Write("old\n");
  ASSERT_EQ(rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  sink->Write("still old\n");
  ASSERT_TRUE(sink->Reopen().ok());
  sink->Write("new\n");
  EXPECT_EQ(ReadFile(path_ + ".1"), "old\nstill old\n");
  EXPECT_EQ(ReadFile(path_), "new\n");
}

TEST_F(AccessLogSinkTest, AFailedReopenKeepsTheOldFile) {
  const std::string folder = path_ + ".folder";
  ASSERT_EQ(mkdir(folder.c_str(), 0755), 0);
  const auto sink = AccessLogSink::Open(folder + "/log").value();
  ASSERT_EQ(rename((folder + "/log").c_str(), path_.c_str()), 0);
  ASSERT_EQ(rmdir(folder.c_str()), 0);
  EXPECT_FALSE(sink->Reopen().ok());
  sink->Write("kept\n");
  EXPECT_EQ(ReadFile(path_), "kept\n");
}

TEST_F(AccessLogSinkTest, ANewFileDoesNotBeginWithTheEndOfAnOldLine) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const auto sink = AccessLogSink::Open(path_).value();
  sink->Write(Line(1, 500'000));  // more than the capacity of the FIFO
  unlink(path_.c_str());
  ASSERT_TRUE(sink->Reopen().ok());
  sink->Write("new\n");
  EXPECT_EQ(ReadFile(path_), "new\n");
  EXPECT_EQ(sink->dropped(), 1u);
  close(reader);
}

TEST_F(AccessLogSinkTest, DoesNotOverwriteOtherWritersOfTheSameFile) {
  // "> file 2>&1": one position for both descriptors.
  const int out = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = dup(out);
  const auto sink = AccessLogSink::ForDescriptor(out);
  sink->Write("access 1\n");
  ASSERT_EQ(write(err, "log 1\n", 6), 6);
  sink->Write("access 2\n");
  ASSERT_EQ(write(err, "log 2\n", 6), 6);
  EXPECT_EQ(ReadFile(path_), "access 1\nlog 1\naccess 2\nlog 2\n");
  close(out);
  close(err);
}

TEST_F(AccessLogSinkTest, LeavesTheFlagsOfASharedDescriptorAlone) {
  const Ends ends = Ends::Pipe();
  const auto sink = AccessLogSink::ForDescriptor(ends.write_end);
  sink->Write("a\n");
  EXPECT_EQ(fcntl(ends.write_end, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(ends.ReadAvailable(), "a\n");
  ends.Close();
}

// A reader stops reading and continues later: nothing waits, no line is torn, and every line is
// either written or counted as dropped.
void ExpectNoTornLinesFromASlowReader(const Ends& ends) {
  const auto sink = AccessLogSink::ForDescriptor(ends.write_end);
  constexpr int kLines = 10'000;  // 7 MB: more than the kernel's buffer and the backlog hold
  // Short lines among long ones: they still fit when a long one does not.
  const auto line_at = [](int i) { return Line(i, i % 7 == 0 ? 5000 : 20); };
  for (int i = 0; i < kLines; ++i) sink->Write(line_at(i));
  EXPECT_GT(sink->dropped(), 0u);

  std::string text;
  for (std::string part; !(part = ends.ReadAvailable()).empty();) {
    text += part;
    sink->Retry();
  }
  sink->Write(line_at(kLines));
  text += ends.ReadAvailable();

  int last = -1;
  const std::vector<std::string> lines = SplitLines(text);
  for (const std::string& line : lines) {
    const int number = std::stoi(line);
    EXPECT_GT(number, last);
    EXPECT_EQ(line + "\n", line_at(number));
    last = number;
  }
  EXPECT_EQ(last, kLines);
  EXPECT_EQ(lines.size() + sink->dropped(), static_cast<size_t>(kLines) + 1);
  ends.Close();
}

TEST_F(AccessLogSinkTest, APipeWithoutAReaderBlocksNothing) {
  ExpectNoTornLinesFromASlowReader(Ends::Pipe());
}

TEST_F(AccessLogSinkTest, ASocketWithoutAReaderBlocksNothing) {
  ExpectNoTornLinesFromASlowReader(Ends::Socket());
}

TEST_F(AccessLogSinkTest, ALineThatWasBegunIsEndedWhateverItsLength) {
  const Ends ends = Ends::Pipe();
  const auto sink = AccessLogSink::ForDescriptor(ends.write_end);
  const std::string long_line = Line(1, 2 * AccessLogSink::kBacklogLimit);
  sink->Write(long_line + Line(2));
  std::string text;
  for (std::string part; !(part = ends.ReadAvailable()).empty();) {
    text += part;
    sink->Retry();
  }
  EXPECT_EQ(text, long_line);
  EXPECT_EQ(sink->dropped(), 1u);
  ends.Close();
}

TEST_F(AccessLogSinkTest, WithoutAReaderEveryLineIsCountedAsDropped) {
  const Ends ends = Ends::Pipe();
  close(ends.read_end);
  const auto sink = AccessLogSink::ForDescriptor(ends.write_end);
  sink->Write("a\nb\n");
  sink->Write("c\n");
  sink->Drain(10'000);  // does not wait for a closed reader
  EXPECT_EQ(sink->dropped(), 3u);
  close(ends.write_end);
}

TEST_F(AccessLogSinkTest, DrainWaitsForAReaderThatIsSlow) {
  const Ends ends = Ends::Pipe();
  const auto sink = AccessLogSink::ForDescriptor(ends.write_end);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    sink->Write(Line(i));
    expected += Line(i);
  }
  std::string text;
  std::thread reader([&] {
    char buffer[1000];
    while (text.size() < expected.size()) {
      const ssize_t n = read(ends.read_end, buffer, sizeof buffer);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
  });
  sink->Drain(10'000);
  reader.join();
  EXPECT_EQ(text, expected);
  EXPECT_EQ(sink->dropped(), 0u);
  ends.Close();
}

TEST_F(AccessLogSinkTest, DrainGivesUpWhenItsTimeIsOver) {
  const Ends ends = Ends::Pipe();
  const auto sink = AccessLogSink::ForDescriptor(ends.write_end);
  for (int i = 0; i < 1000; ++i) sink->Write(Line(i));
  sink->Drain(20);
  EXPECT_GT(sink->dropped(), 0u);
  ends.Close();
}

TEST_F(AccessLogSinkTest, BlocksOfSeveralThreadsDoNotMix) {
  const auto sink = AccessLogSink::Open(path_).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&sink, t] {
      for (int i = 0; i < 500; ++i) sink->Write(Line(t * 1000 + i) + Line(t * 1000 + i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> lines = SplitLines(ReadFile(path_));
  ASSERT_EQ(lines.size(), 4000u);
  for (size_t i = 0; i < lines.size(); i += 2) EXPECT_EQ(lines[i], lines[i + 1]);
}

}  // namespace
}  // namespace mantlet::observe
