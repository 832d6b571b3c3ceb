#include "proxy/tls/transport_bio.h"

#include <openssl/bio.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mantlet::tls {
namespace {

class TransportBioTest : public testing::Test, private TransportBio::Output {
 protected:
  void OnCiphertext(std::string_view bytes) override { sent_.emplace_back(bytes); }

  // Returns the bytes that the library gets when it reads this many.
  std::string Read(int size) {
    std::string out(static_cast<size_t>(size), '\0');
    result_ = BIO_read(bio_.get(), out.data(), size);
    out.resize(result_ > 0 ? static_cast<size_t>(result_) : 0);
    return out;
  }

  TransportBio transport_{this};
  bssl::UniquePtr<BIO> bio_{transport_.NewBio()};
  std::vector<std::string> sent_;
  int result_ = 0;
};

TEST_F(TransportBioTest, TheLibraryTakesTheInputFromTheFront) {
  const std::string buffer = "headerbody";
  transport_.input = buffer;
  EXPECT_EQ(Read(6), "header");
  EXPECT_EQ(transport_.input, "body");
  EXPECT_EQ(Read(100), "body");
  EXPECT_EQ(transport_.input, "");
  EXPECT_EQ(buffer, "headerbody");
}

TEST_F(TransportBioTest, WithoutInputTheLibraryGetsARetry) {
  Read(5);
  EXPECT_EQ(result_, -1);
  EXPECT_TRUE(BIO_should_read(bio_.get()));
  transport_.input = "bytes";
  EXPECT_EQ(Read(5), "bytes");
  EXPECT_FALSE(BIO_should_retry(bio_.get()));
}

TEST_F(TransportBioTest, TheEndComesAfterTheLastByte) {
  Read(5);
  transport_.input = "last";
  transport_.input_ended = true;
  EXPECT_EQ(Read(5), "last");
  Read(5);
  EXPECT_EQ(result_, 0);
  EXPECT_FALSE(BIO_should_retry(bio_.get()));
}

TEST_F(TransportBioTest, WhatIsWrittenGoesOutWholeAndAtOnce) {
  EXPECT_EQ(BIO_write(bio_.get(), "one", 3), 3);
  EXPECT_EQ(sent_, std::vector<std::string>{"one"});
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(BIO_write(bio_.get(), large.data(), 1 << 20), 1 << 20);
  EXPECT_EQ(sent_, (std::vector<std::string>{"one", large}));
}

TEST_F(TransportBioTest, AWriteSetsNoRetry) {
  Read(5);
  EXPECT_EQ(BIO_write(bio_.get(), "alert", 5), 5);
  EXPECT_FALSE(BIO_should_retry(bio_.get()));
}

TEST_F(TransportBioTest, AFlushSucceedsAndSendsNothing) {
  EXPECT_EQ(BIO_flush(bio_.get()), 1);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(TransportBioTest, CarriesOneConnectionAfterTheOther) {
  transport_.input = "first";
  EXPECT_EQ(Read(5), "first");
  bio_.reset(transport_.NewBio());
  transport_.input = "second";
  EXPECT_EQ(Read(6), "second");
  EXPECT_EQ(BIO_write(bio_.get(), "answer", 6), 6);
  EXPECT_EQ(sent_, std::vector<std::string>{"answer"});
}

}  // namespace
}  // namespace mantlet::tls
