#ifndef WAYSTATION_SERVICES_BROKER_BROKER_FIXTURE_H_
#define WAYSTATION_SERVICES_BROKER_BROKER_FIXTURE_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/evidence/message.h"
#include "common/evidence/test_bus.h"
#include "common/ids/uuid.h"
#include "common/journal/segment_journal.h"
#include "common/limits/limits.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "services/broker/dispatcher.h"
#include "services/broker/recovery.h"
#include "services/broker/sequencer.h"
#include "waystation/bus/v1/publisher.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"

namespace waystation::broker {

inline constexpr char kDoj[] = "/agency/doj";
inline constexpr char kIns[] = "/agency/ins";
inline constexpr char kHhs[] = "/agency/hhs";
inline constexpr uint64_t kNoSnapshots = 1'000'000;

// The answers of a publisher.
class Answers : public PublishSink {
 public:
  void OnPublished(Frame frame) override {
    bus::v1::StreamingPublishResponse response;
    WS_CHECK(response.ParseFromString(frame.bytes));
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& result : response.results()) all_.push_back(result);
  }
  std::vector<bus::v1::PublishResult> all() {
    std::lock_guard<std::mutex> lock(mutex_);
    return all_;
  }

 private:
  std::mutex mutex_;
  std::vector<bus::v1::PublishResult> all_;
};

// A receiver that answers nothing by itself.
class Receiver : public PullSession {
 public:
  explicit Receiver(const std::string& identity)
      : PullSession(identity, "test", 3'600'000'000, {.messages = 1000, .bytes = 64 << 20}) {}

  void OnFrame(Frame frame) override {
    bus::v1::StreamingPullResponse response;
    WS_CHECK(response.ParseFromString(frame.bytes));
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& delivery : *response.mutable_deliveries()) waiting_.push_back(std::move(delivery));
    for (auto& result : *response.mutable_results()) results_.push_back(std::move(result));
  }
  std::vector<bus::v1::Delivery> Take() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(waiting_, {});
  }
  // What it was told of its receipts.
  std::vector<bus::v1::AckResult> TakeResults() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(results_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<bus::v1::Delivery> waiting_;
  std::vector<bus::v1::AckResult> results_;
};

inline std::unique_ptr<journal::SegmentJournal> OpenJournal(const std::string& directory) {
  auto journal =
      journal::SegmentJournal::Open({.directory = directory, .segment_bytes = 256 << 10});
  if (!journal.ok()) Fatal(journal.status().ToString());
  return *std::move(journal);
}

inline std::unique_ptr<Projection> OpenProjection(const std::string& directory) {
  auto projection = Projection::Open(directory);
  if (!projection.ok()) Fatal(projection.status().ToString());
  return *std::move(projection);
}

inline State ReplayAll(journal::Journal& journal, Projection& projection) {
  absl::StatusOr<State> state = Replay(journal, projection);
  if (!state.ok()) Fatal(state.status().ToString());
  return *std::move(state);
}

// The broker without its edge: sequencer on a journal, dispatcher on a projection.
class Core {
 public:
  Core(const std::string& directory, Clock& clock, const journal::v1::Genesis& genesis,
       const evidence::Signer& signer, uint64_t snapshot_records)
      : refusals_(clock),
        journal_(OpenJournal(directory + "/journal")),
        projection_(OpenProjection(directory + "/projection")),
        reader_(*journal_) {
    if (journal_->head().next_sequence == journal::kFirstSequence) {
      WS_CHECK(WriteGenesis(*journal_, clock, genesis).ok());
    }
    State state = ReplayAll(*journal_, *projection_);
    projected_ = projection_->applied_sequence();
    dispatcher_ =
        std::make_unique<Dispatcher>(*projection_, reader_, refusals_, state.bus_id(), projected_);
    Sequencer::Options options;
    options.journal = journal_.get();
    options.projection = projection_.get();
    options.signer = &signer;
    options.refusals = &refusals_;
    options.clock = &clock;
    options.broker_identity = signer.identity();
    options.log_origin = "example.com/log/1";
    options.projected = &projected_;
    options.committed = [this](std::unique_ptr<Block> block) {
      if (!killed_) dispatcher_->Put(std::move(block));
    };
    options.snapshot_records = snapshot_records;
    auto sequencer = Sequencer::Start(std::move(options), std::move(state));
    if (!sequencer.ok()) Fatal(sequencer.status().ToString());
    sequencer_ = *std::move(sequencer);
  }
  // A clean stop, unless it was killed before.
  ~Core() {
    sequencer_->Stop();
    dispatcher_->Stop();
  }

  void Post(Command command) { WS_CHECK(sequencer_->Post(std::move(command))); }
  // Waits until all that was posted is durable, projected and told.
  void Settle() {
    std::promise<void> told;
    Post(Inspect{.look = [](const State&) {}, .done = [&told] { told.set_value(); }});
    told.get_future().wait();
  }
  // What comes from here on reaches the journal alone, as if the process had
  // died before it projected it.
  void KillBeforeProjection() { killed_ = true; }

  RefusalLog& refusals() { return refusals_; }
  const Projection& projection() const { return *projection_; }

 private:
  RefusalLog refusals_;
  std::unique_ptr<journal::SegmentJournal> journal_;
  std::unique_ptr<Projection> projection_;
  BlockReader reader_;
  std::atomic<uint64_t> projected_ = 0;
  std::atomic<bool> killed_ = false;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Sequencer> sequencer_;
};

// A bus of DOJ, INS and HHS without its edge, on a disk of its own.
//
// Single-threaded: the test.
class BrokerTest : public ::testing::Test {
 protected:
  BrokerTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    genesis_.set_bus_id("0123456789abcdef");
    genesis_.set_format_level(kFormatLevel);
    *genesis_.mutable_directory() = bus_.directory();
    genesis_.mutable_policy()->set_version(1);
    auto* delivery = genesis_.mutable_policy()->mutable_delivery();
    delivery->set_attempts_max(5);
    delivery->set_backoff_min_ms(100);
    delivery->set_backoff_max_ms(60'000);
  }
  ~BrokerTest() override { std::filesystem::remove_all(directory_); }

  // A bus that runs, with a receiver for DOJ and one for INS; HHS never comes.
  void Start(uint64_t snapshot_records) {
    core_ = std::make_unique<Core>(directory_, clock_, genesis_, broker_, snapshot_records);
    to_doj_ = std::make_shared<Receiver>(evidence::TestBus::Identity(kDoj));
    to_ins_ = std::make_shared<Receiver>(evidence::TestBus::Identity(kIns));
    core_->Post(OpenPull{to_doj_});
    core_->Post(OpenPull{to_ins_});
    core_->Settle();
  }

  bus::v1::Header Note(const char* to) {
    return evidence::TestHeader(kDoj, to, ++messages_, "hello");
  }

  void Post(const bus::v1::Header& header) {
    const bool by_ins = header.source() == ins_.identity();
    bus::v1::SignedMessage message = evidence::TestMessage(by_ins ? ins_ : doj_, header, "hello");
    auto admitted = std::make_shared<AdmittedMessage>();
    admitted->header_bytes = message.header();
    admitted->header = header;
    admitted->signature_bytes = message.signature().SerializeAsString();
    admitted->certificate_sha256 = *crypto::DigestFrom(message.signature().certificate_sha256());
    admitted->payload = message.payload();
    admitted->id = *ParseUuid(header.id());
    admitted->envelope_hash = evidence::EnvelopeHash(message.header());
    admitted->crl_number = 1;
    PublishGroup group;
    group.messages.emplace_back(std::move(admitted));
    group.sink = answers_;
    core_->Post(std::move(group));
  }
  void Publish(const bus::v1::Header& header) {
    Post(header);
    core_->Settle();
    const bus::v1::PublishResult result = answers_->all().back();
    EXPECT_EQ(result.message_id(), header.id());
    EXPECT_FALSE(result.has_refusal()) << result.ShortDebugString();
  }

  // One batch of receipts for what the receiver was sent.
  void SendReceipts(const std::shared_ptr<Receiver>& receiver, const evidence::Signer& signer,
                    const std::vector<ReceiptView>& views) {
    ReceiptGroup group{.session = receiver, .batch = {}, .views = views};
    std::vector<std::string> receipts;
    for (const ReceiptView& view : views) {
      bus::v1::DeliveryReceipt receipt;
      receipt.set_message_id(FormatUuid(view.id));
      receipt.set_envelope_hash(std::string(crypto::AsBytes(view.envelope_hash)));
      receipt.set_recipient(signer.identity());
      receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
      receipt.set_attempt(view.attempt);
      receipts.push_back(receipt.SerializeAsString());
    }
    group.batch = *signer.SignReceipts(std::move(receipts), clock_.Now());
    core_->Post(std::move(group));
    core_->Settle();
  }

  // Receipts for all that the receiver has been sent.
  void AckAll(const std::shared_ptr<Receiver>& receiver, const evidence::Signer& signer) {
    std::vector<ReceiptView> views;
    for (const bus::v1::Delivery& delivery : receiver->Take()) views.push_back(ViewOf(delivery));
    ASSERT_FALSE(views.empty());
    SendReceipts(receiver, signer, views);
  }

  static ReceiptView ViewOf(const bus::v1::Delivery& delivery) {
    bus::v1::Header header;
    WS_CHECK(header.ParseFromString(delivery.message().header()));
    return {.id = *ParseUuid(header.id()),
            .envelope_hash = evidence::EnvelopeHash(delivery.message().header()),
            .attempt = delivery.attempt()};
  }

  const std::string directory_ = testing::TempDir() + "/broker";
  evidence::TestBus bus_;
  FakeClock clock_{evidence::TestBus::Now()};
  evidence::Signer doj_ = bus_.Enroll(kDoj);
  evidence::Signer ins_ = bus_.Enroll(kIns);
  evidence::Signer hhs_ = bus_.Enroll(kHhs);
  evidence::Signer broker_ = bus_.Enroll("/broker/1");
  journal::v1::Genesis genesis_;
  std::unique_ptr<Core> core_;
  std::shared_ptr<Receiver> to_doj_;
  std::shared_ptr<Receiver> to_ins_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  uint64_t messages_ = 0;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_BROKER_FIXTURE_H_
