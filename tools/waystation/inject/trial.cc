#include "tools/waystation/inject/trial.h"

#include <algorithm>
#include <random>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/evidence/handoff_index.h"
#include "common/handoffs/log.h"
#include "common/status/status.h"
#include "tools/waystation/text.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using audit::v1::HandoffEntry;

constexpr size_t kProblemsMax = 10;
// Most of the orderings are taken by then.
constexpr uint64_t kTriesPerFault = 10;

std::string Words(const Fault& fault) {
  return absl::StrCat(Absl(NameOf(fault.kind)), " in the word of ",
                      fault.agency.empty() ? "the log" : ShortIdentity(fault.agency), ": ",
                      absl::StrJoin(fault.message_ids, ", "));
}

std::string Words(const handoffs::Difference& found) {
  return absl::StrCat(Absl(handoffs::NameOf(found.kind)), " ",
                      absl::StrJoin(found.message_ids, ", "));
}

// Whether the difference is what the fault must give, of those messages of it that are
// not found yet.
bool IsOf(const Fault& fault, const std::set<std::string>& left,
          const handoffs::Difference& found) {
  const std::set<std::string> named(found.message_ids.begin(), found.message_ids.end());
  return found.kind == fault.wanted() && (fault.kind != FaultKind::kReordered || named == left) &&
         std::includes(left.begin(), left.end(), named.begin(), named.end());
}

absl::Status NoPlace(FaultKind kind) {
  return absl::FailedPreconditionError(Problem("traffic", "no place for a fault",
                                               std::string(NameOf(kind)),
                                               "two messages of one sender in an ordering"));
}

}  // namespace

Trial::Trial(const CleanSet& clean, const Signers& signers,
             std::shared_ptr<const evidence::DirectoryView> directory, crypto::TrustStore trust,
             absl::Time now)
    : clean_(clean), signers_(signers), judge_(std::move(directory), std::move(trust)), now_(now) {}

// What the agency says, signed with its own key and read as from its server.
absl::StatusOr<handoffs::AgencyIndex> Trial::SignedAgain(const std::string& agency,
                                                         const std::vector<HandoffEntry>& entries) {
  handoffs::AgencyIndex index{agency, {}};
  const evidence::Signer& signer = signers_.at(agency);
  for (size_t at = 0; at == 0 || at < entries.size(); at += evidence::kHandoffEntriesMax) {
    const size_t end = std::min(entries.size(), at + evidence::kHandoffEntriesMax);
    audit::v1::HandoffPage page;
    page.set_agency(agency);
    *page.mutable_time() = ToProto(now_);
    WS_ASSIGN_OR_RETURN(auto response, evidence::SignHandoffIndex(
                                           signer, page,
                                           {entries.begin() + static_cast<std::ptrdiff_t>(at),
                                            entries.begin() + static_cast<std::ptrdiff_t>(end)},
                                           now_));
    WS_ASSIGN_OR_RETURN(auto read,
                        evidence::ReadHandoffIndex(judge_.verifier(), response, agency, ""));
    WS_RETURN_IF_ERROR(judge_.Certificate(agency, response.certificate_sha256(), now_));
    index.entries.insert(index.entries.end(), read.entries.begin(), read.entries.end());
  }
  return index;
}

absl::StatusOr<std::vector<handoffs::Difference>> Trial::Compared(
    const Testimony& testimony, const std::set<std::string>& sign_again) {
  std::vector<handoffs::AgencyIndex> indexes;
  for (const auto& [agency, entries] : testimony.indexes) {
    // The others' pages were verified when they came.
    indexes.push_back({agency, {}});
    if (sign_again.contains(agency)) {
      WS_ASSIGN_OR_RETURN(indexes.back(), SignedAgain(agency, entries));
    } else {
      indexes.back().entries = entries;
    }
  }
  handoffs::HandoffLog log([this](const bus::v1::ReceiptBatch& batch, std::string_view signer,
                                  absl::Time at) { return judge_.Receipts(batch, signer, at); });
  for (const std::string& bytes : testimony.records) {
    journal::v1::Record record;
    if (!record.ParseFromString(bytes)) return absl::DataLossError("record: does not parse");
    WS_RETURN_IF_ERROR(log.Take(record));
  }
  handoffs::Asked asked;
  asked.only = &testimony.message_ids;
  return handoffs::Compare(indexes, log, asked);
}

absl::StatusOr<uint64_t> Trial::CheckClean() {
  WS_ASSIGN_OR_RETURN(auto found, Compared(clean_.whole(), {}));
  for (const handoffs::Difference& each : found) {
    Tell("in the clean set: " + Words(each));
  }
  return found.size();
}

void Trial::Tell(std::string problem) {
  if (problems_.size() < kProblemsMax) problems_.push_back(std::move(problem));
}

void Trial::Count(const std::vector<Fault>& faults, const std::vector<handoffs::Difference>& found,
                  v1::FaultCount& count) {
  std::vector<std::set<std::string>> left;
  for (const Fault& fault : faults) {
    left.emplace_back(fault.message_ids.begin(), fault.message_ids.end());
  }
  for (const handoffs::Difference& each : found) {
    size_t at = 0;
    while (at < faults.size() && !IsOf(faults[at], left[at], each)) ++at;
    if (at < faults.size()) {
      for (const std::string& id : each.message_ids) left[at].erase(id);
      continue;
    }
    count.set_false_found(count.false_found() + 1);
    Tell(absl::StrCat(faults.size() == 1 ? Words(faults[0]) : "of many at once",
                      ": false: ", Words(each)));
  }
  for (size_t at = 0; at < faults.size(); ++at) {
    if (left[at].empty()) {
      count.set_found(count.found() + 1);
    } else {
      Tell(Words(faults[at]) + ": not found");
    }
  }
}

absl::Status Trial::Try(const std::vector<Fault>& faults, Testimony testimony,
                        v1::FaultCount& count) {
  std::set<std::string> agencies;
  for (const Fault& fault : faults) {
    Plant(fault, clean_, signers_, testimony);
    agencies.insert(fault.agency);
  }
  WS_ASSIGN_OR_RETURN(auto found, Compared(testimony, agencies));
  Count(faults, found, count);
  return absl::OkStatus();
}

// Every kind in turn, as often as there is room.
absl::StatusOr<std::vector<Fault>> Trial::ChooseApart(uint64_t count, uint64_t seed) const {
  std::mt19937_64 random(seed);
  const FaultChooser chooser(clean_);
  std::set<std::string> taken;
  std::vector<Fault> faults;
  for (uint64_t i = 0; i < count * kTriesPerFault && faults.size() < count; ++i) {
    const auto& [kind, party] = FaultTable()[i % FaultTable().size()];
    std::optional<Fault> fault = chooser.Choose(kind, party, random);
    if (!fault.has_value()) return NoPlace(kind);
    const std::set<std::string> keys = clean_.KeysOf(fault->message_ids);
    if (std::any_of(keys.begin(), keys.end(),
                    [&](const std::string& key) { return taken.contains(key); })) {
      continue;
    }
    taken.insert(keys.begin(), keys.end());
    faults.push_back(*std::move(fault));
  }
  // What is accepted twice goes behind the last record, as long as that is what it was.
  std::stable_partition(faults.begin(), faults.end(), [](const Fault& fault) {
    return fault.kind == FaultKind::kDoubled && fault.party == FaultParty::kLog;
  });
  return faults;
}

absl::Status Trial::RunTogether(uint64_t count, uint64_t seed) {
  WS_ASSIGN_OR_RETURN(const std::vector<Fault> faults, ChooseApart(count, seed));
  together_.set_planted(faults.size());
  return Try(faults, clean_.whole(), together_);
}

absl::Status Trial::Run(uint64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const FaultChooser chooser(clean_);
  for (uint64_t i = 0; i < count; ++i) {
    const auto& [kind, party] = FaultTable()[random() % FaultTable().size()];
    const std::optional<Fault> fault = chooser.Choose(kind, party, random);
    if (!fault.has_value()) return NoPlace(kind);
    auto [row, first] = counts_.try_emplace({kind, party});
    if (first) {
      // The same on everything that was said: what it gives must not differ.
      v1::FaultCount whole;
      WS_RETURN_IF_ERROR(Try({*fault}, clean_.whole(), whole));
      if (whole.found() != 1) row->second.set_false_found(1);
      row->second.set_false_found(row->second.false_found() + whole.false_found());
    }
    row->second.set_planted(row->second.planted() + 1);
    WS_RETURN_IF_ERROR(Try({*fault}, clean_.Around(fault->message_ids), row->second));
  }
  return absl::OkStatus();
}

std::vector<v1::FaultCount> Trial::counts() const {
  std::vector<v1::FaultCount> rows;
  for (const auto& row : FaultTable()) {
    auto found = counts_.find(row);
    if (found == counts_.end()) continue;
    v1::FaultCount& count = rows.emplace_back(found->second);
    count.set_fault(std::string(NameOf(row.first)));
    count.set_party(std::string(NameOf(row.second)));
  }
  return rows;
}

}  // namespace waystation::cli
