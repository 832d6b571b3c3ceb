#include "proxy/server/retired_snapshots.h"

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::server {
namespace {

std::shared_ptr<Snapshot> SnapshotWith(certs::GenerationPtr generation) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->generation = std::move(generation);
  snapshot->listeners.emplace_back();
  return snapshot;
}

TEST(RetiredSnapshotsTest, GivesAPartAwayWhenNothingElseUsesIt) {
  RetiredSnapshots retired;
  auto generation = std::make_shared<certs::Generation>();
  std::weak_ptr<const certs::Generation> alive = generation;
  SnapshotPtr snapshot = SnapshotWith(generation);
  generation.reset();
  SnapshotPtr in_use = snapshot;
  retired.Add(std::move(snapshot));
  EXPECT_TRUE(retired.TakeUnused().empty()) << "a worker uses it";
  in_use.reset();
  EXPECT_FALSE(alive.expired()) << "the last user has freed nothing";
  EXPECT_EQ(retired.TakeUnused().size(), 1u) << "the snapshot, which used the generation";
  EXPECT_EQ(retired.TakeUnused().size(), 1u) << "the generation";
  EXPECT_TRUE(alive.expired());
  EXPECT_TRUE(retired.TakeUnused().empty());
}

TEST(RetiredSnapshotsTest, APartThatTheNextSnapshotSharesIsKeptUntilThatIsRetired) {
  RetiredSnapshots retired;
  auto generation = std::make_shared<certs::Generation>();
  SnapshotPtr first = SnapshotWith(generation), second = SnapshotWith(generation);
  generation.reset();
  retired.Add(std::move(first));
  EXPECT_EQ(retired.TakeUnused().size(), 1u) << "the first snapshot alone";
  EXPECT_TRUE(retired.TakeUnused().empty());
  retired.Add(std::move(second));
  EXPECT_EQ(retired.TakeUnused().size(), 1u);
  EXPECT_EQ(retired.TakeUnused().size(), 1u);
}

TEST(RetiredSnapshotsTest, NoSnapshotIsNoPart) {
  RetiredSnapshots retired;
  retired.Add(nullptr);
  EXPECT_TRUE(retired.TakeUnused().empty());
}

}  // namespace
}  // namespace mantlet::server
