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

std::string Words(const Fault& fault) {
  return absl::StrCat(Absl(NameOf(fault.kind)), " in the word of ",
                      fault.agency.empty() ? "the log" : ShortIdentity(fault.agency), ": ",
                      absl::StrJoin(fault.message_ids, ", "));
}

std::string Words(const handoffs::Difference& found) {
  return absl::StrCat(Absl(handoffs::NameOf(found.kind)), " ",
                      absl::StrJoin(found.message_ids, ", "));
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

absl::StatusOr<std::vector<handoffs::Difference>> Trial::Compared(const Testimony& testimony,
                                                                  const std::string& signs_again) {
  std::vector<handoffs::AgencyIndex> indexes;
  for (const auto& [agency, entries] : testimony.indexes) {
    // The others' pages were verified when they came.
    indexes.push_back({agency, {}});
    if (agency == signs_again) {
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
  WS_ASSIGN_OR_RETURN(auto found, Compared(clean_.whole(), ""));
  for (const handoffs::Difference& each : found) {
    if (problems_.size() < kProblemsMax) problems_.push_back("in the clean set: " + Words(each));
  }
  return found.size();
}

void Trial::Count(const Fault& fault, const std::vector<handoffs::Difference>& found,
                  v1::FaultCount& count) {
  std::set<std::string> wanted(fault.message_ids.begin(), fault.message_ids.end());
  for (const handoffs::Difference& each : found) {
    const std::set<std::string> named(each.message_ids.begin(), each.message_ids.end());
    const bool right = each.kind == fault.wanted() &&
                       (fault.kind != FaultKind::kReordered || named == wanted) &&
                       std::all_of(named.begin(), named.end(),
                                   [&](const std::string& id) { return wanted.contains(id); });
    if (right) {
      for (const std::string& id : named) wanted.erase(id);
      continue;
    }
    count.set_false_found(count.false_found() + 1);
    if (problems_.size() < kProblemsMax) {
      problems_.push_back(absl::StrCat(Words(fault), ": false: ", Words(each)));
    }
  }
  if (wanted.empty()) return count.set_found(count.found() + 1);
  if (problems_.size() < kProblemsMax) problems_.push_back(Words(fault) + ": not found");
}

absl::Status Trial::Try(const Fault& fault, Testimony testimony, v1::FaultCount& count) {
  Plant(fault, clean_, signers_, testimony);
  WS_ASSIGN_OR_RETURN(auto found, Compared(testimony, fault.agency));
  Count(fault, found, count);
  return absl::OkStatus();
}

absl::Status Trial::Run(uint64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const FaultChooser chooser(clean_);
  for (uint64_t i = 0; i < count; ++i) {
    const auto& [kind, party] = FaultTable()[random() % FaultTable().size()];
    const std::optional<Fault> fault = chooser.Choose(kind, party, random);
    if (!fault.has_value()) {
      return absl::FailedPreconditionError(Problem("traffic", "no place for a fault",
                                                   std::string(NameOf(kind)),
                                                   "two messages of one sender in an ordering"));
    }
    auto [row, first] = counts_.try_emplace({kind, party});
    if (first) {
      // The same on everything that was said: what it gives must not differ.
      v1::FaultCount whole;
      WS_RETURN_IF_ERROR(Try(*fault, clean_.whole(), whole));
      if (whole.found() != 1) row->second.set_false_found(1);
      row->second.set_false_found(row->second.false_found() + whole.false_found());
    }
    row->second.set_planted(row->second.planted() + 1);
    WS_RETURN_IF_ERROR(Try(*fault, clean_.Around(fault->message_ids), row->second));
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
