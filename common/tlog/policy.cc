#include "common/tlog/policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"

namespace waystation::tlog {
namespace {

constexpr size_t kPolicyBytesMax = size_t{64} * 1024;
constexpr size_t kEachMax = 32;
constexpr std::string_view kNone = "none";

using Words = std::vector<std::string>;

}  // namespace

// Reads one line after another; the policy is whole at the end of the text.
class Policy::Parser {
 public:
  absl::Status Line(std::string_view line) {
    ++number_;
    const Words words = absl::StrSplit(Absl(line), absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.empty() || words[0][0] == '#') return absl::OkStatus();
    if (words[0] == "log") return Log(words);
    if (words[0] == "witness") return Cosigner(words);
    if (words[0] == "group") return AddGroup(words);
    if (words[0] == "quorum") return Quorum(words);
    return Bad("unknown word", words[0], "log, witness, group or quorum");
  }

  absl::StatusOr<Policy> Finish() {
    if (!policy_.quorum_.has_value()) {
      return absl::InvalidArgumentError(Problem("log policy", "no quorum line"));
    }
    return std::move(policy_);
  }

 private:
  absl::Status Bad(std::string_view problem, std::string_view got, std::string_view want = {}) {
    return absl::InvalidArgumentError(Problem(absl::StrCat("log policy line ", number_), problem,
                                              got.empty() ? got : Quoted(got), want));
  }

  absl::StatusOr<VerifierKey> Key(const std::string& vkey) {
    absl::StatusOr<VerifierKey> key = VerifierKey::Parse(vkey);
    if (!key.ok()) return Prefixed(absl::StrCat("log policy line ", number_), key.status());
    if (!keys_.insert(key->key()).second) return Bad("a key stands twice", vkey);
    return key;
  }

  absl::Status Log(const Words& words) {
    if (words.size() < 2 || words.size() > 3) return Bad("malformed", "", "log <vkey> [<url>]");
    WS_ASSIGN_OR_RETURN(VerifierKey key, Key(words[1]));
    if (key.type() == KeyType::kCosignature) return Bad("a cosigner's key for a log", words[1]);
    if (!policy_.log_keys_.empty() && policy_.origin() != key.name()) {
      return Bad("a second log", key.name(), "keys of one origin");
    }
    policy_.log_keys_.push_back(std::move(key));
    return policy_.log_keys_.size() > kEachMax ? Bad("too many logs", "") : absl::OkStatus();
  }

  absl::Status Name(const std::string& name) {
    if (name == kNone || !names_.insert(name).second) return Bad("name is taken", name);
    return absl::OkStatus();
  }

  absl::Status Cosigner(const Words& words) {
    if (words.size() < 3 || words.size() > 4) {
      return Bad("malformed", "", "witness <name> <vkey> [<url>]");
    }
    WS_RETURN_IF_ERROR(Name(words[1]));
    WS_ASSIGN_OR_RETURN(VerifierKey key, Key(words[2]));
    if (key.type() != KeyType::kCosignature) return Bad("not a cosigner's key", words[2]);
    policy_.cosigners_.push_back({.name = words[1], .key = std::move(key)});
    return policy_.cosigners_.size() > kEachMax ? Bad("too many witnesses", "") : absl::OkStatus();
  }

  absl::Status AddGroup(const Words& words) {
    if (words.size() < 4) return Bad("malformed", "", "group <name> all|any|<k> <member>...");
    Group group{.name = words[1], .wanted = 0, .members = Words(words.begin() + 3, words.end())};
    uint32_t wanted = 0;
    if (words[2] == "all") {
      wanted = static_cast<uint32_t>(group.members.size());
    } else if (words[2] == "any") {
      wanted = 1;
    } else if (!absl::SimpleAtoi(words[2], &wanted)) {
      return Bad("malformed threshold", words[2], "all, any or a number");
    }
    if (wanted == 0 || wanted > group.members.size()) {
      return Bad("threshold out of range", words[2], "1 to the number of members");
    }
    group.wanted = wanted;
    for (const std::string& member : group.members) {
      if (!names_.contains(member)) return Bad("unknown member", member);
      // Else one cosigner could count in two ways.
      if (!members_.insert(member).second) return Bad("member of two groups", member);
    }
    WS_RETURN_IF_ERROR(Name(group.name));
    policy_.groups_.push_back(std::move(group));
    return policy_.groups_.size() > kEachMax ? Bad("too many groups", "") : absl::OkStatus();
  }

  absl::Status Quorum(const Words& words) {
    if (words.size() != 2) return Bad("malformed", "", "quorum <name>");
    if (policy_.quorum_.has_value()) return Bad("a second quorum line", words[1]);
    if (words[1] != kNone && !names_.contains(words[1])) return Bad("unknown name", words[1]);
    policy_.quorum_ = words[1] == kNone ? "" : words[1];
    return absl::OkStatus();
  }

  int number_ = 0;
  Policy policy_;
  std::set<std::string> keys_;
  std::set<std::string> names_;
  std::set<std::string> members_;
};

absl::StatusOr<Policy> Policy::Parse(std::string_view text) {
  if (text.size() > kPolicyBytesMax) {
    return absl::InvalidArgumentError(Problem("log policy", "too long",
                                              absl::StrCat(text.size(), " bytes"),
                                              absl::StrCat("at most ", kPolicyBytesMax)));
  }
  Parser parser;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    WS_RETURN_IF_ERROR(parser.Line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.Finish();
}

const std::string& Policy::origin() const {
  static const std::string* const kNoOrigin = new std::string;
  return log_keys_.empty() ? *kNoOrigin : log_keys_.front().name();
}

absl::StatusOr<SignedCheckpoint> Policy::Open(std::string_view bytes) const {
  if (log_keys_.empty()) {
    return absl::InvalidArgumentError(Problem("log policy", "names no log"));
  }
  return OpenCheckpoint(bytes, log_keys_);
}

absl::StatusOr<SignedCheckpoint> Policy::OpenCosigned(std::string_view bytes) const {
  WS_ASSIGN_OR_RETURN(SignedCheckpoint opened, Open(bytes));
  const std::vector<Cosigned> cosigned = CosignersOf(opened.note);
  if (IsQuorum(cosigned)) return opened;
  const std::string names = absl::StrJoin(
      cosigned, " ", [](std::string* out, const Cosigned& one) { absl::StrAppend(out, one.name); });
  return Refusal(absl::StatusCode::kFailedPrecondition, "NO_QUORUM",
                 Problem("checkpoint", "too few cosigners", names.empty() ? "none" : names,
                         absl::StrCat("the quorum \"", *quorum_, "\" of the log policy")));
}

std::vector<Cosigned> Policy::CosignersOf(const Note& note) const {
  std::vector<Cosigned> cosigned;
  for (const PolicyCosigner& cosigner : cosigners_) {
    const auto line =
        std::find_if(note.signatures.begin(), note.signatures.end(),
                     [&](const NoteSignature& one) { return cosigner.key.Verify(note.text, one); });
    if (line == note.signatures.end()) continue;
    cosigned.push_back({.name = cosigner.name, .time = VerifierKey::TimeOf(*line)});
  }
  return cosigned;
}

bool Policy::IsQuorum(const std::vector<Cosigned>& cosigned) const {
  if (quorum_->empty()) return true;
  std::set<std::string> names;
  for (const Cosigned& one : cosigned) names.insert(one.name);
  return Holds(*quorum_, names);
}

// Groups name only what stands before them, so this ends.
bool Policy::Holds(const std::string& name, const std::set<std::string>& cosigned) const {
  const auto group = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const Group& one) { return one.name == name; });
  if (group == groups_.end()) return cosigned.contains(name);
  const auto held = std::count_if(group->members.begin(), group->members.end(),
                                  [&](const std::string& one) { return Holds(one, cosigned); });
  return static_cast<size_t>(held) >= group->wanted;
}

}  // namespace waystation::tlog
