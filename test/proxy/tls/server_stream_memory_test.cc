// Tests connections when the TLS library has no memory. It is a separate binary, because it
// replaces the library's allocator.

#include <cstdlib>

#include "gtest/gtest.h"
#include "test/proxy/tls/server_side.h"

namespace {

// The number of allocations that still succeed; negative: all.
int allocations_left = -1;

struct Header {
  size_t size;
  size_t padding;  // keeps 16-byte alignment
};

}  // namespace

// The library's hooks (openssl/mem.h) are weak symbols, so these replace them.
extern "C" {
void* OPENSSL_memory_alloc(size_t size) {
  if (allocations_left == 0) return nullptr;
  if (allocations_left > 0) --allocations_left;
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  header->size = size;
  return header + 1;
}
void OPENSSL_memory_free(void* ptr) {
  if (ptr != nullptr) std::free(static_cast<Header*>(ptr) - 1);
}
size_t OPENSSL_memory_get_size(void* ptr) {
  return ptr == nullptr ? 0 : (static_cast<Header*>(ptr) - 1)->size;
}
}

namespace mantlet::tls {
namespace {

class ServerStreamMemoryTest : public testing::Test {
 protected:
  ~ServerStreamMemoryTest() override { allocations_left = -1; }

  // Accepts with so many allocations left. Returns whether the connection failed at once.
  bool FailsWith(int allocations) {
    allocations_left = allocations;
    server_.Accept();
    allocations_left = -1;
    EXPECT_FALSE(server_.report.has_value()) << "not while it is made";
    server_.Turn();
    return server_.report.has_value();
  }

  ServerSide server_;
};

TEST_F(ServerStreamMemoryTest, AConnectionWithoutMemoryFailsOnceAndIsReported) {
  server_.Start();
  int allocations = 0;
  for (; FailsWith(allocations); ++allocations) {
    ASSERT_LT(allocations, 100);
    EXPECT_EQ(server_.failures, 1);
    EXPECT_EQ(server_.report->reason, base::HandshakeFailure::kOther);
    EXPECT_EQ(server_.report->detail, "there is not enough memory for another connection");
    EXPECT_TRUE(server_.wire->shutdown);
    server_.wire->Arrive("whatever the client says is discarded");
    EXPECT_EQ(server_.failures, 1);
  }
  EXPECT_GE(allocations, 3);

  server_.Accept();
  MemoryClient client({});
  client.Pump(*server_.wire);
  EXPECT_TRUE(server_.peer.has_value()) << "the next one is served";
}

TEST_F(ServerStreamMemoryTest, AStreamDestroyedBeforeItsFailureIsNotReported) {
  server_.Start();
  allocations_left = 0;
  server_.Accept();
  allocations_left = -1;
  server_.stream.reset();
  server_.Turn();
  EXPECT_EQ(server_.failures, 0);
}

}  // namespace
}  // namespace mantlet::tls
