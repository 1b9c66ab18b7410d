#include "tools/waystation/inject/fault.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/status/status.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::cli {
namespace {

using audit::v1::HandoffEntry;
using handoffs::DifferenceKind;
using journal::v1::Record;

constexpr int64_t kSecondsBackMax = 3600;

Record Parse(const std::string& bytes) {
  Record record;
  WS_CHECK(record.ParseFromString(bytes));
  return record;
}

std::string& AcceptedBytes(Testimony& testimony, uint64_t sequence) {
  for (std::string& bytes : testimony.records) {
    const Record record = Parse(bytes);
    if (record.sequence() == sequence && record.has_accepted()) return bytes;
  }
  Fatal("fault: the accepted record is not in the part");
}

std::vector<HandoffEntry>::iterator EntryOf(const Fault& fault, const std::string& id,
                                            Testimony& testimony) {
  std::vector<HandoffEntry>& entries = testimony.indexes.at(fault.agency);
  auto found = std::find_if(entries.begin(), entries.end(), [&](const HandoffEntry& entry) {
    return entry.message_id() == id &&
           entry.has_received() == (fault.party == FaultParty::kReceiver);
  });
  WS_CHECK(found != entries.end());
  return found;
}

void FlipBit(std::string& bytes, uint64_t random) {
  char& byte = bytes[random % bytes.size()];
  byte = static_cast<char>(byte ^ (1 << (random / bytes.size() % 8)));
}

int64_t SecondsBack(const Fault& fault) {
  return 1 + static_cast<int64_t>(fault.random % kSecondsBackMax);
}

void SetBack(google::protobuf::Timestamp& time, const Fault& fault) {
  time.set_seconds(time.seconds() - SecondsBack(fault));
}

void PlantInIndex(const Fault& fault, Testimony& testimony) {
  std::vector<HandoffEntry>& entries = testimony.indexes.at(fault.agency);
  auto entry = EntryOf(fault, fault.message_ids.front(), testimony);
  const bool sender = fault.party == FaultParty::kSender;
  switch (fault.kind) {
    case FaultKind::kDropped:
      entries.erase(entry);
      return;
    case FaultKind::kDoubled: {
      HandoffEntry again = *entry;
      entries.push_back(std::move(again));
      return;
    }
    case FaultKind::kAltered:
      return FlipBit(*entry->mutable_envelope_hash(), fault.random);
    case FaultKind::kReordered: {
      auto other = EntryOf(fault, fault.message_ids.back(), testimony);
      if (sender) return entry->mutable_accepted()->Swap(other->mutable_accepted());
      const uint64_t position = entry->position();
      entry->set_position(other->position());
      other->set_position(position);
      return;
    }
    case FaultKind::kBackdated:
      return SetBack(
          sender ? *entry->mutable_accepted()->mutable_accept_time() : *entry->mutable_time(),
          fault);
    case FaultKind::kForgedReceipt: {
      audit::v1::HandoffReceived& received = *entry->mutable_received();
      const bool quarantined = received.outcome() == bus::v1::DELIVERY_OUTCOME_QUARANTINED;
      received.set_outcome(quarantined ? bus::v1::DELIVERY_OUTCOME_APPLIED
                                       : bus::v1::DELIVERY_OUTCOME_QUARANTINED);
      return;
    }
  }
}

void AlterHeader(const Fault& fault, std::string& bytes) {
  Record record = Parse(bytes);
  bus::v1::Header header;
  WS_CHECK(header.ParseFromString(record.accepted().header()));
  SetBack(*header.mutable_time(), fault);
  record.mutable_accepted()->set_header(header.SerializeAsString());
  // A careful forger keeps the record in step with itself.
  record.mutable_accepted()->set_envelope_hash(
      std::string(crypto::AsBytes(evidence::EnvelopeHash(record.accepted().header()))));
  bytes = record.SerializeAsString();
}

void AcceptAgain(const std::string& bytes, Testimony& testimony) {
  const Record last = Parse(testimony.records.back());
  Record again = Parse(bytes);
  again.set_sequence(last.sequence() + 1);
  again.set_time_us(last.time_us());
  testimony.records.push_back(again.SerializeAsString());
}

template <typename Sequences>
void Exchange(Sequences* sequences, uint64_t a, uint64_t b) {
  for (uint64_t& each : *sequences) each = each == a ? b : each == b ? a : each;
}

// The broker tells the two in each other's place, and all that refers to them too.
void ReorderLog(uint64_t a, uint64_t b, Testimony& testimony) {
  std::string& first = AcceptedBytes(testimony, a);
  std::string& second = AcceptedBytes(testimony, b);
  Record one = Parse(first);
  Record two = Parse(second);
  one.mutable_accepted()->Swap(two.mutable_accepted());
  first = one.SerializeAsString();
  second = two.SerializeAsString();
  for (std::string& bytes : testimony.records) {
    Record record = Parse(bytes);
    if (record.has_leased()) Exchange(record.mutable_leased()->mutable_sequences(), a, b);
    if (record.has_delivered()) Exchange(record.mutable_delivered()->mutable_sequences(), a, b);
    if (record.has_given_back()) Exchange(record.mutable_given_back()->mutable_sequences(), a, b);
    bytes = record.SerializeAsString();
  }
}

// The batch anew, signed by somebody who is not its receiver.
void SignAsStranger(const Fault& fault, const Signers& signers, journal::v1::Delivered& delivered) {
  auto signer =
      std::next(signers.begin(), static_cast<std::ptrdiff_t>(fault.random % signers.size()));
  if (signer->first == delivered.queue()) {
    signer = std::next(signer) == signers.end() ? signers.begin() : std::next(signer);
  }
  auto batch = signer->second.SignReceipts(
      {delivered.receipts().begin(), delivered.receipts().end()}, absl::UnixEpoch());
  WS_CHECK(batch.ok());
  delivered.set_statement(batch->statement());
  delivered.set_signature(batch->signature());
  delivered.set_certificate_sha256(batch->certificate_sha256());
}

void ForgeBatch(const Fault& fault, const Signers& signers, std::string& bytes) {
  Record record = Parse(bytes);
  journal::v1::Delivered& delivered = *record.mutable_delivered();
  switch (fault.random % 3) {
    case 0:
      FlipBit(*delivered.mutable_signature(), fault.random / 3);
      break;
    case 1: {
      bus::v1::DeliveryReceipt receipt;
      const int index =
          static_cast<int>(fault.random / 3 % static_cast<uint64_t>(delivered.receipts_size()));
      WS_CHECK(receipt.ParseFromString(delivered.receipts(index)));
      receipt.set_attempt(receipt.attempt() + 1);
      *delivered.mutable_receipts(index) = receipt.SerializeAsString();
      break;
    }
    default:
      SignAsStranger(fault, signers, delivered);
  }
  bytes = record.SerializeAsString();
}

void PlantInBatch(const Fault& fault, const CleanSet& clean, const Signers& signers,
                  Testimony& testimony) {
  const std::string& clean_bytes = clean.whole().records[*fault.batch_record];
  auto found = std::find(testimony.records.begin(), testimony.records.end(), clean_bytes);
  WS_CHECK(found != testimony.records.end());
  if (fault.kind == FaultKind::kDropped) {
    testimony.records.erase(found);
  } else {
    ForgeBatch(fault, signers, *found);
  }
}

void PlantInLog(const Fault& fault, const CleanSet& clean, Testimony& testimony) {
  const uint64_t sequence = clean.Find(fault.message_ids.front()).sequence;
  if (fault.kind == FaultKind::kReordered) {
    return ReorderLog(sequence, clean.Find(fault.message_ids.back()).sequence, testimony);
  }
  std::string& bytes = AcceptedBytes(testimony, sequence);
  if (fault.kind == FaultKind::kDropped) {
    testimony.records.erase(testimony.records.begin() + (&bytes - testimony.records.data()));
  } else if (fault.kind == FaultKind::kDoubled) {
    AcceptAgain(std::string(bytes), testimony);
  } else if (fault.kind == FaultKind::kAltered) {
    AlterHeader(fault, bytes);
  } else {
    Record record = Parse(bytes);
    record.set_time_us(record.time_us() - SecondsBack(fault) * 1'000'000);
    bytes = record.SerializeAsString();
  }
}

template <typename List>
const auto& Pick(const List& list, std::mt19937_64& random) {
  return list[random() % list.size()];
}

}  // namespace

std::string_view NameOf(FaultKind kind) {
  constexpr std::string_view kNames[] = {"dropped",   "doubled",   "altered",
                                         "reordered", "backdated", "forged receipt"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view NameOf(FaultParty party) {
  constexpr std::string_view kNames[] = {"sender", "receiver", "log"};
  return kNames[static_cast<size_t>(party)];
}

const std::vector<std::pair<FaultKind, FaultParty>>& FaultTable() {
  static const auto& table = *new std::vector<std::pair<FaultKind, FaultParty>>{
      {FaultKind::kDropped, FaultParty::kSender},
      {FaultKind::kDropped, FaultParty::kReceiver},
      {FaultKind::kDropped, FaultParty::kLog},
      {FaultKind::kDoubled, FaultParty::kSender},
      {FaultKind::kDoubled, FaultParty::kReceiver},
      {FaultKind::kDoubled, FaultParty::kLog},
      {FaultKind::kAltered, FaultParty::kSender},
      {FaultKind::kAltered, FaultParty::kReceiver},
      {FaultKind::kAltered, FaultParty::kLog},
      {FaultKind::kReordered, FaultParty::kSender},
      {FaultKind::kReordered, FaultParty::kReceiver},
      {FaultKind::kReordered, FaultParty::kLog},
      {FaultKind::kBackdated, FaultParty::kSender},
      {FaultKind::kBackdated, FaultParty::kReceiver},
      {FaultKind::kBackdated, FaultParty::kLog},
      // The sender says nothing of receipts.
      {FaultKind::kForgedReceipt, FaultParty::kReceiver},
      {FaultKind::kForgedReceipt, FaultParty::kLog},
  };
  return table;
}

DifferenceKind Fault::wanted() const {
  switch (kind) {
    case FaultKind::kDropped:
      if (party == FaultParty::kLog) return DifferenceKind::kMissingAtBroker;
      return party == FaultParty::kSender ? DifferenceKind::kMissingAtSender
                                          : DifferenceKind::kMissingAtReceiver;
    case FaultKind::kDoubled:
      return DifferenceKind::kDoubled;
    case FaultKind::kAltered:
      return DifferenceKind::kAltered;
    case FaultKind::kReordered:
      return DifferenceKind::kReordered;
    case FaultKind::kBackdated:
      return DifferenceKind::kBackdated;
    case FaultKind::kForgedReceipt:
      return DifferenceKind::kForgedReceipt;
  }
  return DifferenceKind::kExtra;
}

FaultChooser::FaultChooser(const CleanSet& clean) : clean_(clean) {
  std::map<std::pair<std::string, std::string>, std::vector<Place>> sent;
  std::map<std::pair<std::string, std::string>, std::vector<Place>> received;
  for (const auto& [agency, entries] : clean.whole().indexes) {
    for (const HandoffEntry& entry : entries) {
      // What the bus refused is nowhere else, and nobody can tell what became of it.
      if (!entry.has_received() && !entry.has_accepted()) continue;
      const Place place{agency, entry.message_id()};
      (entry.has_received() ? received_ : sent_).push_back(place);
      const std::string& ordering = clean.Find(entry.message_id()).ordering;
      // To one recipient: two that change places between recipients change the order
      // at each with what lies between.
      if (!ordering.empty()) {
        (entry.has_received() ? received
                              : sent)[{agency, absl::StrCat(entry.peer(), " ", ordering)}]
            .push_back(place);
      }
    }
  }
  for (auto& [key, places] : sent) {
    if (places.size() > 1) sent_orders_.push_back(std::move(places));
  }
  for (auto& [key, places] : received) {
    if (places.size() > 1) received_orders_.push_back(std::move(places));
  }
}

std::optional<Fault> FaultChooser::Choose(FaultKind kind, FaultParty party,
                                          std::mt19937_64& random) const {
  Fault fault{kind, party, "", {}, std::nullopt, random()};
  const bool receiver = party == FaultParty::kReceiver;
  const bool drops_a_batch = kind == FaultKind::kDropped && fault.random % 2 == 0;
  if (party == FaultParty::kLog && (kind == FaultKind::kForgedReceipt || drops_a_batch)) {
    if (clean_.batches().empty()) return std::nullopt;
    const LoggedBatch& batch = Pick(clean_.batches(), random);
    fault.message_ids = batch.message_ids;
    fault.batch_record = batch.record;
    return fault;
  }
  if (kind == FaultKind::kReordered) {
    const auto& orders = receiver ? received_orders_ : sent_orders_;
    if (orders.empty()) return std::nullopt;
    std::vector<Place> places = Pick(orders, random);
    std::shuffle(places.begin(), places.end(), random);
    fault.message_ids = {places[0].message_id, places[1].message_id};
    fault.agency = places[0].agency;
  } else {
    const std::vector<Place>& places = receiver ? received_ : sent_;
    if (places.empty()) return std::nullopt;
    const Place& place = Pick(places, random);
    fault.message_ids = {place.message_id};
    fault.agency = place.agency;
  }
  if (party == FaultParty::kLog) fault.agency.clear();
  return fault;
}

void Plant(const Fault& fault, const CleanSet& clean, const Signers& signers,
           Testimony& testimony) {
  if (fault.batch_record.has_value()) return PlantInBatch(fault, clean, signers, testimony);
  if (fault.party == FaultParty::kLog) return PlantInLog(fault, clean, testimony);
  PlantInIndex(fault, testimony);
}

}  // namespace waystation::cli
