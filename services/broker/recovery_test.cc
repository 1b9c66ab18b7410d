#include "services/broker/recovery.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
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
#include "services/broker/sequencer.h"
#include "waystation/bus/v1/publisher.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"

// One journal, everything else a projection: what was projected while the broker
// ran, and what is folded from the journal again, have the same digest.

namespace waystation::broker {
namespace {

namespace fs = std::filesystem;

constexpr char kDoj[] = "/agency/doj";
constexpr char kIns[] = "/agency/ins";
constexpr char kHhs[] = "/agency/hhs";
constexpr uint64_t kNoSnapshots = 1'000'000;

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
  }
  std::vector<bus::v1::Delivery> Take() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<bus::v1::Delivery> waiting_;
};

std::unique_ptr<journal::SegmentJournal> OpenJournal(const std::string& directory) {
  auto journal =
      journal::SegmentJournal::Open({.directory = directory, .segment_bytes = 256 << 10});
  if (!journal.ok()) Fatal(journal.status().ToString());
  return *std::move(journal);
}

std::unique_ptr<Projection> OpenProjection(const std::string& directory) {
  auto projection = Projection::Open(directory);
  if (!projection.ok()) Fatal(projection.status().ToString());
  return *std::move(projection);
}

State ReplayAll(journal::Journal& journal, Projection& projection) {
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

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    bus_.Enroll(kHhs);
    genesis_.set_bus_id("0123456789abcdef");
    genesis_.set_format_level(kFormatLevel);
    *genesis_.mutable_directory() = bus_.directory();
    genesis_.mutable_policy()->set_version(1);
    auto* delivery = genesis_.mutable_policy()->mutable_delivery();
    delivery->set_attempts_max(5);
    delivery->set_backoff_min_ms(100);
    delivery->set_backoff_max_ms(60'000);
  }
  ~RecoveryTest() override { fs::remove_all(directory_); }

  std::string JournalDirectory() const { return directory_ + "/journal"; }
  std::string ProjectionDirectory() const { return directory_ + "/projection"; }

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
  // A step of the referral that DOJ asked of INS.
  bus::v1::Header Step(uint64_t referral, types::v1::Transition transition, bool by_ins,
                       uint64_t version) {
    bus::v1::Header header =
        evidence::TestHeader(by_ins ? kIns : kDoj, by_ins ? kDoj : kIns, ++messages_, "hello");
    header.set_type(std::string(evidence::kTestCaseType));
    std::string id(kReferralIdBytes, 'r');
    id[0] = static_cast<char>(referral);
    header.mutable_referral()->set_referral_id(id);
    header.mutable_referral()->set_transition(transition);
    header.mutable_referral()->set_expected_version(version);
    header.mutable_referral()->set_scope_version(1);
    return header;
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

  // One batch of receipts for all that the receiver has been sent.
  void AckAll(const std::shared_ptr<Receiver>& receiver, const evidence::Signer& signer) {
    ReceiptGroup group{.session = receiver, .batch = {}, .views = {}};
    std::vector<std::string> receipts;
    for (const bus::v1::Delivery& delivery : receiver->Take()) {
      bus::v1::Header header;
      WS_CHECK(header.ParseFromString(delivery.message().header()));
      ReceiptView view{.id = *ParseUuid(header.id()),
                       .envelope_hash = evidence::EnvelopeHash(delivery.message().header()),
                       .attempt = delivery.attempt()};
      bus::v1::DeliveryReceipt receipt;
      receipt.set_message_id(header.id());
      receipt.set_envelope_hash(std::string(crypto::AsBytes(view.envelope_hash)));
      receipt.set_recipient(signer.identity());
      receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
      receipt.set_attempt(view.attempt);
      receipts.push_back(receipt.SerializeAsString());
      group.views.push_back(view);
    }
    ASSERT_FALSE(receipts.empty());
    group.batch = *signer.SignReceipts(std::move(receipts), clock_.Now());
    core_->Post(std::move(group));
    core_->Settle();
  }

  // Something of every kind that a projection notes: ids, a referral's way to its
  // answer and, later, into error, receipts, an expiry, refusals. `number` from 1.
  void Round(uint64_t number) {
    Publish(Note(kIns));
    Publish(Note(kHhs));
    Publish(Step(number, types::v1::TRANSITION_REQUEST, false, 0));
    bus::v1::Header brief = Step(100 + number, types::v1::TRANSITION_REQUEST, false, 0);
    brief.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 1);
    Publish(brief);
    AckAll(to_ins_, ins_);
    Publish(Step(number, types::v1::TRANSITION_TAKE_UP, true, 2));
    Publish(Step(number, types::v1::TRANSITION_ANSWER, true, 3));
    AckAll(to_doj_, doj_);
    core_->refusals().OnRefusal("somebody", "call", "NOBODY", "nobody: not here");
    clock_.Advance(absl::Seconds(2));
    core_->Settle();
    // Long final, so it has left the memory of the core.
    if (number <= 2) return;
    Publish(Step(number - 2, types::v1::TRANSITION_ENTERED_IN_ERROR, false, 4));
    AckAll(to_ins_, ins_);
  }

  struct Folded {
    crypto::Digest digest;
    std::string state;
  };
  // Brings a projection up to the journal's end, as a start does.
  Folded Fold(const std::string& projection_directory) {
    auto journal = OpenJournal(JournalDirectory());
    auto projection = OpenProjection(projection_directory);
    std::string state = ReplayAll(*journal, *projection).ToSnapshot().SerializeAsString();
    EXPECT_EQ(projection->applied_sequence(), journal->head().next_sequence - 1);
    return {.digest = projection->ContentDigest(), .state = std::move(state)};
  }
  // The whole journal into a projection that holds nothing.
  Folded FoldAnew() {
    const std::string fresh = directory_ + "/fresh";
    fs::remove_all(fresh);
    return Fold(fresh);
  }
  crypto::Digest DigestOnDisk() { return OpenProjection(ProjectionDirectory())->ContentDigest(); }

  const std::string directory_ = testing::TempDir() + "/recovery_test";
  evidence::TestBus bus_;
  FakeClock clock_{evidence::TestBus::Now()};
  evidence::Signer doj_ = bus_.Enroll(kDoj);
  evidence::Signer ins_ = bus_.Enroll(kIns);
  evidence::Signer broker_ = bus_.Enroll("/broker/1");
  journal::v1::Genesis genesis_;
  std::unique_ptr<Core> core_;
  std::shared_ptr<Receiver> to_doj_;
  std::shared_ptr<Receiver> to_ins_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  uint64_t messages_ = 0;
};

TEST_F(RecoveryTest, ADeletedProjectionComesBackWithTheSameDigest) {
  Start(kNoSnapshots);
  for (uint64_t number = 1; number <= 5; ++number) Round(number);
  const crypto::Digest earlier = core_->projection().ContentDigest();
  Round(6);
  EXPECT_EQ(core_->projection().RefusalRecords(100).size(), 6u);
  const crypto::Digest running = core_->projection().ContentDigest();
  EXPECT_NE(running, earlier) << "the digest does not see what was projected";
  core_.reset();
  const crypto::Digest kept = DigestOnDisk();
  EXPECT_EQ(FoldAnew().digest, kept);
  fs::remove_all(ProjectionDirectory());
  EXPECT_EQ(Fold(ProjectionDirectory()).digest, kept);
}

// Three kinds of record at such a start: before the snapshot, projected after it,
// and in the journal alone.
TEST_F(RecoveryTest, ASnapshotAndTheTailGiveWhatTheWholeJournalGives) {
  Start(/*snapshot_records=*/60);
  for (uint64_t number = 1; number <= 6; ++number) Round(number);
  std::optional<v1::Snapshot> snapshot;
  do {
    Publish(Note(kHhs));
    snapshot = core_->projection().ReadSnapshot();
    ASSERT_TRUE(snapshot.has_value());
  } while (snapshot->last_sequence() == core_->projection().applied_sequence());
  const uint64_t applied = core_->projection().applied_sequence();
  core_->KillBeforeProjection();
  Post(Note(kHhs));
  Post(Step(6, types::v1::TRANSITION_ENTERED_IN_ERROR, false, 4));
  core_.reset();
  EXPECT_LT(snapshot->last_sequence(), applied);
  EXPECT_LT(applied, OpenJournal(JournalDirectory())->head().next_sequence - 1);
  EXPECT_EQ(OpenProjection(ProjectionDirectory())->applied_sequence(), applied);

  const Folded whole = FoldAnew();
  const Folded tail = Fold(ProjectionDirectory());
  EXPECT_EQ(tail.digest, whole.digest);
  EXPECT_EQ(tail.state, whole.state);

  // And the broker that started so goes on as one that never stopped would.
  Start(/*snapshot_records=*/60);
  Round(7);
  core_.reset();
  EXPECT_EQ(FoldAnew().digest, DigestOnDisk());
}

TEST_F(RecoveryTest, ACleanStopLeavesASnapshotOfTheEnd) {
  Start(kNoSnapshots);
  Round(1);
  core_.reset();
  const uint64_t last = OpenJournal(JournalDirectory())->head().next_sequence - 1;
  std::optional<v1::Snapshot> snapshot = OpenProjection(ProjectionDirectory())->ReadSnapshot();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->last_sequence(), last);
  const Folded whole = FoldAnew();
  EXPECT_EQ(Fold(ProjectionDirectory()).state, whole.state);
  EXPECT_EQ(DigestOnDisk(), whole.digest);
}

TEST_F(RecoveryTest, AProjectionAheadOfItsJournalDoesNotFit) {
  Start(kNoSnapshots);
  core_.reset();
  fs::copy(JournalDirectory(), directory_ + "/former", fs::copy_options::recursive);
  Start(kNoSnapshots);
  Round(1);
  core_.reset();
  auto projection = OpenProjection(ProjectionDirectory());
  EXPECT_TRUE(ProjectionFits(*projection, *OpenJournal(JournalDirectory())));
  EXPECT_FALSE(ProjectionFits(*projection, *OpenJournal(directory_ + "/former")));
}

}  // namespace
}  // namespace waystation::broker
