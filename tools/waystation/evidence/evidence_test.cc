#include <cstdint>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/evidence/evidence_check.h"
#include "tools/waystation/evidence/evidence_export.h"
#include "tools/waystation/evidence/evidence_files.h"
#include "tools/waystation/evidence/test_world.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Claims that the verifier never takes from the directory.
bool IsClaim(const std::string& path) {
  return path == kRootsFile || path == kCrlFile || path == kLogPolicyFile;
}

// Two referrals of the same parties, the receipts of both in common batches.
class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    world_.PlayTogether('1', '2');
    world_.Sign();
  }

  Evidence Of(char digit) const { return *MakeEvidence(world_.Sources(std::string(16, digit))); }

  std::vector<std::string> ProblemsOf(Evidence evidence) const {
    ListFiles(&evidence);
    const v1::EvidenceReport report = CheckEvidence(evidence, world_.Trust());
    return {report.problems().begin(), report.problems().end()};
  }

  static std::string FolderOf(const std::string& path) {
    return path.substr(0, path.rfind('/') + 1);
  }

  static Evidence Without(Evidence evidence, const std::string& folder) {
    std::erase_if(evidence.files, [&](const auto& one) { return one.first.starts_with(folder); });
    return evidence;
  }

  std::string Folder() const {
    const std::string folder = absl::StrCat(
        ::testing::TempDir(), "/", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder);
    return folder;
  }

  TestWorld world_;
};

TEST_F(EvidenceTest, HoldsAndTellsEachRecord) {
  const v1::EvidenceReport report = CheckEvidence(Of('1'), world_.Trust());
  EXPECT_THAT(report.problems(), IsEmpty());
  EXPECT_TRUE(AllHeld(report).ok());
  ASSERT_THAT(report.rows(), SizeIs(6));
  EXPECT_EQ(report.rows(0).transition(), types::v1::TRANSITION_REQUEST);
  EXPECT_EQ(report.rows(1).transition(), types::v1::TRANSITION_RECEIVED);
  EXPECT_EQ(report.rows(1).actor(), world_.ins().identity());
  EXPECT_EQ(report.rows(5).state(), types::v1::REFERRAL_STATE_ANSWERED);
  EXPECT_EQ(report.rows(5).version(), 4u);
  for (const auto& row : report.rows()) EXPECT_TRUE(row.verified());
  ASSERT_THAT(report.checkpoint().cosigners(), SizeIs(2));
}

// No byte of another referral's header or receipts, also where both share a batch.
TEST_F(EvidenceTest, HoldsNothingOfAnotherReferral) {
  const Evidence one = Of('1');
  const EvidenceSources other = world_.Sources(std::string(16, '2'));
  for (const auto& [path, bytes] : one.files) {
    EXPECT_THAT(bytes, Not(HasSubstr(std::string(16, '2')))) << path;
    for (const auto& entry : other.history.entries()) {
      for (const auto& receipt : entry.delivery_receipts()) {
        EXPECT_THAT(bytes, Not(HasSubstr(receipt.receipt()))) << path;
      }
    }
  }
}

TEST_F(EvidenceTest, NamesWhatHasNoProofYet) {
  const std::string id(16, '1');
  world_.Send(id, world_.doj(), world_.ins(), types::v1::TRANSITION_ENTERED_IN_ERROR);
  EXPECT_THAT(WithoutProof(world_.Sources(id)), ElementsAre(HasSubstr("(entered in error)")));
  EXPECT_TRUE(absl::IsNotFound(MakeEvidence(world_.Sources(id)).status()));
  world_.Sign();
  EXPECT_THAT(WithoutProof(world_.Sources(id)), IsEmpty());
  EXPECT_THAT(ProblemsOf(*MakeEvidence(world_.Sources(id))), IsEmpty());
}

// The forger lists the altered file in the manifest too.
TEST_F(EvidenceTest, NamesTheFolderOfEveryFlippedBit) {
  const Evidence good = Of('1');
  for (const auto& [path, bytes] : good.files) {
    if (IsClaim(path)) continue;
    const std::string folder = FolderOf(path);
    for (size_t byte = 0; byte < bytes.size(); byte += path.ends_with(".bin") ? 1 : 7) {
      Evidence flipped = good;
      flipped.files[path][byte] ^= static_cast<char>(1 << byte % 7);
      const std::vector<std::string> problems = ProblemsOf(std::move(flipped));
      ASSERT_THAT(problems, Not(IsEmpty())) << path << " byte " << byte;
      if (folder.starts_with("records/")) {
        ASSERT_THAT(problems[0], HasSubstr(folder)) << path << " byte " << byte;
      }
    }
  }
}

TEST_F(EvidenceTest, NamesEveryFileExchangedWithAnotherReferrals) {
  const Evidence good = Of('1');
  const Evidence other = Of('2');
  // Folders of both in order: the same step has another sequence.
  std::vector<std::string> mine;
  std::vector<std::string> theirs;
  for (const auto& [path, bytes] : good.files) mine.push_back(path);
  for (const auto& [path, bytes] : other.files) theirs.push_back(path);
  ASSERT_EQ(mine.size(), theirs.size());
  for (size_t i = 0; i < mine.size(); ++i) {
    // A claim is believed only where the roots have signed it, whoever brings it.
    if (IsClaim(mine[i]) || good.files.at(mine[i]) == other.files.at(theirs[i])) continue;
    Evidence exchanged = good;
    exchanged.files[mine[i]] = other.files.at(theirs[i]);
    const std::string folder = FolderOf(mine[i]);
    EXPECT_THAT(ProblemsOf(std::move(exchanged)), Contains(HasSubstr(folder))) << mine[i];
  }
}

TEST_F(EvidenceTest, NamesEveryMissingFile) {
  const Evidence good = Of('1');
  for (const auto& [path, bytes] : good.files) {
    Evidence less = good;
    less.files.erase(path);
    EXPECT_THAT(ProblemsOf(std::move(less)), Not(IsEmpty())) << path;
  }
}

TEST_F(EvidenceTest, FindsEveryMessageLeftOut) {
  const Evidence good = Of('1');
  for (const auto& [path, bytes] : good.files) {
    if (path.ends_with("header.bin")) {
      EXPECT_THAT(ProblemsOf(Without(good, FolderOf(path))), Not(IsEmpty())) << path;
    }
  }
}

// The receipt for the request is a step; of later ones less is said without them, and
// nothing else.
TEST_F(EvidenceTest, FindsTheReceiptOfTheRequestLeftOut) {
  const Evidence good = Of('1');
  EXPECT_THAT(ProblemsOf(Without(good, "records/000000000006/")),
              Contains(HasSubstr("expected version: does not fit, got 2, want 1")));
}

TEST_F(EvidenceTest, RefusesRecordsInAnotherOrder) {
  Evidence swapped = Of('1');
  std::vector<std::string> folders;
  for (const auto& [path, bytes] : swapped.files) {
    if (path.ends_with("header.bin")) folders.push_back(FolderOf(path));
  }
  ASSERT_THAT(folders, SizeIs(3));
  for (const char* name : {"header.bin", "signature.bin", "custody-receipt.bin",
                           "custody-signature.bin", "leaf.bin", "salt.bin", "leaf.tlog-proof"}) {
    std::swap(swapped.files[folders[1] + name], swapped.files[folders[2] + name]);
  }
  EXPECT_THAT(ProblemsOf(std::move(swapped)), Contains(HasSubstr("leaf.bin: sequence")));
}

TEST_F(EvidenceTest, RefusesACheckpointWithoutItsQuorum) {
  Evidence evidence = Of('1');
  std::string& note = evidence.files[kCheckpointFile];
  note = note.substr(0, note.rfind("\xe2\x80\x94"));
  EXPECT_THAT(ProblemsOf(std::move(evidence)),
              Contains(HasSubstr("checkpoint: checkpoint: too few cosigners, got doj")));
}

TEST_F(EvidenceTest, RefusesACheckpointOfAnotherLog) {
  EvidenceTrust trust = world_.Trust();
  TestLog other;
  const std::string other_key =
      tlog::VerifierKey::Create("waystation.example/log/2", tlog::KeyType::kEd25519,
                                TestLogKey('x').public_key())
          ->ToString();
  trust.policy = *tlog::Policy::Parse(absl::StrCat("log ", other_key, "\nquorum none\n"));
  const v1::EvidenceReport report = CheckEvidence(Of('1'), trust);
  EXPECT_THAT(report.problems(), Contains(HasSubstr("not signed by a key of the log")));
}

TEST_F(EvidenceTest, RefusesRootsThatTheVerifierDoesNotBelieve) {
  EvidenceTrust trust = world_.Trust();
  trust.trust = evidence::TestBus().Trust();
  const v1::EvidenceReport report = CheckEvidence(Of('1'), trust);
  EXPECT_THAT(report.problems(), Contains(HasSubstr("certificate of")));
  EXPECT_EQ(ExitCodeOf(AllHeld(report)), ExitCode::kUnverified);
}

TEST_F(EvidenceTest, RefusesAnAgencyAsBroker) {
  Evidence evidence = Of('1');
  evidence.manifest.set_broker(world_.doj().identity());
  EXPECT_THAT(ProblemsOf(std::move(evidence)), Contains(HasSubstr("manifest.json: broker")));
}

TEST_F(EvidenceTest, RefusesAnotherBusOrReferralInTheManifest) {
  Evidence bus = Of('1');
  bus.manifest.set_bus_id(std::string(32, '0'));
  EXPECT_THAT(ProblemsOf(std::move(bus)), Contains(HasSubstr("bus: does not match")));
  Evidence referral = Of('1');
  referral.manifest.set_referral_id(std::string(32, '0'));
  EXPECT_THAT(ProblemsOf(std::move(referral)), Contains(HasSubstr("referral: does not match")));
}

TEST_F(EvidenceTest, TakesAnExpiryOnlyAfterTheSignedTime) {
  const std::string id = world_.PlayExpiry('3');
  world_.Sign();
  Evidence evidence = *MakeEvidence(world_.Sources(id));
  const v1::EvidenceReport report = CheckEvidence(evidence, world_.Trust());
  EXPECT_THAT(report.problems(), IsEmpty());
  ASSERT_THAT(report.rows(), SizeIs(2));
  EXPECT_EQ(report.rows(1).state(), types::v1::REFERRAL_STATE_EXPIRED);
  EXPECT_FALSE(report.rows(1).verified());
  evidence.manifest.mutable_expired()->set_time_us(1);
  EXPECT_THAT(ProblemsOf(evidence), Contains(HasSubstr("manifest.json: expiry")));
}

TEST_F(EvidenceTest, RefusesAnExpiryOfARequestWithoutOne) {
  Evidence evidence = Of('1');
  evidence.manifest.mutable_expired()->set_sequence(3);
  evidence.manifest.mutable_expired()->set_time_us(INT64_MAX);
  EXPECT_THAT(ProblemsOf(evidence), Contains(HasSubstr("manifest.json: expiry")));
}

TEST_F(EvidenceTest, ComesBackFromItsFolder) {
  const std::string folder = Folder();
  const Evidence written = Of('1');
  ASSERT_TRUE(WriteEvidence(folder, written).ok());
  auto read = ReadEvidence(folder);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->files, written.files);
  EXPECT_TRUE(absl::IsAlreadyExists(WriteEvidence(folder, written)));
}

TEST_F(EvidenceTest, NamesAFileThatIsNotTheManifests) {
  const std::string folder = Folder();
  ASSERT_TRUE(WriteEvidence(folder, Of('1')).ok());
  const std::string leaf = folder + "/records/000000000002/leaf.bin";
  ASSERT_TRUE(WriteFile(leaf, "other", FileMode::kPublic).ok());
  const absl::Status altered = ReadEvidence(folder).status();
  EXPECT_EQ(ExitCodeOf(altered), ExitCode::kUnverified) << altered;
  EXPECT_THAT(std::string(altered.message()),
              HasSubstr("records/000000000002/leaf.bin: not the file of the manifest"));
  fs::remove(leaf);
  EXPECT_THAT(std::string(ReadEvidence(folder).status().message()), HasSubstr("missing"));
}

TEST_F(EvidenceTest, NamesAFileTooMany) {
  const std::string folder = Folder();
  ASSERT_TRUE(WriteEvidence(folder, Of('1')).ok());
  ASSERT_TRUE(WriteFile(folder + "/records/note.txt", "x", FileMode::kPublic).ok());
  EXPECT_THAT(std::string(ReadEvidence(folder).status().message()),
              HasSubstr("records/note.txt\": not in the manifest"));
  fs::remove(folder + "/records/note.txt");
  fs::create_symlink("/etc/hostname", folder + "/link");
  EXPECT_THAT(std::string(ReadEvidence(folder).status().message()), HasSubstr("not a plain file"));
}

TEST_F(EvidenceTest, RefusesAManifestOfAnotherFormat) {
  const std::string folder = Folder();
  ASSERT_TRUE(WriteEvidence(folder, Of('1')).ok());
  for (const char* text : {"{}", "no json", R"({"format": "waystation-evidence/2"})"}) {
    ASSERT_TRUE(WriteFile(folder + "/manifest.json", text, FileMode::kPublic).ok());
    EXPECT_EQ(ExitCodeOf(ReadEvidence(folder).status()), ExitCode::kUnverified) << text;
  }
}

}  // namespace
}  // namespace waystation::cli
