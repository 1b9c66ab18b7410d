#include <signal.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/crypto/ed25519.h"
#include "common/status/status.h"
#include "common/tlog/note.h"
#include "tests/fault/casework_fixture.h"
#include "tests/harness/operations.h"
#include "tools/waystation/files.h"

// The broker is killed with messages under way, and its journal comes back from a copy
// that was made while it worked. A new log is begun, and everything must be there once.

namespace waystation::harness {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMessages = 1'500;
constexpr size_t kCopiedAt = 400;
constexpr size_t kLostAt = 1'000;

class RestoreUnderLoadTest : public CaseworkTest {
 protected:
  std::string backup() const { return bus_.dir() + "/backup"; }

  void AwaitMessages(const Casework& work, size_t count) {
    ASSERT_TRUE(Eventually([&] { return work.messages() >= count; }, absl::Seconds(60)))
        << work.messages() << " messages, want " << count;
  }

  // As a snapshot of the disk is: everything at one moment.
  void CopyJournal() {
    ::kill(bus_.broker_pid(), SIGSTOP);
    fs::copy(bus_.journal_dir(), backup(), fs::copy_options::recursive);
    ::kill(bus_.broker_pid(), SIGCONT);
  }

  void LoseJournal() {
    bus_.Kill();
    fs::remove_all(bus_.journal_dir());
    fs::copy(backup(), bus_.journal_dir(), fs::copy_options::recursive);
    const absl::Status refused = bus_.StartAndFail();
    EXPECT_NE(refused.message().find("older than what was signed"), absl::string_view::npos)
        << refused;
  }

  // The operator's word: another log, and its policy for everybody.
  void BeginNewLog() {
    const std::string key_path = bus_.layout().AuditLogKeyPath();
    fs::remove(key_path);
    fs::remove(key_path + ".last");
    const auto key = Must(crypto::Ed25519Key::Generate(), "key");
    Require(cli::WriteFile(key_path, Must(key.ToPem(), "pem"), cli::FileMode::kPrivate), key_path);
    const auto name = Must(tlog::VerifierKey::Create("waystation.example/log/2",
                                                     tlog::KeyType::kEd25519, key.public_key()),
                           "name");
    const std::string path = bus_.layout().AuditLogPolicyPath();
    std::string policy = Must(cli::ReadWholeFile(path), path);
    Require(cli::WriteFile(path + ".log-1.former", policy, cli::FileMode::kPublic), path);
    const size_t line = policy.find("\nlog ") + 1;
    policy.replace(line, policy.find('\n', line) - line, absl::StrCat("log ", name.ToString()));
    Require(cli::WriteFile(path, policy, cli::FileMode::kPublic), path);
    for (const char* agency : {"doj", "ins"}) {
      bus_.KillAgency(agency);
      bus_.StartAgency(agency);
    }
    bus_.KillAudit();
    bus_.StartAudit();
    bus_.Start();
  }
};

TEST_F(RestoreUnderLoadTest, WhatWasAcknowledgedIsThereOnceWhenTheSendersHaveBroughtItBack) {
  Casework work(*officers_, {.messages = kMessages, .seed = TestSeed()});
  ASSERT_NO_FATAL_FAILURE(AwaitMessages(work, kCopiedAt));
  CopyJournal();
  ASSERT_NO_FATAL_FAILURE(AwaitMessages(work, kLostAt));
  const uint64_t before = LastSequence(bus_.Channel(kOperator));
  LoseJournal();
  BeginNewLog();
  std::cout << "lost: what followed the copy, up to record " << before << "; kept "
            << LastSequence(bus_.Channel(kOperator)) << std::endl;
  work.Finish();
  AwaitRest();
  AwaitMemos(work.filed());
  AwaitDelivered(work.messages());
  AwaitRest();
  CheckPetitions(work.filed());
  CheckPresences(work.filed());
  CheckPeople(work.filed().size());
  CheckRecord(work.filed(), work.messages());
  CheckHistories(work.filed());
}

}  // namespace
}  // namespace waystation::harness
