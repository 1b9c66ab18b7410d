#include "common/agency/fake_exchange.h"

#include <chrono>
#include <utility>

#include "common/agency/time_proto.h"
#include "common/evidence/message.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

bus::v1::Header HeaderOf(const bus::v1::SignedMessage& message) {
  bus::v1::Header header;
  WS_CHECK(header.ParseFromString(message.header()));
  return header;
}

bus::v1::SignedReceipt CustodyOf(const bus::v1::Header& header, size_t sequence, absl::Time now) {
  bus::v1::CustodyReceipt receipt;
  receipt.set_message_id(header.id());
  receipt.set_sequence(sequence);
  *receipt.mutable_accept_time() = ToProtoTime(now);
  bus::v1::SignedReceipt custody;
  custody.set_receipt(receipt.SerializeAsString());
  return custody;
}

absl::Status Stale(const bus::v1::Referral& referral) {
  return Refusal(absl::StatusCode::kAborted, "STALE_VERSION",
                 absl::StrCat("referral: stale version, want ", referral.version()));
}

}  // namespace

class FakeExchange::Connection final : public Bus {
 public:
  Connection(FakeExchange& exchange, std::string identity)
      : exchange_(exchange), identity_(std::move(identity)) {}
  ~Connection() override { Stop(); }

  void Start(BusListener* listener) override {
    bus::v1::Directory directory;
    {
      std::lock_guard<std::mutex> lock(exchange_.mutex_);
      exchange_.listeners_[identity_] = listener;
      listener_ = listener;
      directory = exchange_.directory_;
    }
    listener->OnDirectory(directory);
    listener->OnConnected();
  }

  void Stop() override {
    std::lock_guard<std::mutex> lock(exchange_.mutex_);
    auto found = exchange_.listeners_.find(identity_);
    if (listener_ == nullptr || found == exchange_.listeners_.end()) return;
    if (found->second == listener_) exchange_.listeners_.erase(found);
  }

  void Publish(const std::string&, const bus::v1::SignedMessage& message,
               PublishDone done) override {
    done(exchange_.Accept(message));
  }

  absl::StatusOr<bus::v1::Referral> GetReferral(std::string_view referral_id,
                                                absl::Duration) override {
    return exchange_.Find(referral_id);
  }

  absl::StatusOr<CustodyFound> CustodyOnRecord(const std::vector<std::string>& message_ids,
                                               absl::Duration) override {
    std::lock_guard<std::mutex> lock(exchange_.mutex_);
    if (!exchange_.up_) return absl::UnavailableError("the exchange is down");
    CustodyFound found{absl::StrCat("exchange/log/", exchange_.log_), {}};
    for (const std::string& id : message_ids) {
      auto kept = exchange_.journal_.custody.find(id);
      if (kept != exchange_.journal_.custody.end()) found.receipts.insert(*kept);
    }
    return found;
  }

  absl::StatusOr<std::vector<std::string>> ReceiptsOnRecord(std::string_view referral_id,
                                                            absl::Duration) override {
    std::lock_guard<std::mutex> lock(exchange_.mutex_);
    auto found = exchange_.journal_.referrals.find(referral_id);
    if (found == exchange_.journal_.referrals.end()) return absl::NotFoundError("no such referral");
    return found->second.receipts;
  }

  absl::StatusOr<Evidence> GetEvidence(std::string_view referral_id, absl::Duration) override {
    std::lock_guard<std::mutex> lock(exchange_.mutex_);
    if (!exchange_.up_) return absl::UnavailableError("the exchange is down");
    auto found = exchange_.journal_.referrals.find(referral_id);
    if (found == exchange_.journal_.referrals.end()) return absl::NotFoundError("no such referral");
    Evidence evidence;
    evidence.history = found->second.history;
    *evidence.history.mutable_referral() = found->second.referral;
    *evidence.directory.mutable_directory() = exchange_.directory_;
    return evidence;
  }

 private:
  FakeExchange& exchange_;
  const std::string identity_;
  BusListener* listener_ = nullptr;
};

void FakeExchange::SetDirectory(const bus::v1::Directory& directory) {
  std::lock_guard<std::mutex> lock(mutex_);
  directory_ = directory;
}

std::unique_ptr<Bus> FakeExchange::Connect(const std::string& identity) {
  return std::make_unique<Connection>(*this, identity);
}

absl::Status FakeExchange::Move(const bus::v1::Header& header) {
  const bus::v1::ReferralHeader& step = header.referral();
  bool request = step.transition() == types::v1::TRANSITION_REQUEST;
  if (!request && !journal_.referrals.contains(step.referral_id())) {
    return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_REFERRAL", "referral: not found");
  }
  Entry& entry = journal_.referrals[step.referral_id()];
  bus::v1::Referral& referral = entry.referral;
  if (request) {
    referral.set_referral_id(step.referral_id());
    referral.set_requester(header.source());
    referral.set_target(header.recipients(0));
  } else {
    if (step.expected_version() != referral.version()) return Stale(referral);
    if (!MayStep(referral.state(), step.transition(), header.source() == referral.target())) {
      return Refusal(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                     "referral: not a step from here");
    }
  }
  entry.standing = After(entry.standing, step.transition());
  referral.set_state(entry.standing.state);
  referral.set_version(referral.version() + 1);
  referral.set_scope_version(step.scope_version());
  *referral.mutable_state_since() = ToProtoTime(clock_.Now());
  return absl::OkStatus();
}

void FakeExchange::Record(const bus::v1::Header& header, const bus::v1::SignedMessage& message,
                          const bus::v1::SignedReceipt& custody) {
  Entry& entry = journal_.referrals[header.referral().referral_id()];
  bus::v1::HistoryEntry& step = *entry.history.add_entries();
  step.set_sequence(journal_.kept.size());
  step.set_transition(header.referral().transition());
  step.set_version(entry.referral.version());
  step.set_actor(header.source());
  step.mutable_message()->set_header(message.header());
  *step.mutable_message()->mutable_signature() = message.signature();
  *step.mutable_custody_receipt() = custody;
}

absl::StatusOr<bus::v1::SignedReceipt> FakeExchange::Accept(const bus::v1::SignedMessage& message) {
  bus::v1::Header header = HeaderOf(message);
  std::lock_guard<std::mutex> lock(mutex_);
  if (!up_) return absl::UnavailableError("the exchange is down");
  if (auto found = journal_.custody.find(header.id()); found != journal_.custody.end())
    return found->second;
  ++published_;
  changed_.notify_all();
  if (!refuse_next_.ok()) return std::exchange(refuse_next_, absl::OkStatus());
  if (header.has_referral()) WS_RETURN_IF_ERROR(Move(header));
  bus::v1::SignedMessage delivered = message;
  delivered.clear_parent();
  delivered.clear_replaces();
  for (const std::string& recipient : header.recipients()) {
    journal_.queues[recipient].push_back({delivered, 0, clock_.Now()});
  }
  journal_.kept.push_back(header);
  const bus::v1::SignedReceipt custody = journal_.custody[header.id()] =
      CustodyOf(header, journal_.kept.size(), clock_.Now());
  if (header.has_referral()) Record(header, message, custody);
  return custody;
}

size_t FakeExchange::Deliver(const std::string& identity, bool lose_receipts) {
  std::vector<VerifiedDelivery> frame;
  BusListener* listener = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = listeners_.find(identity);
    if (found == listeners_.end()) return 0;
    listener = found->second;
    for (Waiting& waiting : journal_.queues[identity]) {
      frame.push_back({waiting.message, HeaderOf(waiting.message),
                       evidence::EnvelopeHash(waiting.message.header()), ++waiting.attempt,
                       waiting.accept_time});
    }
  }
  if (frame.empty()) return 0;
  size_t count = frame.size();
  FrameReply reply = listener->OnFrame(std::move(frame));
  if (!lose_receipts) TakeReceipts(identity, reply);
  return count;
}

std::vector<std::string> FakeExchange::RecordReceipt(const std::string& identity,
                                                     const std::string& bytes) {
  receipts_[identity].push_back(bytes);
  bus::v1::ReceiptBatch batch;
  WS_CHECK(batch.ParseFromString(bytes));
  std::vector<std::string> ids;
  for (const std::string& each : batch.receipts()) {
    bus::v1::DeliveryReceipt receipt;
    WS_CHECK(receipt.ParseFromString(each));
    ids.push_back(receipt.message_id());
    std::deque<Waiting>& queue = journal_.queues[identity];
    for (auto it = queue.begin(); it != queue.end(); ++it) {
      bus::v1::Header header = HeaderOf(it->message);
      if (header.id() != receipt.message_id()) continue;
      if (!header.has_referral()) {
        queue.erase(it);
        break;
      }
      Entry& entry = journal_.referrals[header.referral().referral_id()];
      entry.receipts.push_back(header.id());
      bool received = header.referral().transition() == types::v1::TRANSITION_REQUEST &&
                      entry.referral.state() == types::v1::REFERRAL_STATE_REQUESTED;
      if (received) {
        entry.standing = After(entry.standing, types::v1::TRANSITION_RECEIVED);
        entry.referral.set_state(entry.standing.state);
        entry.referral.set_version(entry.referral.version() + 1);
      }
      queue.erase(it);
      break;
    }
  }
  return ids;
}

void FakeExchange::TakeReceipts(const std::string& identity, const FrameReply& reply) {
  std::vector<std::string> ids;
  BusListener* listener = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const std::string& bytes : reply.receipts) {
      for (std::string& id : RecordReceipt(identity, bytes)) ids.push_back(std::move(id));
    }
    for (const GiveBack& each : reply.given_back) {
      given_back_.push_back(absl::StrCat(each.message_id, " ", each.reason));
    }
    auto found = listeners_.find(identity);
    if (found == listeners_.end() || lose_ack_results_) return;
    listener = found->second;
  }
  for (const std::string& id : ids) listener->OnAckResult(id, absl::OkStatus());
}

bool FakeExchange::WaitForPublished(size_t count) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return published_ >= count; });
}

void FakeExchange::SetUp(bool up) {
  std::lock_guard<std::mutex> lock(mutex_);
  up_ = up;
}

void FakeExchange::LoseAckResults(bool lose) {
  std::lock_guard<std::mutex> lock(mutex_);
  lose_ack_results_ = lose;
}

void FakeExchange::RefuseNext(const absl::Status& refusal) {
  std::lock_guard<std::mutex> lock(mutex_);
  refuse_next_ = refusal;
}

void FakeExchange::Backup() {
  std::lock_guard<std::mutex> lock(mutex_);
  backup_ = journal_;
}

void FakeExchange::Restore() {
  std::lock_guard<std::mutex> lock(mutex_);
  journal_ = backup_;
  ++log_;
}

void FakeExchange::Tell(const std::string& identity) {
  BusListener* listener = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = listeners_.find(identity);
    if (found != listeners_.end()) listener = found->second;
  }
  if (listener != nullptr) listener->OnStillConnected();
}

bus::v1::SignedMessage* FakeExchange::FirstWaiting(const std::string& identity) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::deque<Waiting>& queue = journal_.queues[identity];
  return queue.empty() ? nullptr : &queue.front().message;
}

std::vector<std::string> FakeExchange::ReceiptsFrom(const std::string& identity) {
  std::lock_guard<std::mutex> lock(mutex_);
  return receipts_[identity];
}

std::vector<bus::v1::Header> FakeExchange::Kept() {
  std::lock_guard<std::mutex> lock(mutex_);
  return journal_.kept;
}

std::vector<std::string> FakeExchange::GivenBack() {
  std::lock_guard<std::mutex> lock(mutex_);
  return given_back_;
}

absl::StatusOr<bus::v1::Referral> FakeExchange::Find(std::string_view referral_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!up_) return absl::UnavailableError("the exchange is down");
  auto found = journal_.referrals.find(referral_id);
  if (found == journal_.referrals.end()) return absl::NotFoundError("no such referral");
  return found->second.referral;
}

}  // namespace waystation::agency
