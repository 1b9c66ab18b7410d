#include "tools/waystation/inject/clean_set.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::cli {

absl::StatusOr<CleanSet> CleanSet::Create(std::vector<std::string> records,
                                          const std::vector<handoffs::AgencyIndex>& indexes) {
  CleanSet set;
  set.whole_.records = std::move(records);
  for (size_t i = 0; i < set.whole_.records.size(); ++i) WS_RETURN_IF_ERROR(set.Read(i));
  for (const handoffs::AgencyIndex& index : indexes) {
    set.whole_.indexes[index.agency] = index.entries;
    for (size_t i = 0; i < index.entries.size(); ++i) {
      auto key = set.key_of_.find(index.entries[i].message_id());
      if (key != set.key_of_.end()) set.entries_of_[key->second][index.agency].push_back(i);
    }
  }
  for (const LoggedMessage& message : set.messages_) set.whole_.message_ids.insert(message.id);
  return set;
}

absl::Status CleanSet::Read(size_t place) {
  journal::v1::Record record;
  bus::v1::Header header;
  if (!record.ParseFromString(whole_.records[place]) ||
      (record.has_accepted() && !header.ParseFromString(record.accepted().header()))) {
    return absl::DataLossError(Problem("record", "cannot be read", absl::StrCat(place + 1)));
  }
  if (record.has_accepted()) {
    // Without a key a message stands alone.
    const std::string key = header.ordering_key().empty() ? header.id() : header.ordering_key();
    const std::string ordering =
        header.ordering_key().empty() ? "" : absl::StrCat(header.source(), " ", key);
    by_id_[header.id()] = messages_.size();
    messages_.push_back({header.id(), header.source(), ordering, record.sequence()});
    id_of_[record.sequence()] = header.id();
    key_of_[header.id()] = key;
    ids_of_[key].push_back(header.id());
    records_of_[key].insert(place);
  }
  for (uint64_t sequence : record.leased().sequences()) Note(place, sequence);
  for (uint64_t sequence : record.given_back().sequences()) Note(place, sequence);
  for (uint64_t sequence : record.redriven().sequences()) Note(place, sequence);
  Note(place, record.expired().sequence());
  LoggedBatch batch{place, {}};
  for (uint64_t sequence : record.delivered().sequences()) {
    Note(place, sequence);
    if (sequence != 0) batch.message_ids.push_back(id_of_[sequence]);
  }
  if (!batch.message_ids.empty()) batches_.push_back(std::move(batch));
  return absl::OkStatus();
}

void CleanSet::Note(size_t place, uint64_t accepted_sequence) {
  auto id = id_of_.find(accepted_sequence);
  if (id != id_of_.end()) records_of_[key_of_[id->second]].insert(place);
}

const LoggedMessage& CleanSet::Find(std::string_view id) const {
  return messages_[by_id_.find(id)->second];
}

std::set<std::string> CleanSet::KeysOf(const std::vector<std::string>& message_ids) const {
  std::set<std::string> keys;
  for (const std::string& id : message_ids) keys.insert(key_of_.find(id)->second);
  return keys;
}

Testimony CleanSet::Around(const std::vector<std::string>& message_ids) const {
  std::set<size_t> places;
  Testimony part;
  for (const std::string& key : KeysOf(message_ids)) {
    const std::set<size_t>& of = records_of_.at(key);
    places.insert(of.begin(), of.end());
    const std::vector<std::string>& ids = ids_of_.at(key);
    part.message_ids.insert(ids.begin(), ids.end());
    auto entries = entries_of_.find(key);
    if (entries == entries_of_.end()) continue;
    for (const auto& [agency, at] : entries->second) {
      for (size_t i : at) part.indexes[agency].push_back(whole_.indexes.at(agency)[i]);
    }
  }
  for (size_t place : places) part.records.push_back(whole_.records[place]);
  // Who says nothing is asked all the same.
  for (const auto& [agency, entries] : whole_.indexes) part.indexes[agency];
  return part;
}

}  // namespace waystation::cli
