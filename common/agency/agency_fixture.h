#ifndef WAYSTATION_COMMON_AGENCY_AGENCY_FIXTURE_H_
#define WAYSTATION_COMMON_AGENCY_AGENCY_FIXTURE_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/agency/agency.h"
#include "common/agency/test_world.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// DOJ and INS, started, on a bus in memory; for this folder's tests of the
// runtime.

namespace waystation::agency {

inline const Schema kSchema = {"test",
                               {"CREATE TABLE effect(message_id TEXT, transition INTEGER)"}};

// Writes one row for each message, so that a second effect can be seen.
class RecordingHandler : public Handler {
 public:
  absl::Status OnCase(const CaseMessage& message, Tx& tx) override {
    WS_RETURN_IF_ERROR(tx.db()
                           .Exec("INSERT INTO effect(message_id, transition) VALUES(?, ?)",
                                 {message.message_id,
                                  static_cast<int64_t>(message.header.referral().transition())})
                           .status());
    if (on_case) return on_case(message, tx);
    return absl::OkStatus();
  }

  absl::Status OnRefused(const CaseMessage& message, const absl::Status& refusal, Tx&) override {
    std::lock_guard<std::mutex> lock(mutex_);
    refused_.push_back(absl::StrCat(types::v1::Transition_Name(message.content.transition()), " ",
                                    ReasonOf(refusal)));
    changed_.notify_all();
    return absl::OkStatus();
  }

  std::vector<std::string> WaitForRefused(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return refused_.size() >= count; });
    return refused_;
  }

  std::function<absl::Status(const CaseMessage&, Tx&)> on_case;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> refused_;
};

class AgencyTest : public testing::Test {
 protected:
  void SetUp() override {
    doj_ = world_.Open("doj", doj_handler_, {kSchema});
    ins_ = world_.Open("ins", ins_handler_, {kSchema});
    doj_->Start();
    ins_->Start();
  }

  FakeExchange& exchange() { return world_.exchange(); }
  size_t DeliverToIns(bool lose = false) {
    return exchange().Deliver(TestWorld::IdentityOf("ins"), lose);
  }
  size_t DeliverToDoj() { return exchange().Deliver(TestWorld::IdentityOf("doj")); }

  // DOJ's request, on the bus.
  std::string Request(const Tx::Request& request = TestWorld::Request()) {
    size_t before = published_;
    std::string id;
    absl::Status sent = doj_->Write([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(id, tx.SendRequest(request));
      return absl::OkStatus();
    });
    EXPECT_TRUE(sent.ok()) << sent;
    published_ = before + 1;
    EXPECT_TRUE(exchange().WaitForPublished(published_));
    return id;
  }

  static absl::Status Step(Agency& agency, const std::string& id, Transition transition) {
    return agency.Write([&](Tx& tx) {
      return tx
          .SendTransition(id, transition, TestWorld::Content(agency.identity().agency, transition))
          .status();
    });
  }
  void ExpectPublished(size_t more) {
    published_ += more;
    EXPECT_TRUE(exchange().WaitForPublished(published_));
  }

  static ReferralView View(Agency& agency, const std::string& id) {
    ReferralView view;
    absl::Status read = agency.Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(view, tx.Referral(id));
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return view;
  }
  static int64_t Effects(Agency& agency) {
    int64_t count = -1;
    absl::Status read = agency.Read([&](Tx& tx) {
      return tx.db().Query("SELECT count(*) FROM effect", {}, [&](const Row& row) {
        count = row.Int(0);
        return absl::OkStatus();
      });
    });
    EXPECT_TRUE(read.ok()) << read;
    return count;
  }
  static std::vector<std::string> Outbox(Agency& agency, const std::string& id) {
    std::vector<std::string> texts;
    absl::Status read = agency.Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(std::vector<OutboxEntry> entries, OutboxOf(tx.db(), id));
      for (const OutboxEntry& entry : entries) {
        texts.push_back(absl::StrCat(types::v1::Transition_Name(entry.transition), " ", entry.state,
                                     entry.refusal_reason.empty() ? "" : " ",
                                     entry.refusal_reason));
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return texts;
  }
  std::vector<bus::v1::DeliveryOutcome> Outcomes(const std::string& agency) {
    std::vector<bus::v1::DeliveryOutcome> outcomes;
    for (const std::string& bytes : exchange().ReceiptsFrom(TestWorld::IdentityOf(agency))) {
      bus::v1::ReceiptBatch batch;
      EXPECT_TRUE(batch.ParseFromString(bytes));
      for (const std::string& each : batch.receipts()) {
        bus::v1::DeliveryReceipt receipt;
        EXPECT_TRUE(receipt.ParseFromString(each));
        outcomes.push_back(receipt.outcome());
      }
    }
    return outcomes;
  }
  void ReopenIns() {
    ins_.reset();
    ins_ = world_.Open("ins", ins_handler_, {kSchema});
    ins_->Start();
  }

  // INS learns a directory that lacks the identity's certificates of one use.
  void KnowWithout(const std::string& identity, bus::v1::CertificateUse use) {
    bus::v1::Directory directory = world_.MakeDirectory();
    directory.set_version(++directory_version_);
    for (bus::v1::Identity& each : *directory.mutable_identities()) {
      if (each.identity() != identity) continue;
      auto& all = *each.mutable_certificates();
      all.erase(std::remove_if(all.begin(), all.end(),
                               [use](const auto& enrolled) { return enrolled.use() == use; }),
                all.end());
    }
    exchange().SetDirectory(directory);
    ReopenIns();
  }

  TestWorld world_;
  uint64_t directory_version_ = 1;
  RecordingHandler doj_handler_;
  RecordingHandler ins_handler_;
  std::unique_ptr<Agency> doj_;
  std::unique_ptr<Agency> ins_;
  size_t published_ = 0;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_AGENCY_FIXTURE_H_
