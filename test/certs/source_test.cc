#include "certs/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "certs/file_source.h"
#include "certs/generation_sink.h"
#include "test/certs/material_helper.h"

namespace mantlet::certs {
namespace {

using testing::HasSubstr;
using x509::kDay;
using x509::kNow;

// A source without files: it stores bytes by name and pushes those that it is given, like an agent
// on a socket.
class PushedSource final : public Source {
 public:
  void Set(const std::string& name, std::string bytes) {
    items_.insert_or_assign(name, FileContent{std::move(bytes), name, 0600});
  }
  // Pushes some of its names.
  absl::Status Push(const std::vector<std::string>& names, MaterialSink& sink) {
    MaterialSnapshot snapshot;
    for (const std::string& name : names) snapshot.files.emplace(name, items_.at(name));
    return sink.Push(std::move(snapshot));
  }
  absl::Status PushTo(MaterialSink& sink) override {
    std::vector<std::string> names;
    for (const auto& [name, content] : items_) names.push_back(name);
    return Push(names, sink);
  }

 private:
  std::map<std::string, FileContent> items_;
};

class SourceTest : public testing::Test {
 protected:
  SourceTest() {
    Serve(Server());
    source_.Set(kCa, x509::Root().certificate->ToPem());
  }
  void Serve(const x509::Credential& server) {
    source_.Set(kChain, ChainPem(server));
    source_.Set(kKey, server.key->ToPem());
  }
  static x509::Credential Another() {
    return x509::MakeCredential(x509::ServerTemplate("another", {"server.example"}),
                                &x509::Intermediate());
  }
  const x509::Certificate& Served() const {
    return *sink_.generation()->listeners.front().certificates.front().leaf;
  }

  config::Config config_ = OneListener();
  int64_t now_ = kNow;
  GenerationSink sink_{config_, [this] { return now_; }, nullptr};
  PushedSource source_;
};

TEST_F(SourceTest, WhatIsPushedBecomesAGeneration) {
  EXPECT_EQ(sink_.generation(), nullptr);
  ASSERT_TRUE(source_.PushTo(sink_).ok());
  ASSERT_NE(sink_.generation(), nullptr);
  EXPECT_EQ(Served().fingerprint_sha256(), Server().certificate->fingerprint_sha256());
  EXPECT_EQ(sink_.generation()->loaded_at, kNow);
}

TEST_F(SourceTest, IsTheSameGenerationAsOneFromFiles) {
  ASSERT_TRUE(source_.PushTo(sink_).ok());
  MemoryFileReader files = GoodFiles();
  GenerationSink from_files(config_, [] { return kNow; }, nullptr);
  ASSERT_TRUE(FileSource(config_, files, {}).PushTo(from_files).ok());
  EXPECT_EQ(sink_.generation()->id, from_files.generation()->id);
}

TEST_F(SourceTest, ALaterPushReplacesTheGeneration) {
  ASSERT_TRUE(source_.PushTo(sink_).ok());
  const std::string before = sink_.generation()->id;
  const x509::Credential another = Another();
  Serve(another);
  now_ += kDay;
  ASSERT_TRUE(source_.Push({kChain, kKey}, sink_).ok()) << "the trust bundle stays as it was";
  EXPECT_NE(sink_.generation()->id, before);
  EXPECT_EQ(Served().fingerprint_sha256(), another.certificate->fingerprint_sha256());
  EXPECT_EQ(sink_.generation()->loaded_at, kNow + kDay);
}

TEST_F(SourceTest, AnInconsistentPushKeepsTheGeneration) {
  ASSERT_TRUE(source_.PushTo(sink_).ok());
  const GenerationPtr before = sink_.generation();
  Serve(Another());
  // The new chain arrives without its key.
  const absl::Status torn = source_.Push({kChain}, sink_);
  EXPECT_EQ(torn.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(torn.message()), HasSubstr(kKey));
  EXPECT_EQ(sink_.generation(), before);
  // The rejected push has left nothing behind: the new key alone does not match the old chain.
  EXPECT_FALSE(source_.Push({kKey}, sink_).ok());
  EXPECT_EQ(sink_.generation(), before);
  EXPECT_TRUE(source_.Push({kChain, kKey}, sink_).ok());
  EXPECT_NE(sink_.generation(), before);
}

TEST_F(SourceTest, APushOfDamagedBytesKeepsTheGeneration) {
  ASSERT_TRUE(source_.PushTo(sink_).ok());
  const GenerationPtr before = sink_.generation();
  for (const char* name : {kChain, kKey, kCa}) {
    source_.Set(name, "-----BEGIN CERTIFICATE-----\nAAAA");
    const absl::Status damaged = source_.Push({name}, sink_);
    EXPECT_EQ(damaged.code(), absl::StatusCode::kFailedPrecondition) << name;
    EXPECT_THAT(std::string(damaged.message()), HasSubstr(name));
    EXPECT_EQ(sink_.generation(), before);
  }
}

TEST_F(SourceTest, AnIncompleteFirstPushIsNoGeneration) {
  const absl::Status incomplete = source_.Push({kChain, kCa}, sink_);
  EXPECT_EQ(incomplete.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(incomplete.message()), HasSubstr(kKey));
  EXPECT_EQ(sink_.generation(), nullptr);
}

// Several sources may supply the names: files the trust bundle, an agent the certificate.
TEST_F(SourceTest, SourcesPushIntoOneSink) {
  MemoryFileReader files = GoodFiles();
  FileSource file_source(config_, files, {});
  ASSERT_TRUE(file_source.PushTo(sink_).ok());
  const x509::Credential another = Another();
  Serve(another);
  ASSERT_TRUE(source_.Push({kChain, kKey}, sink_).ok());
  EXPECT_EQ(Served().fingerprint_sha256(), another.certificate->fingerprint_sha256());
  EXPECT_EQ(sink_.generation()->listeners.front().anchors.size(), 1u);
}

}  // namespace
}  // namespace mantlet::certs
