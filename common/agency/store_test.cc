#include "common/agency/store.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::agency {
namespace {

const Schema kSchema = {"test", {"CREATE TABLE note(id TEXT PRIMARY KEY, text BLOB NOT NULL)"}};

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/store.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/test.db"; }
  absl::StatusOr<std::unique_ptr<Store>> Open(const Schema& schema = kSchema) {
    return Store::Open({path(), key_}, {schema});
  }
  static absl::Status AddNote(Transaction& tx, std::string_view id, std::string_view text) {
    WS_ASSIGN_OR_RETURN(std::string sealed, tx.Seal("note.text", id, text));
    return tx.Exec("INSERT INTO note(id, text) VALUES(?, ?)", {id, Blob{sealed}}).status();
  }
  static int64_t Count(Store& store) {
    int64_t count = -1;
    EXPECT_TRUE(store
                    .Read([&](Transaction& tx) {
                      return tx.Query("SELECT count(*) FROM note", {}, [&](const Row& row) {
                        count = row.Int(0);
                        return absl::OkStatus();
                      });
                    })
                    .ok());
    return count;
  }
  static std::string Pragma(Store& store, const std::string& name) {
    std::string value;
    EXPECT_TRUE(store
                    .Read([&](Transaction& tx) {
                      return tx.Query("PRAGMA " + name, {}, [&](const Row& row) {
                        value = row.Bytes(0);
                        return absl::OkStatus();
                      });
                    })
                    .ok());
    return value;
  }
  std::string AllBytes() const {
    std::string all;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      std::ifstream in(file.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }

  std::string folder_;
  crypto::AeadKey key_ = crypto::AeadKey::Generate();
};

TEST_F(StoreTest, SyncsEveryCommit) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Pragma(**store, "journal_mode"), "wal");
  EXPECT_EQ(Pragma(**store, "synchronous"), "2");
  EXPECT_EQ(Pragma(**store, "foreign_keys"), "1");
}

TEST_F(StoreTest, KeepsWhatWasWrittenAcrossOpens) {
  {
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Write([](Transaction& tx) { return AddNote(tx, "a", "text"); }).ok());
  }
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Count(**store), 1);
}

TEST_F(StoreTest, UndoesAFailedWrite) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status done = (*store)->Write([](Transaction& tx) -> absl::Status {
    WS_RETURN_IF_ERROR(AddNote(tx, "a", "text"));
    return absl::AbortedError("no");
  });
  EXPECT_TRUE(absl::IsAborted(done)) << done;
  EXPECT_EQ(Count(**store), 0);
}

TEST_F(StoreTest, UndoesAFailedSavepointAndKeepsTheRest) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status done = (*store)->Write([](Transaction& tx) -> absl::Status {
    WS_RETURN_IF_ERROR(AddNote(tx, "a", "text"));
    absl::Status inner = tx.Savepoint([&]() -> absl::Status {
      WS_RETURN_IF_ERROR(AddNote(tx, "b", "text"));
      return absl::AbortedError("no");
    });
    EXPECT_TRUE(absl::IsAborted(inner)) << inner;
    return AddNote(tx, "c", "text");
  });
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(Count(**store), 2);
}

TEST_F(StoreTest, CannotChangeAnythingInARead) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status done = (*store)->Read([](Transaction& tx) { return AddNote(tx, "a", "text"); });
  EXPECT_TRUE(absl::IsFailedPrecondition(done)) << done;
}

TEST_F(StoreTest, NamesAViolatedUniquenessRule) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status done = (*store)->Write([](Transaction& tx) -> absl::Status {
    WS_RETURN_IF_ERROR(AddNote(tx, "a", "one"));
    return AddNote(tx, "a", "two");
  });
  EXPECT_TRUE(absl::IsAlreadyExists(done)) << done;
}

TEST_F(StoreTest, ReportsAWrongStatementWithoutThrowing) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status done = (*store)->Write(
      [](Transaction& tx) { return tx.Exec("INSERT INTO nowhere VALUES(1)").status(); });
  EXPECT_TRUE(absl::IsInternal(done)) << done;
}

TEST_F(StoreTest, LeavesNoPlaintextOnTheDisk) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)
                  ->Write([](Transaction& tx) -> absl::Status {
                    WS_RETURN_IF_ERROR(AddNote(tx, "visible-row-key", "planted-secret-text"));
                    return absl::OkStatus();
                  })
                  .ok());
  std::string all = AllBytes();
  EXPECT_NE(all.find("visible-row-key"), std::string::npos) << "the search itself does not work";
  EXPECT_EQ(all.find("planted-secret-text"), std::string::npos);
}

TEST_F(StoreTest, OpensASealedValueOnlyInItsPlace) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status done = (*store)->Write([](Transaction& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(std::string sealed, tx.Seal("note.text", "a", "text"));
    EXPECT_EQ(tx.Open("note.text", "a", sealed).value_or(""), "text");
    EXPECT_TRUE(absl::IsDataLoss(tx.Open("note.text", "b", sealed).status()));
    EXPECT_TRUE(absl::IsDataLoss(tx.Open("note.other", "a", sealed).status()));
    // The border between column and row is bound too.
    EXPECT_TRUE(absl::IsDataLoss(tx.Open("note.texta", "", sealed).status()));
    return absl::OkStatus();
  });
  EXPECT_TRUE(done.ok()) << done;
}

TEST_F(StoreTest, RefusesAnotherKeyByName) {
  ASSERT_TRUE(Open().ok());
  key_ = crypto::AeadKey::Generate();
  absl::Status opened = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened)) << opened;
  EXPECT_EQ(ReasonOf(opened), "STORE_KEY_WRONG");
}

TEST_F(StoreTest, RefusesASecondProcess) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(ReasonOf(Open().status()), "STORE_LOCKED");
}

TEST_F(StoreTest, RefusesAStoreOfALaterRelease) {
  Schema later = kSchema;
  later.steps.push_back("CREATE TABLE more(id TEXT)");
  ASSERT_TRUE(Open(later).ok());
  EXPECT_EQ(ReasonOf(Open().status()), "STORE_TOO_NEW");
}

TEST_F(StoreTest, TakesTheNextStepOfASchemaOnce) {
  ASSERT_TRUE(Open().ok());
  Schema later = kSchema;
  later.steps.push_back("CREATE TABLE more(id TEXT)");
  EXPECT_TRUE(Open(later).ok());
  EXPECT_TRUE(Open(later).ok());
}

TEST_F(StoreTest, ReportsAFileThatIsNoDatabase) {
  std::ofstream(path(), std::ios::binary) << std::string(8192, 'x');
  absl::Status opened = Open().status();
  EXPECT_TRUE(absl::IsDataLoss(opened)) << opened;
}

TEST_F(StoreTest, ReportsADamagedDatabase) {
  {
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    absl::Status done = (*store)->Write([](Transaction& tx) -> absl::Status {
      for (int i = 0; i < 200; ++i) {
        WS_RETURN_IF_ERROR(AddNote(tx, std::to_string(i), std::string(200, 'y')));
      }
      return absl::OkStatus();
    });
    ASSERT_TRUE(done.ok()) << done;
  }
  {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4096);
    file << std::string(3 * 4096, '\xff');
  }
  absl::Status opened = Open().status();
  EXPECT_TRUE(absl::IsDataLoss(opened)) << opened;
}

TEST_F(StoreTest, IsReadableByItsOwnerOnly) {
  auto store = Open();
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Write([](Transaction& tx) { return AddNote(tx, "a", "text"); }).ok());
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    struct stat info {};
    ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << file.path();
  }
}

}  // namespace
}  // namespace waystation::agency
