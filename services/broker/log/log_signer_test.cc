#include "services/broker/log/log_signer.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

class LogSignerTest : public ::testing::Test {
 protected:
  LogSignerTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    crypto::Ed25519Key key = *crypto::Ed25519Key::Generate();
    log_ = tlog::VerifierKey::Create("example.com/log/1", tlog::KeyType::kEd25519, key.public_key())
               ->ToString();
    Write("key.pem", *key.ToPem());
    crypto::SigningKey p256 = *crypto::SigningKey::Generate();
    p256_der_ = p256.public_key_der();
    Write("p256.pem", *p256.ToPem());
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + "/" + name) << text;
  }

  tlog::Policy Policy() const {
    return *tlog::Policy::Parse(absl::StrCat("log ", log_, "\nquorum none\n"));
  }

  absl::StatusOr<LogSigner> Load() const {
    return LogSigner::Load(
        {.key_path = directory_ + "/key.pem", .p256_key_path = directory_ + "/p256.pem"}, Policy());
  }

  static tlog::Checkpoint Of(uint64_t size, std::string_view history) {
    return {.origin = "example.com/log/1", .size = size, .root = merkle::LeafHash(history)};
  }

  const std::string directory_ = testing::TempDir() + "/log_signer";
  std::string log_;
  std::string p256_der_;
};

TEST_F(LogSignerTest, NoteVerifiesByBothKeys) {
  auto signer = Load();
  ASSERT_TRUE(signer.ok()) << signer.status();
  auto note = signer->Sign(Of(3, "a"));
  ASSERT_TRUE(note.ok()) << note.status();
  auto opened = Policy().Open(*note);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->checkpoint, Of(3, "a"));
  auto p256 = tlog::VerifierKey::Create("example.com/log/1", tlog::KeyType::kEcdsa, p256_der_);
  ASSERT_TRUE(p256.ok()) << p256.status();
  EXPECT_TRUE(p256->VerifyNote(opened->note).ok());
}

TEST_F(LogSignerTest, WhatWasSignedIsKnownAfterARestart) {
  EXPECT_FALSE(Load()->last().has_value());
  ASSERT_TRUE(Load()->Sign(Of(3, "a")).ok());
  EXPECT_EQ(Load()->last(), Of(3, "a"));
  ASSERT_TRUE(Load()->Sign(Of(3, "a")).ok());
  ASSERT_TRUE(Load()->Sign(Of(4, "b")).ok());
  EXPECT_EQ(Load()->Sign(Of(3, "a")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Load()->Sign(Of(4, "c")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Load()->last(), Of(4, "b"));
}

TEST_F(LogSignerTest, NothingIsSignedThatCannotBeKept) {
  auto signer = Load();
  ASSERT_TRUE(signer.ok());
  std::filesystem::create_directories(directory_ + "/key.pem.last/in-the-way");
  EXPECT_FALSE(signer->Sign(Of(3, "a")).ok());
  EXPECT_FALSE(signer->last().has_value());
}

TEST_F(LogSignerTest, DamagedOrForeignFileBesideTheKeyIsRefused) {
  Write("key.pem.last", "example.com/log/1\n3\n");
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kDataLoss);
  Write("key.pem.last", Of(3, "a").ToText().replace(0, 7, "another"));
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LogSignerTest, KeyThatThePolicyDoesNotNameIsRefused) {
  Write("key.pem", *crypto::Ed25519Key::Generate()->ToPem());
  EXPECT_EQ(Load().status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waystation::broker
