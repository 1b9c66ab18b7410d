#include "common/agency/fake_desk.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/status/status.h"

namespace waystation::agency {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fatal(result.status().ToString());
  return *std::move(result);
}

std::string MakeFolder() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/desk.XXXXXX";
  WS_CHECK(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

}  // namespace

class FakeDesk::DeskTx : public Tx {
 public:
  DeskTx(FakeDesk& desk, Transaction& db) : desk_(desk), db_(db) {}

  Transaction& db() override { return db_; }
  absl::Time now() const override { return desk_.clock_.Now(); }
  const evidence::DirectoryView* directory() override { return desk_.directory_.get(); }

  absl::StatusOr<std::string> SendRequest(const Request& request) override {
    desk_.before_last_send_ = desk_.now_;
    const bool full = request.target.find('/') != std::string::npos;
    const std::string target = full ? request.target : IdentityOf(request.target);
    const std::string self = IdentityOf(desk_.self_);
    const std::string id = desk_.NewReferral(self, target, request.content);
    Entry& entry = desk_.now_.referrals.at(id);
    entry.view.procedure = request.procedure;
    entry.view.due_time = request.due_time;
    Keep(id, types::v1::TRANSITION_REQUEST, request.content);
    return id;
  }

  absl::StatusOr<std::string> SendTransition(std::string_view referral_id, Transition transition,
                                             const CaseContent& content,
                                             std::optional<absl::Time>) override {
    WS_ASSIGN_OR_RETURN(ReferralView view, Referral(referral_id));
    if (!MayStep(view.state, transition, view.we_are_target)) return NotAllowed();
    desk_.before_last_send_ = desk_.now_;
    desk_.Move(desk_.now_.referrals.find(referral_id)->second, transition);
    Keep(referral_id, transition, content);
    return std::string("message");
  }

  absl::StatusOr<ReferralView> Referral(std::string_view referral_id) override {
    auto it = desk_.now_.referrals.find(referral_id);
    if (it != desk_.now_.referrals.end()) return it->second.view;
    return Refusal(absl::StatusCode::kNotFound, "REFERRAL_UNKNOWN", "referral: unknown");
  }

  absl::StatusOr<ReferralView> ReferralForStep(std::string_view referral_id,
                                               int64_t expected_version,
                                               Transition transition) override {
    WS_ASSIGN_OR_RETURN(ReferralView view, Referral(referral_id));
    if (expected_version != static_cast<int64_t>(view.version)) {
      return Refusal(absl::StatusCode::kAborted, "VERSION_STALE", "referral: changed");
    }
    if (!MayStep(view.state, transition, view.we_are_target)) return NotAllowed();
    return view;
  }

  absl::Status Describe(std::string_view referral_id, std::string_view procedure,
                        std::string_view our_unit) override {
    ReferralView& view = desk_.now_.referrals.find(referral_id)->second.view;
    view.procedure = std::string(procedure);
    view.our_unit = std::string(our_unit);
    return absl::OkStatus();
  }

  absl::Status MarkRead(std::string_view referral_id) override {
    desk_.now_.referrals.find(referral_id)->second.view.unread = false;
    return absl::OkStatus();
  }

  absl::Status Notify(std::string_view referral_id, std::string_view text) override {
    WS_RETURN_IF_ERROR(Referral(referral_id).status());
    ReferralView& view = desk_.now_.referrals.find(referral_id)->second.view;
    view.notice = std::string(text);
    view.notice_since = now();
    return absl::OkStatus();
  }

  absl::Status NoticeRead(std::string_view referral_id) override {
    WS_RETURN_IF_ERROR(Referral(referral_id).status());
    ReferralView& view = desk_.now_.referrals.find(referral_id)->second.view;
    view.notice.clear();
    view.notice_since.reset();
    view.unread = false;
    return absl::OkStatus();
  }

  absl::Status SendMemo(std::string_view recipient, std::string_view type,
                        std::string body) override {
    desk_.now_.memos.push_back({"", std::string(recipient), std::string(type), std::move(body)});
    return absl::OkStatus();
  }

 private:
  static absl::Status NotAllowed() {
    return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                   "referral: not a step here");
  }

  void Keep(std::string_view referral_id, Transition transition, const CaseContent& content) {
    CaseContent& kept = desk_.now_.sent.emplace_back(content);
    kept.set_sender(IdentityOf(desk_.self_));
    kept.set_referral_id(std::string(referral_id));
    kept.set_transition(transition);
  }

  FakeDesk& desk_;
  Transaction& db_;
};

FakeDesk::FakeDesk(std::string_view self, const std::vector<Schema>& schemas,
                   bus::v1::Directory directory)
    : self_(self),
      clock_(absl::FromCivil(absl::CivilSecond(2002, 1, 9, 15, 0, 0), absl::UTCTimeZone())),
      folder_(MakeFolder()),
      directory_(Must(evidence::DirectoryView::Create(std::move(directory)))) {
  store_ = Must(Store::Open({folder_ + "/store.db", crypto::AeadKey::Generate()}, schemas));
}

FakeDesk::~FakeDesk() {
  store_.reset();
  std::filesystem::remove_all(folder_);
}

std::string FakeDesk::IdentityOf(std::string_view agency) {
  return absl::StrCat("spiffe://waystation.example/agency/", Absl(agency));
}

RandomSource FakeDesk::random() {
  return [this](void* out, size_t size) { std::memset(out, static_cast<int>(++counter_), size); };
}

absl::Status FakeDesk::Write(const std::function<absl::Status(Tx&)>& body) {
  Memory before = now_;
  absl::Status done = store_->Write([&](Transaction& db) {
    DeskTx tx(*this, db);
    return body(tx);
  });
  if (!done.ok()) now_ = std::move(before);
  return done;
}

absl::Status FakeDesk::Read(const std::function<absl::Status(Tx&)>& body) {
  return store_->Read([&](Transaction& db) {
    DeskTx tx(*this, db);
    return body(tx);
  });
}

std::string FakeDesk::NewReferral(std::string_view requester, std::string_view target,
                                  const CaseContent& content) {
  std::string id = content.referral_id();
  // 16 bytes, and no other desk's.
  if (id.empty()) {
    id = absl::StrCat(self_.substr(0, 3), "-rfrl-", absl::Dec(++counter_, absl::kZeroPad7));
  }
  Entry& entry = now_.referrals[id];
  entry.view.referral_id = id;
  entry.view.requester = std::string(requester);
  entry.view.target = std::string(target);
  entry.view.we_are_target = target == IdentityOf(self_);
  entry.view.person = content.person();
  entry.view.our_unit = entry.view.we_are_target ? content.to_unit() : content.from_unit();
  entry.view.other_unit = entry.view.we_are_target ? content.from_unit() : content.to_unit();
  entry.view.due_basis = content.due_basis();
  Move(entry, types::v1::TRANSITION_REQUEST);
  if (entry.view.we_are_target) Move(entry, types::v1::TRANSITION_RECEIVED);
  return id;
}

void FakeDesk::Move(Entry& entry, Transition transition) {
  entry.standing = After(entry.standing, transition);
  entry.view.state = entry.standing.state;
  entry.view.version += 1;
  entry.view.since = clock_.Now();
}

absl::Status FakeDesk::Deliver(std::string_view from, CaseContent content, const Handler& handler) {
  return Write([&](Tx& tx) {
    content.set_sender(IdentityOf(from));
    if (content.referral_id().empty()) content.set_transition(types::v1::TRANSITION_REQUEST);
    if (content.transition() == types::v1::TRANSITION_REQUEST) {
      content.set_referral_id(NewReferral(IdentityOf(from), IdentityOf(self_), content));
    } else {
      Entry& entry = now_.referrals.at(content.referral_id());
      Move(entry, content.transition());
      entry.view.unread = IsFinal(entry.view.state);
    }
    CaseMessage message;
    message.header.set_source(IdentityOf(from));
    message.header.mutable_referral()->set_referral_id(content.referral_id());
    message.header.mutable_referral()->set_transition(content.transition());
    message.content = content;
    message.accept_time = clock_.Now();
    return handler(message, tx);
  });
}

void FakeDesk::Receive(std::string_view referral_id) {
  Move(now_.referrals.find(referral_id)->second, types::v1::TRANSITION_RECEIVED);
}

CaseMessage FakeDesk::RefuseLast() {
  CaseMessage lost;
  lost.content = now_.sent.back();
  lost.header.set_source(lost.content.sender());
  lost.header.mutable_referral()->set_referral_id(lost.content.referral_id());
  now_ = before_last_send_;
  return lost;
}

const ReferralView& FakeDesk::Referral(std::string_view referral_id) const {
  auto it = now_.referrals.find(referral_id);
  WS_CHECK(it != now_.referrals.end());
  return it->second.view;
}

}  // namespace waystation::agency
