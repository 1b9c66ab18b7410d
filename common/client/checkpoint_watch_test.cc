#include "common/client/checkpoint_watch.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/client/fake_log.h"
#include "common/clock/clock.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/test_tls.h"
#include "common/rpc/tls.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

class KeptNote : public tlog::CosignerStore {
 public:
  explicit KeptNote(std::string note) : note_(std::move(note)) {}
  absl::StatusOr<std::optional<std::string>> Latest() override {
    if (note_.empty()) return std::nullopt;
    return note_;
  }
  absl::Status Keep(const std::string&) override { return absl::OkStatus(); }

 private:
  const std::string note_;
};

class CheckpointWatchTest : public testing::Test {
 protected:
  // What a watch that has cosigned `kept` says of `told`: the conflict, or nothing.
  std::optional<tlog::Cosigner::Conflict> Watch(const std::string& kept, const std::string& told) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<tlog::Cosigner::Conflict> found;
    bool looked = false;
    CheckpointWatch watch(MakeClient(), policy_, std::make_unique<KeptNote>(kept),
                          [&](const tlog::Cosigner::Conflict& conflict) {
                            std::lock_guard<std::mutex> lock(mutex);
                            if (!looked) found = conflict;
                            looked = true;
                            changed.notify_all();
                          });
    watch.Told(told);
    // A watch that finds nothing says nothing: so long is it given.
    {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait_for(lock, std::chrono::milliseconds(500), [&] { return looked; });
    }
    watch.Stop();
    return found;
  }

  std::shared_ptr<BusClient> MakeClient() {
    BusClient::Options options;
    options.target = log_.address();
    options.trust = tls_.Trust(clock_);
    options.broker_identity = broker_;
    auto credentials =
        rpc::MakeChannelCredentials(tls_.Issue({evidence::TestBus::Identity("/agency/doj")}).files,
                                    options.trust, clock_, broker_);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    options.credentials = *credentials;
    return std::make_shared<BusClient>(std::move(options), clock_);
  }

  FakeClock clock_{evidence::TestBus::Now()};
  rpc::TestTls tls_{evidence::TestBus::Now()};
  const std::string broker_ = evidence::TestBus::Identity("/broker/1");
  FakeLog log_{tls_, clock_, broker_};
  tlog::Policy policy_ =
      *tlog::Policy::Parse(absl::StrCat("log ", log_.key().ToString(), "\nquorum none\n"));
};

TEST_F(CheckpointWatchTest, OneHistoryIsNoConflict) {
  for (const auto& [kept, told] :
       std::vector<std::pair<uint64_t, uint64_t>>{{3, 9}, {9, 3}, {4, 4}}) {
    EXPECT_FALSE(Watch(log_.Note(kept), log_.Note(told)).has_value()) << kept << " " << told;
  }
  EXPECT_FALSE(Watch("", log_.Note(3)).has_value());
}

TEST_F(CheckpointWatchTest, TwoHistoriesAreFoundWithBothNotes) {
  for (const auto& [kept, told] :
       std::vector<std::pair<uint64_t, uint64_t>>{{3, 9}, {9, 3}, {4, 4}}) {
    const std::string other = log_.Note(told, "other");
    // Whichever history the broker's tiles are of, they do not lead to both roots.
    for (const char* shown : {"", "other"}) {
      log_.ShowTilesOf(shown);
      auto conflict = Watch(log_.Note(kept), other);
      ASSERT_TRUE(conflict.has_value()) << kept << " " << told << " " << shown;
      EXPECT_EQ(conflict->kept, log_.Note(kept));
      EXPECT_EQ(conflict->other, other);
    }
  }
}

// Anybody may put a note into a frame; only the log's own is evidence against it.
TEST_F(CheckpointWatchTest, NoteThatTheLogDidNotSignIsNoEvidence) {
  FakeLog stranger(tls_, clock_, broker_);
  EXPECT_FALSE(Watch(log_.Note(3), stranger.Note(3, "other")).has_value());
  EXPECT_FALSE(Watch(log_.Note(3), "rubbish").has_value());
}

TEST(CheckExtendsTest, LogThatCannotBeReachedIsNotAccused) {
  auto away = [](const tlog::TileId&) -> absl::StatusOr<std::string> {
    return absl::UnavailableError("away");
  };
  const tlog::Checkpoint one{.origin = "log", .size = 1, .root = merkle::LeafHash("a")};
  const tlog::Checkpoint two{.origin = "log", .size = 2, .root = merkle::LeafHash("b")};
  EXPECT_EQ(CheckExtends(one, two, away).code(), absl::StatusCode::kUnavailable);
  auto withheld = [](const tlog::TileId&) -> absl::StatusOr<std::string> {
    return absl::NotFoundError("withheld");
  };
  EXPECT_EQ(ReasonOf(CheckExtends(one, two, withheld)), "SPLIT_LOG");
}

}  // namespace
}  // namespace waystation::client
