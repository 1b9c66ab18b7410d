#include "services/broker/store/projection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"

namespace waystation::broker {
namespace {

// Keys: one letter, then fixed-size big-endian parts, so that order is time.
constexpr char kMessageKey = 'i';   // id -> sequence, envelope hash
constexpr char kReferralKey = 'r';  // referral -> ReferralSnapshot
constexpr char kHistoryKey = 'h';   // referral, record sequence -> ""
constexpr char kReceiptKey = 'd';   // message sequence, record sequence, index -> ""
constexpr char kPartyKey = 'p';     // SHA-256 of identity, request sequence -> referral
constexpr char kRefusalKey = 'f';   // record sequence -> ""
constexpr std::string_view kAppliedKey = "~applied";
constexpr std::string_view kSnapshotKey = "~snapshot";
constexpr size_t kDigestBytesInSnapshot = sizeof(crypto::Digest);

void AppendBigEndian(uint64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::string NumberKey(char kind, uint64_t number) {
  std::string key(1, kind);
  AppendBigEndian(number, &key);
  return key;
}

std::string IdKey(char kind, std::string_view id) {
  std::string key(1, kind);
  key.append(id);
  return key;
}

std::string PartyPrefix(std::string_view identity) {
  return IdKey(kPartyKey, crypto::AsBytes(crypto::Sha256(identity)));
}

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

std::string_view IdBytes(const MessageId& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

void PutMessage(const ProjectedRecord& projected, rocksdb::WriteBatch* batch) {
  char key[17] = {kMessageKey};
  std::optional<MessageId> id = ParseUuid(projected.header->id());
  WS_CHECK(id.has_value());
  std::copy(id->begin(), id->end(), key + 1);
  std::string value;
  value.reserve(40);
  AppendBigEndian(projected.record->sequence(), &value);
  value.append(projected.record->accepted().envelope_hash());
  batch->Put(rocksdb::Slice(key, sizeof(key)), value);
}

void PutReferral(const Referral& referral, rocksdb::WriteBatch* batch) {
  batch->Put(IdKey(kReferralKey, AsBytes(referral.id)), ToSnapshot(referral).SerializeAsString());
  for (const std::string* party : {&referral.requester, &referral.target}) {
    std::string key = PartyPrefix(*party);
    AppendBigEndian(referral.request_sequence, &key);
    batch->Put(key, ToSlice(AsBytes(referral.id)));
  }
}

void PutChanges(const Changes& changes, rocksdb::WriteBatch* batch) {
  for (const Changes::ReferralChange& change : changes.referrals) {
    std::string key = IdKey(kHistoryKey, AsBytes(change.id));
    AppendBigEndian(change.record_sequence, &key);
    batch->Put(key, "");
  }
  for (const Changes::CaseDelivery& delivery : changes.case_deliveries) {
    std::string key = NumberKey(kReceiptKey, delivery.message_sequence);
    AppendBigEndian(delivery.record_sequence, &key);
    AppendBigEndian(delivery.index, &key);
    batch->Put(key, "");
  }
}

rocksdb::Options OpenOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 32 << 20;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.1;
  // One writer, and keys that mostly grow: ids begin with their time.
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  options.max_background_jobs = 2;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Projection>> Projection::Open(const std::string& directory) {
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(OpenOptions(), directory, &db);
  // A projection that does not open holds nothing that the journal lacks.
  if (status.IsCorruption()) {
    rocksdb::DestroyDB(directory, OpenOptions());
    status = rocksdb::DB::Open(OpenOptions(), directory, &db);
  }
  if (!status.ok()) {
    return absl::UnavailableError(
        absl::StrCat("projection ", directory, ": does not open: ", status.ToString()));
  }
  return std::unique_ptr<Projection>(new Projection(std::unique_ptr<rocksdb::DB>(db)));
}

Projection::Projection(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}
Projection::~Projection() = default;

absl::Status Projection::Apply(const std::vector<ProjectedRecord>& records, const Changes& changes,
                               const std::vector<Referral>& referrals,
                               const std::string& snapshot) {
  if (records.empty() && snapshot.empty()) return absl::OkStatus();
  rocksdb::WriteBatch batch(records.size() * 96);
  for (const ProjectedRecord& projected : records) {
    if (projected.record->has_accepted()) PutMessage(projected, &batch);
    if (projected.record->has_refused()) {
      batch.Put(NumberKey(kRefusalKey, projected.record->sequence()), "");
    }
  }
  for (const Referral& referral : referrals) PutReferral(referral, &batch);
  PutChanges(changes, &batch);
  if (!records.empty()) {
    std::string applied;
    AppendBigEndian(records.back().record->sequence(), &applied);
    batch.Put(ToSlice(kAppliedKey), applied);
  }
  if (!snapshot.empty()) {
    crypto::Digest digest = crypto::Sha256(snapshot);
    batch.Put(ToSlice(kSnapshotKey), absl::StrCat(Absl(crypto::AsBytes(digest)), snapshot));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("projection: write failed: ", status.ToString()));
}

absl::Status Projection::Flush(bool wait) {
  rocksdb::FlushOptions options;
  options.wait = wait;
  rocksdb::Status status = db_->Flush(options);
  if (status.ok()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("projection: flush failed: ", status.ToString()));
}

std::string Projection::Get(std::string_view key) const {
  std::string value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), ToSlice(key), &value);
  if (status.IsNotFound()) return "";
  // Answering "unknown" on a read error could accept a duplicate.
  if (!status.ok()) Fatal("projection: read failed: " + status.ToString());
  return value;
}

uint64_t Projection::applied_sequence() const {
  std::string value = Get(kAppliedKey);
  return value.empty() ? 0 : BigEndian(value);
}

std::optional<v1::Snapshot> Projection::ReadSnapshot() const {
  std::string value = Get(kSnapshotKey);
  if (value.size() < kDigestBytesInSnapshot) return std::nullopt;
  std::string_view body = std::string_view(value).substr(kDigestBytesInSnapshot);
  crypto::Digest digest = crypto::Sha256(body);
  v1::Snapshot snapshot;
  bool whole = value.compare(0, kDigestBytesInSnapshot, crypto::AsBytes(digest)) == 0 &&
               snapshot.ParseFromArray(body.data(), static_cast<int>(body.size()));
  if (!whole) return std::nullopt;
  return snapshot;
}

std::optional<KnownMessage> Projection::FindMessage(const MessageId& id) const {
  std::string value = Get(IdKey(kMessageKey, IdBytes(id)));
  if (value.size() != 40) return std::nullopt;
  return KnownMessage{.sequence = BigEndian(value),
                      .envelope_hash = *crypto::DigestFrom(std::string_view(value).substr(8))};
}

std::optional<Referral> Projection::FindReferral(const ReferralId& id) const {
  std::string value = Get(IdKey(kReferralKey, AsBytes(id)));
  v1::ReferralSnapshot snapshot;
  if (value.empty() || !snapshot.ParseFromString(value)) return std::nullopt;
  absl::StatusOr<Referral> referral = FromSnapshot(snapshot);
  if (!referral.ok()) return std::nullopt;
  return *std::move(referral);
}

namespace {

// Calls `visit` with what follows `prefix` in each key, in order, until it
// returns false.
template <typename Visit>
void Scan(rocksdb::DB& db, const std::string& prefix, const std::string& start, Visit visit) {
  std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(rocksdb::ReadOptions()));
  for (it->Seek(start); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    if (!visit(View(it->key()).substr(prefix.size()), View(it->value()))) break;
  }
  if (!it->status().ok()) Fatal("projection: scan failed: " + it->status().ToString());
}

}  // namespace

std::vector<uint64_t> Projection::ReferralRecords(const ReferralId& id) const {
  std::vector<uint64_t> sequences;
  std::string prefix = IdKey(kHistoryKey, AsBytes(id));
  Scan(*db_, prefix, prefix, [&](std::string_view rest, std::string_view) {
    sequences.push_back(BigEndian(rest));
    return true;
  });
  return sequences;
}

std::vector<ReceiptPlace> Projection::ReceiptsOf(uint64_t message_sequence) const {
  std::vector<ReceiptPlace> places;
  std::string prefix = NumberKey(kReceiptKey, message_sequence);
  Scan(*db_, prefix, prefix, [&](std::string_view rest, std::string_view) {
    places.push_back({BigEndian(rest), static_cast<uint32_t>(BigEndian(rest.substr(8)))});
    return true;
  });
  return places;
}

std::vector<Referral> Projection::ReferralsOf(std::string_view identity, uint64_t after_sequence,
                                              size_t count_max) const {
  std::vector<Referral> referrals;
  std::string prefix = PartyPrefix(identity);
  std::string start = prefix;
  AppendBigEndian(after_sequence + 1, &start);
  Scan(*db_, prefix, start, [&](std::string_view, std::string_view id) {
    std::optional<Referral> referral = FindReferral(*ReferralIdFrom(id));
    if (referral.has_value()) referrals.push_back(*std::move(referral));
    return referrals.size() < count_max;
  });
  return referrals;
}

std::vector<uint64_t> Projection::RefusalRecords(size_t count_max) const {
  std::vector<uint64_t> sequences;
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  it->SeekForPrev(NumberKey(kRefusalKey, ~uint64_t{0}));
  for (; it->Valid() && it->key()[0] == kRefusalKey && sequences.size() < count_max; it->Prev()) {
    sequences.push_back(BigEndian(View(it->key()).substr(1)));
  }
  return sequences;
}

crypto::Digest Projection::ContentDigest() const {
  crypto::Sha256Hasher hasher;
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (View(it->key()) == kSnapshotKey) continue;
    for (std::string_view part : {View(it->key()), View(it->value())}) {
      hasher.Update(NumberKey('#', part.size()));
      hasher.Update(part);
    }
  }
  return hasher.Finish();
}

}  // namespace waystation::broker
